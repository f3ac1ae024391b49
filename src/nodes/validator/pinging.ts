// Asking a miner whether it is there.

import { equalBytes, fromHex, type PublicKey } from '../../domain/model/bytes.js';
import { limits } from '../../domain/model/constants.js';
import { FileTaoError } from '../../domain/model/errors.js';
import { headerTo, pingAnswerKind, pingKind } from '../../domain/protocol/messages.js';
import { ask, openAnswer, sealQuestion } from './asking.js';
import type { ValidatorContext } from './context.js';
import { locateMiner } from './miners.js';
import { Exchange } from './transcripts.js';

export interface PingResult {
  readonly hotkey: PublicKey;
  readonly elapsedMs: number;
  readonly leaving: boolean;
  readonly freeBytes: number;
}

/** Asks once; throws `unreachable`, `timeout` and whatever else is no good answer. Counts nothing. */
export async function pingMiner(
  context: ValidatorContext,
  hotkey: PublicKey,
  timeoutMs: number,
  signal?: AbortSignal,
): Promise<PingResult> {
  const minerKey = fromHex(hotkey);
  const miner = await locateMiner(context, hotkey);
  const question = sealQuestion(context, {
    kind: pingKind,
    body: { ...headerTo(context.party, minerKey), nonce: context.random.bytes(32) },
  });
  const exchange = new Exchange(context.clock);
  const reply = await ask(
    context,
    miner,
    question,
    { route: 'ping', kind: pingKind, timeoutMs, ...(signal === undefined ? {} : { signal }) },
    exchange,
  );
  const bytes = await reply.readAll(limits.messageBytesMax);
  const { value } = openAnswer(context, minerKey, pingAnswerKind, bytes, exchange);
  if (!equalBytes(value.requestDigest, question.digest))
    throw new FileTaoError('bad-message', 'the answer is for another ping');
  const { state, freeBytes } = value;
  return { hotkey, elapsedMs: exchange.elapsedMs, leaving: state === 'leaving', freeBytes };
}
