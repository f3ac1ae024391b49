// What a miner's routes do with a message, without HTTP: failures of genuine requests are signed refusals.
import { frameHead } from '../../../src/adapters/rpc/wire.js';
import { openSealed, sealMessage } from '../../../src/domain/identity/sealed.js';
import { concatBytes } from '../../../src/domain/model/bytes.js';
import { toFileTaoError } from '../../../src/domain/model/errors.js';
import type { NodeReply, NodeRoute } from '../../../src/domain/ports/network.js';
import { headerTo, refusalCodes, refusalKind, routeKinds } from '../../../src/domain/protocol/messages.js';
import { answerChallenge, answerOpening } from '../../../src/nodes/miner/challenging.js';
import type { MinerContext } from '../../../src/nodes/miner/context.js';
import { answerPing } from '../../../src/nodes/miner/presence.js';
import { retrieveReplica } from '../../../src/nodes/miner/retrieving.js';
import { storeReplica } from '../../../src/nodes/miner/storing.js';
import { deleteReplica, renewReplica } from '../../../src/nodes/miner/upkeep.js';

export interface MinerMessage {
  readonly route: NodeRoute;
  readonly head: Uint8Array;
  readonly body: Uint8Array;
}

/** Carries a message out; the answer's bytes. Throws what the routes would refuse with. */
export async function carryOut(
  context: MinerContext,
  { route, head, body }: MinerMessage,
): Promise<Uint8Array> {
  switch (route) {
    case 'store':
      return storeReplica(context, head, body.length, once(body));
    case 'challenge':
      return (await answerChallenge(context, head)).sealed;
    case 'open': {
      const { head: answer, bulk } = await answerOpening(context, head);
      return concatBytes(frameHead(answer), bulk);
    }
    case 'retrieve': {
      const answer = await retrieveReplica(context, head);
      try {
        return concatBytes(...(await gathered(answer.parts)));
      } finally {
        answer.end();
      }
    }
    case 'renew':
      return renewReplica(context, head);
    case 'delete':
      return deleteReplica(context, head);
    case 'ping':
      return answerPing(context, head);
    case 'range':
    case 'inventory':
      throw new Error(`${route} is not simulated`);
  }
}

/** Carries a message out, and answers as the routes do. */
export async function answerTo(
  context: MinerContext,
  message: MinerMessage,
  act: typeof carryOut = carryOut,
): Promise<NodeReply> {
  let kind: NodeReply['kind'] = 'answer';
  let bytes: Uint8Array;
  try {
    bytes = await act(context, message);
  } catch (error) {
    const failure = toFileTaoError(error);
    const { value, digest } = openSealed(routeKinds[message.route], message.head, context.verify);
    const code = refusalCodes.find((known) => known === failure.code) ?? 'internal';
    kind = 'refusal';
    bytes = sealMessage(
      refusalKind,
      {
        ...headerTo(context.party, value.sender),
        requestDigest: digest,
        code,
        detail: failure.message.slice(0, 300),
        retryAfter: code === 'busy' || code === 'budget' ? 1 : 0,
        blockNumber: (await context.chain.finalisedHead()).number,
      },
      context.signer,
    );
  }
  const answered = bytes.slice();
  return {
    kind,
    resynced: false,
    readAll: async () => answered,
    parts: once(answered),
    elapsedMs: () => 0,
  };
}

export async function gathered(parts: AsyncIterable<Uint8Array>): Promise<Uint8Array[]> {
  const all: Uint8Array[] = [];
  for await (const part of parts) all.push(part.slice());
  return all;
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes.slice();
}
