// The miner's HTTP routes: one per message. Failures are signed refusals wherever the request was genuine, so
// that they can be held against the miner; otherwise a plain problem document.

import { Readable } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { roundIdOf } from '../../adapters/observe/observer.js';
import {
  bodyParts,
  contentLength,
  isUnbounded,
  type NodeServer,
  retryAfterOf,
  sendProblem,
} from '../../adapters/rpc/server.js';
import {
  encodeGroupAnswer,
  type GroupedAnswer,
  groupBytesMax,
  groupedStoreBytesMax,
  groupStoresMax,
} from '../../adapters/rpc/store-group.js';
import {
  contentTypes,
  frameHead,
  PartReader,
  rateHeader,
  resyncedHeader,
  splitFrame,
} from '../../adapters/rpc/wire.js';
import { type MessageKind, openSealed, sealMessage } from '../../domain/identity/sealed.js';
import { utf8 } from '../../domain/model/bytes.js';
import { limits } from '../../domain/model/constants.js';
import { FileTaoError, toFileTaoError } from '../../domain/model/errors.js';
import type { NodeRoute } from '../../domain/ports/network.js';
import {
  challengeKind,
  type Header,
  headerTo,
  type RefusalCode,
  refusalCodes,
  refusalKind,
  routeKinds,
  storeKind,
} from '../../domain/protocol/messages.js';
import { answerChallenge, answerOpening } from './challenging.js';
import type { MinerContext } from './context.js';
import { listInventory } from './inventory.js';
import { answerPing } from './presence.js';
import { retrieveRange, retrieveReplica } from './retrieving.js';
import { storeReplica } from './storing.js';
import { deleteReplica, renewReplica } from './upkeep.js';

interface Asked {
  readonly head: Uint8Array;
  readonly body: PartReader;
  readonly bodyLength: number;
  readonly reply: FastifyReply;
}

type Handler = (context: MinerContext, asked: Asked) => Promise<unknown>;

const sendFramed = (reply: FastifyReply, head: Uint8Array, bulk: Uint8Array): unknown => {
  const framed = frameHead(head);
  return reply
    .type(contentTypes.message)
    .header('content-length', framed.length + bulk.length)
    .send(Readable.from([framed, bulk], { objectMode: false }));
};

const sendMessage = (reply: FastifyReply, sealed: Uint8Array): unknown =>
  reply.type(contentTypes.message).send(Buffer.from(sealed));

const handlers: Readonly<Record<NodeRoute, Handler>> = {
  async store(context, { head, body, bodyLength, reply }) {
    const answer = await storeReplica(context, head, bodyLength, body.stream(bodyLength));
    return sendMessage(reply, answer);
  },
  async challenge(context, { head, reply }) {
    const { sealed, resynced } = await answerChallenge(context, head);
    if (resynced) reply.header(resyncedHeader, '1');
    return sendMessage(reply, sealed);
  },
  async open(context, { head, reply }) {
    const { head: answer, bulk } = await answerOpening(context, head);
    return sendFramed(reply, answer, bulk);
  },
  async retrieve(context, { head, reply }) {
    const { parts, end } = await retrieveReplica(context, head);
    if (reply.raw.destroyed) end();
    else reply.raw.once('close', end);
    return reply.type(contentTypes.message).send(Readable.from(parts, { objectMode: false }));
  },
  async range(context, { head, reply }) {
    const { head: answer, bulk } = await retrieveRange(context, head);
    return sendFramed(reply, answer, bulk);
  },
  async inventory(context, { head, reply }) {
    const { head: answer, bulk } = await listInventory(context, head);
    return sendFramed(reply, answer, bulk);
  },
  async ping(context, { head, reply }) {
    return sendMessage(reply, await answerPing(context, head));
  },
  async renew(context, { head, reply }) {
    return sendMessage(reply, await renewReplica(context, head));
  },
  async delete(context, { head, reply }) {
    return sendMessage(reply, await deleteReplica(context, head));
  },
};

/** Bytes that may follow the head on this route. */
const bodyLengthMax = (route: NodeRoute): number => (route === 'store' ? limits.replicaSizeMax : 0);

export function addMinerRoutes(server: NodeServer, context: MinerContext): void {
  addGroupRoute(server, context);
  for (const [route, handler] of Object.entries(handlers) as [NodeRoute, Handler][]) {
    server.app.post(`/v1/${route}`, async (request, reply) => {
      let head: Uint8Array | null = null;
      const body = new PartReader(bodyParts(request));
      try {
        const total = requireLength(request);
        head = await body.takeHead();
        const bodyLength = total - 4 - head.length;
        if (bodyLength > bodyLengthMax(route)) {
          throw new FileTaoError(
            'too-large',
            `${bodyLength} bytes behind the head, at most ${bodyLengthMax(route)}`,
          );
        }
        reply.header(rateHeader, String(context.rate));
        return await handler(context, { head, body, bodyLength, reply });
      } catch (error) {
        const failure = toFileTaoError(error);
        logRefusal(context, route, failure);
        const refusal = head === null ? null : await sealRefusal(context, routeKinds[route], head, failure);
        if (isUnbounded(request)) reply.header('connection', 'close');
        else void body.drain();
        if (refusal === null) return sendProblem(reply, failure);
        const retryAfter = retryAfterOf(failure);
        if (retryAfter > 0) reply.header('retry-after', String(retryAfter));
        return reply.code(failure.status).type(contentTypes.refusal).send(Buffer.from(refusal));
      }
    });
  }
}

/** Small stores that came together: each is carried out, and answered or refused, by itself. */
function addGroupRoute(server: NodeServer, context: MinerContext): void {
  server.app.post('/v1/stores', async (request, reply) => {
    const body = new PartReader(bodyParts(request));
    try {
      let left = requireLength(request);
      if (left > groupBytesMax) throw new FileTaoError('too-large', `a group of ${left} bytes`);
      const answers: Promise<GroupedAnswer>[] = [];
      let isForeign = false;
      while (left > 0) {
        const part = await body.takeFrame(groupedStoreBytesMax);
        left -= 4 + part.length;
        if (answers.length === groupStoresMax)
          throw new FileTaoError('too-large', `more than ${groupStoresMax} stores in a group`);
        answers.push(
          storeGrouped(context, part).then((answer) => {
            if (answer.kind === 'problem') isForeign = true;
            return answer;
          }),
        );
        // Nobody signs for what comes with a store that is not signed.
        if (isForeign) break;
      }
      const told = (await Promise.all(answers)).map(encodeGroupAnswer);
      if (left > 0) return sendProblem(reply, new FileTaoError('bad-signature', 'a store is not signed'));
      return reply
        .header(rateHeader, String(context.rate))
        .type(contentTypes.group)
        .send(Buffer.concat(told));
    } catch (error) {
      const failure = toFileTaoError(error);
      logRefusal(context, 'store', failure);
      if (isUnbounded(request)) reply.header('connection', 'close');
      return sendProblem(reply, failure);
    } finally {
      if (!isUnbounded(request)) void body.drain();
    }
  });
}

/** Never rejects. */
async function storeGrouped(context: MinerContext, framed: Uint8Array): Promise<GroupedAnswer> {
  let head: Uint8Array | null = null;
  try {
    const parts = splitFrame(framed);
    head = parts.head;
    const whole = (async function* () {
      yield parts.bulk;
    })();
    return { kind: 'answer', bytes: await storeReplica(context, head, parts.bulk.length, whole) };
  } catch (error) {
    const failure = toFileTaoError(error);
    logRefusal(context, 'store', failure);
    const refusal = head === null ? null : await sealRefusal(context, storeKind, head, failure);
    if (refusal !== null) return { kind: 'refusal', bytes: refusal };
    return { kind: 'problem', bytes: utf8(failure.message.slice(0, 300)) };
  }
}

const requestBytesMax = limits.replicaSizeMax + limits.messageBytesMax + 4;

function requireLength(request: FastifyRequest): number {
  const length = contentLength(request);
  if (length === null) throw new FileTaoError('length-required', 'Content-Length is missing');
  if (length < 4) throw new FileTaoError('bad-message', 'the body is too short');
  if (length > requestBytesMax) {
    throw new FileTaoError('too-large', `a body of ${length} bytes`);
  }
  return length;
}

function logRefusal({ log, observer }: MinerContext, route: NodeRoute, failure: FileTaoError): void {
  observer?.refusal?.(failure.code);
  const fields = { route, code: failure.code, detail: failure.message };
  if (failure.code === 'internal') log.error({ ...fields, err: failure.cause ?? failure }, 'request failed');
  else log.debug(fields, 'refused');
}

/** null when the request was not genuinely signed: only genuine requests are worth a signature. */
async function sealRefusal(
  context: MinerContext,
  kind: MessageKind<Header>,
  head: Uint8Array,
  failure: FileTaoError,
): Promise<Uint8Array | null> {
  try {
    const { value, digest } = openSealed(kind, head, context.verify);
    const code = refusalCodes.includes(failure.code as RefusalCode)
      ? (failure.code as RefusalCode)
      : 'internal';
    if (kind === challengeKind) context.log.debug({ round: roundIdOf(digest), code }, 'refused a challenge');
    const { number } = await context.view.head();
    return sealMessage(
      refusalKind,
      {
        ...headerTo(context.party, value.sender),
        requestDigest: digest,
        code,
        detail: code === 'internal' ? 'internal error' : failure.message.slice(0, 300),
        retryAfter: retryAfterOf(failure),
        blockNumber: number,
      },
      context.signer,
    );
  } catch {
    return null;
  }
}
