// What an exchange that ended in an error counts as (PROTOCOL 5.6): a failure of the miner, or void because the
// fault is this validator's own. One rule for stores, rounds, retrievals and upkeep. A miner must not be able to
// choose `void`: whatever it sends, signed or not, is its failure, save for a `block` that the chain bears out.

import { limits } from '../../domain/model/constants.js';
import { type ErrorCode, toFileTaoError } from '../../domain/model/errors.js';
import type { BlockRef } from '../../domain/ports/chain.js';
import { Refused } from './asking.js';
import type { ValidatorContext } from './context.js';
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

/** @param named the block that the question named, if it did */
export async function verdictOf(
  context: ValidatorContext,
  exchange: Exchange,
  error: unknown,
  { named, signal }: { readonly named?: BlockRef | undefined; readonly signal?: AbortSignal | undefined },
): Promise<Verdict> {
  const failure = toFileTaoError(error);
  if (error instanceof Refused) {
    // Agreed when the chain, asked again, does not hold the named block (any more).
    const agreed =
      failure.code === 'block' && named !== undefined && (await context.view.judge(named)) !== 'ok';
    return agreed ? voided('block') : failed(failure.code, true);
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
