// Asking a miner: seals the request, sends it, opens the answer. A refusal the miner signed becomes a
// Refused error that keeps the signed bytes; everything else that goes wrong is the network's or unsigned.

import { type MessageKind, type Opened, openSealed, sealOpened } from '../../domain/identity/sealed.js';
import { equalBytes } from '../../domain/model/bytes.js';
import { limits } from '../../domain/model/constants.js';
import { FileTaoError } from '../../domain/model/errors.js';
import type { Neuron } from '../../domain/ports/chain.js';
import type { NodeReply, NodeRequest, NodeRoute } from '../../domain/ports/network.js';
import { checkAnswer, type Header, type RefusalBody, refusalKind } from '../../domain/protocol/messages.js';
import type { ValidatorContext } from './context.js';
import type { Exchange } from './transcripts.js';

/** A neuron that can be asked. */
export type ReachableNeuron = Neuron & { readonly address: NonNullable<Neuron['address']> };

export class Refused extends FileTaoError {
  readonly refusal: Opened<RefusalBody>;

  constructor(refusal: Opened<RefusalBody>) {
    const { code, detail, retryAfter } = refusal.value;
    super(code, detail === '' ? code : detail, { details: { retryAfter } });
    this.refusal = refusal;
  }
}

export interface Question<Body extends Header> {
  readonly route: NodeRoute;
  readonly kind: MessageKind<Body>;
  readonly body: Body;
  readonly timeoutMs: number;
  readonly bytes?: NonNullable<NodeRequest['body']>;
  readonly signal?: AbortSignal;
}

export function sealQuestion<Body extends Header>(
  context: ValidatorContext,
  { kind, body }: Pick<Question<Body>, 'kind' | 'body'>,
): Opened<Body> {
  return sealOpened(kind, body, context.signer);
}

/** Sends a sealed question; throws Refused for a signed refusal of this very question. */
export async function ask<Body extends Header>(
  context: ValidatorContext,
  miner: ReachableNeuron,
  question: Opened<Body>,
  options: Pick<Question<Body>, 'route' | 'kind' | 'timeoutMs' | 'bytes' | 'signal'>,
  exchange: Exchange,
): Promise<NodeReply> {
  exchange.sent(options.kind.type, question.bytes);
  const reply = await context.network.request({
    address: miner.address,
    route: options.route,
    head: question.bytes,
    timeoutMs: options.timeoutMs,
    ...(options.bytes === undefined ? {} : { body: options.bytes }),
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  });
  context.rates.note(miner.hotkey, reply.rate);
  if (reply.kind === 'answer') return reply;
  const bytes = await reply.readAll(limits.messageBytesMax);
  const refusal = openSealed(refusalKind, bytes, context.verify);
  checkAnswer(context.party, question.value.receiver, refusal);
  exchange.received(refusalKind.type, bytes);
  if (!equalBytes(refusal.value.requestDigest, question.digest)) {
    throw new FileTaoError('bad-message', 'the refusal is for another request');
  }
  throw new Refused(refusal);
}

/** Opens an answer's head and checks who signed it for whom. */
export function openAnswer<Body extends Header>(
  context: ValidatorContext,
  miner: Uint8Array,
  kind: MessageKind<Body>,
  bytes: Uint8Array,
  exchange: Exchange,
): Opened<Body> {
  const answer = openSealed(kind, bytes, context.verify);
  checkAnswer(context.party, miner, answer);
  exchange.received(kind.type, bytes);
  return answer;
}
