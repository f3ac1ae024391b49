// Whose fault an exchange that went wrong was. A round is void only through the validator's own fault (PROTOCOL
// 5.6): nothing a miner says or sends, signed or not, makes one void, save a `block` that proves to be agreed.

import { limits } from '../../domain/model/constants.js';
import { toFileTaoError } from '../../domain/model/errors.js';
import { Refused } from './asking.js';
import type { ValidatorContext } from './context.js';
import { type Exchange, failed, type Verdict, voided } from './transcripts.js';

export function verdictOn(
  context: ValidatorContext,
  exchange: Exchange,
  error: unknown,
  signal: AbortSignal | undefined,
): Verdict {
  const failure = toFileTaoError(error);
  // What the miner signed is its own word, whichever error it names.
  if (error instanceof Refused) return failed(failure.code, true);
  if (signal?.aborted || failure.code === 'cancelled') return voided('cancelled');
  // The network's errors are never of these kinds (adapters/rpc/client.ts): they arose here.
  if (failure.code === 'internal' || failure.code === 'io' || failure.code === 'full') {
    context.log.error({ err: error }, 'an exchange is void through a fault of this validator');
    return voided('validator-fault');
  }
  const lag = context.lag.since(exchange.start);
  if (failure.code === 'timeout' && lag > limits.eventLoopLagMsMax) return voided('own-lag');
  return failed(failure.code, false);
}
