// What an exchange that ended in an error counts as (PROTOCOL 5.6): a failure of the miner, or void because the
// fault is this validator's own. One rule for stores, rounds, retrievals and upkeep. A miner must not be able to
// choose `void`: whatever it sends, signed or not, is its failure, save for a `block` that the chain bears out, and for
// a replica that this validator itself had deleted meanwhile.

import { deletedRefusals } from '../../domain/audit/verdict.js';
import { limits } from '../../domain/model/constants.js';
import { type ErrorCode, toFileTaoError } from '../../domain/model/errors.js';
import type { ReplicaId } from '../../domain/model/records.js';
import type { BlockRef } from '../../domain/ports/chain.js';
import { Refused } from './asking.js';
import type { ValidatorContext } from './context.js';
import { type Exchange, failed, type Verdict, voided } from './transcripts.js';

/** Why a replica is out of use that the miner was, or is about to be, told to delete. */
export const deletedReason = 'deleted';

/** What a miner says of a replica that is not there, or goes while it is being read. */
const withoutReplica: ReadonlySet<ErrorCode> = new Set<ErrorCode>(deletedRefusals);

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

/** Whether this validator's own chain bears a refusal of the block out, or is itself too far behind to tell. */
async function isAgreed({ view, log }: ValidatorContext, named: BlockRef): Promise<boolean> {
  if ((await view.judge(named)) !== 'ok') return true;
  if (!(await view.isBehind())) return false;
  log.error({ block: named.number }, 'the chain as this validator sees it is far behind: rounds are void');
  return true;
}

/**
 * Whether a node of this validator has told the miner to delete the replica, or is about to: the index is marked before
 * the miner is told (renewing.ts), so what the miner refuses because of it is seen here.
 */
async function isDeleted({ index }: ValidatorContext, id: ReplicaId): Promise<boolean> {
  const replica = await index.getReplica(id);
  return replica === null || (replica.state === 'failed' && replica.lastFailure?.reason === deletedReason);
}

/**
 * @param named the block that the question named, if it did
 * @param replica the replica that the question was about, where the miner must have it
 */
export async function verdictOf(
  context: ValidatorContext,
  exchange: Exchange,
  error: unknown,
  {
    named,
    replica,
    signal,
  }: {
    readonly named?: BlockRef | undefined;
    readonly replica?: ReplicaId | undefined;
    readonly signal?: AbortSignal | undefined;
  },
): Promise<Verdict> {
  const failure = toFileTaoError(error);
  if (error instanceof Refused) {
    if (failure.code === 'block' && named !== undefined && (await isAgreed(context, named)))
      return voided('block');
    if (replica !== undefined && withoutReplica.has(failure.code) && (await isDeleted(context, replica)))
      return voided('deleted');
    return failed(failure.code, true);
  }
  if (signal?.aborted || failure.code === 'cancelled') return voided('cancelled');
  if (ownFaults.has(failure.code)) {
    context.log.error({ err: error }, 'an exchange is void through a fault of this validator');
    return voided('validator-fault');
  }
  const lag = context.lag.since(exchange.start);
  if (failure.code === 'timeout' && lag > limits.eventLoopLagMsMax) return voided('own-lag');
  return failed(failure.code, false);
}
