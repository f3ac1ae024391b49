// Saying that the miner is there, whether it means to stay, and how much it can still take.

import { sealMessage } from '../../domain/identity/sealed.js';
import { headerTo, pingAnswerKind, pingKind } from '../../domain/protocol/messages.js';
import { admit, requirePermit } from './admission.js';
import type { MinerContext } from './context.js';

export async function answerPing(context: MinerContext, sealed: Uint8Array): Promise<Uint8Array> {
  const { request, validatorKey } = await admit(context, pingKind, sealed);
  await requirePermit(context, validatorKey);
  const { isLeaving } = context.leaving;
  return sealMessage(
    pingAnswerKind,
    {
      ...headerTo(context.party, request.value.sender),
      requestDigest: request.digest,
      state: isLeaving ? 'leaving' : 'serving',
      freeBytes: isLeaving ? 0 : await context.replicas.freeBytes(),
    },
    context.signer,
  );
}
