// What an exchange that ended in an error counts as (PROTOCOL 5.6): a failure of the miner, or void because the
// fault is this validator's own. One rule for stores, rounds, retrievals and upkeep. A miner must not be able to
// choose `void`: whatever it sends, signed or not, is its failure, save for a `block` that the chain bears out, and for
// not knowing a replica that this validator has given up.

import { limits } from '../../domain/model/constants.js';
import { type ErrorCode, toFileTaoError } from '../../domain/model/errors.js';
import type { ReplicaId } from '../../domain/model/records.js';
import type { BlockRef } from '../../domain/ports/chain.js';
import { Refused } from './asking.js';
import type { ValidatorContext } from './context.js';
import { givenUp, isGivenUp } from './replica-state.js';
import { type Exchange, failed, type Verdict, voided } from './transcripts.js';

/** Codes that only this side's own disk, index, chain or program brings about. */
const ownFaults: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'internal',
  'io',
  'full',
  'not-found',
  'exists',
  'conflict',
  'schema',
  'config',
  'busy',
]);

/** Void because this process was too busy to take the answer in time. */
export const ownLag = 'own-lag';

/**
 * Whether the chain, asked again, does not hold the named block (any more), or this validator's view of it is itself so
 * far behind that the refusal is right.
 */
async function isAgreed({ view, log }: ValidatorContext, named: BlockRef): Promise<boolean> {
  if ((await view.judge(named)) !== 'ok') return true;
  if (!(await view.isBehind())) return false;
  log.error({ block: named.number }, 'the chain as this validator sees it is far behind: rounds are void');
  return true;
}

export interface AskedFor {
  /** The block that the question named, if it did. */
  readonly named?: BlockRef | undefined;
  /** The replica it was about, if the miner is to have it. */
  readonly replica?: ReplicaId | undefined;
  readonly signal?: AbortSignal | undefined;
}

export async function verdictOf(
  context: ValidatorContext,
  exchange: Exchange,
  error: unknown,
  { named, replica, signal }: AskedFor,
): Promise<Verdict> {
  const failure = toFileTaoError(error);
  if (error instanceof Refused) {
    // An API node beside this validator, or its repair, had the replica deleted while the question was on its way.
    const isOurDoing =
      failure.code === 'unknown-replica' && replica !== undefined && (await isGivenUp(context, replica));
    if (isOurDoing) return voided(givenUp);
    const agreed = failure.code === 'block' && named !== undefined && (await isAgreed(context, named));
    return agreed ? voided('block') : failed(failure.code, true);
  }
  if (signal?.aborted || failure.code === 'cancelled') return voided('cancelled');
  if (ownFaults.has(failure.code)) {
    context.log.error({ err: error }, 'an exchange is void through a fault of this validator');
    return voided('validator-fault');
  }
  const lag = context.lag.since(exchange.start);
  const isOutOfTime = failure.code === 'timeout' || failure.details.waitedMs !== undefined;
  if (isOutOfTime && lag > limits.eventLoopLagMsMax) return voided(ownLag);
  return failed(failure.code, false);
}
