// What an exchange with a miner comes to when it breaks off: one rule for rounds, stores, retrievals and upkeep.

import { limits } from '../../domain/model/constants.js';
import { toFileTaoError } from '../../domain/model/errors.js';
import { Refused } from './asking.js';
import type { ValidatorContext } from './context.js';
import { type Exchange, failed, type Verdict, voided } from './transcripts.js';

/** Faults of this validator's own machine, when no miner signed them. */
const ownFaults: ReadonlySet<string> = new Set(['internal', 'io', 'full', 'not-found']);

/**
 * A signed refusal is a fail whatever it says: a miner that answers "internal error" has not proved anything.
 * Void is only the validator's own fault.
 */
export function verdictOf(
  context: ValidatorContext,
  exchange: Exchange,
  error: unknown,
  signal?: AbortSignal,
): Verdict {
  const failure = toFileTaoError(error);
  if (error instanceof Refused) return failed(failure.code, true);
  if (signal?.aborted || failure.code === 'cancelled') return voided('cancelled');
  if (ownFaults.has(failure.code)) {
    context.log.error({ err: error }, 'an exchange is void through a fault of this validator');
    return voided('validator-fault');
  }
  const lag = context.lag.since(exchange.start);
  if (failure.code === 'timeout' && lag > limits.eventLoopLagMsMax) return voided('own-lag');
  return failed(failure.code, false);
}
