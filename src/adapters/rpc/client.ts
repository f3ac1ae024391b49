// The Network port over HTTP/1.1 with kept-alive connections (node:http). node:http and not fetch, because
// the deadline runs from the moment the request is flushed, which fetch does not tell.

import { Agent, type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http';
import { concatBytes } from '../../domain/model/bytes.js';
import { FileTaoError, toFileTaoError } from '../../domain/model/errors.js';
import type { Clock } from '../../domain/ports/clock.js';
import type { Network, NodeReply, NodeRequest } from '../../domain/ports/network.js';
import { StoreGroups } from './store-group.js';
import { contentTypes, frameHead, PartReader, rateHeader, resyncedHeader } from './wire.js';

const groupRoute = 'stores';
/** Milliseconds a connection may take to be established, unless told otherwise. */
const connectMsDefault = 5_000;
/** Milliseconds a request may take to be sent, however steadily the node takes its bytes. */
const sendMsMax = 15 * 60_000;
const problemBytesMax = 16 * 1024;

export interface HttpNetworkOptions {
  readonly clock: Clock;
  /** Connections kept and opened per node. */
  readonly socketsPerNode?: number;
  /** Milliseconds a connection may take to be established. */
  readonly connectMs?: number;
}

interface Agents {
  /** For requests that are in memory: these can be sent again when a kept connection turns out to be closed. */
  readonly kept: Agent;
  /** For requests with a body that is read once: each gets a connection of its own. */
  readonly fresh: Agent;
  readonly connectMs: number;
}

export function createHttpNetwork({
  clock,
  socketsPerNode = 16,
  connectMs = connectMsDefault,
}: HttpNetworkOptions): Network {
  const agents: Agents = {
    kept: new Agent({
      keepAlive: true,
      maxSockets: socketsPerNode,
      maxFreeSockets: socketsPerNode,
      timeout: 120_000,
    }),
    fresh: new Agent({ keepAlive: false, maxSockets: socketsPerNode }),
    connectMs,
  };
  const groups = new StoreGroups({
    alone: (request) => ask(agents, clock, request),
    group: (request, body) => ask(agents, clock, { ...request, route: groupRoute, framed: body }),
  });
  return {
    request: (request) => groups.request(request) ?? ask(agents, clock, request),
    async close() {
      agents.kept.destroy();
      agents.fresh.destroy();
    },
  };
}

/** A request whose bytes are all there, or one as nodes ask it. */
type Asked =
  | (Omit<NodeRequest, 'route' | 'head' | 'body'> & {
      readonly route: typeof groupRoute;
      readonly framed: Uint8Array;
      readonly body?: undefined;
    })
  | (NodeRequest & { readonly framed?: undefined });

async function ask(agents: Agents, clock: Clock, request: Asked, again = false): Promise<NodeReply> {
  request.signal?.throwIfAborted();
  const { address, route, body } = request;
  const framed = request.framed ?? frameHead(request.head);
  const isHeld = body === undefined || body.whole !== undefined;
  const head = body?.whole === undefined ? framed : concatBytes(framed, body.whole);
  const outgoing = httpRequest({
    agent: isHeld ? agents.kept : agents.fresh,
    host: address.host,
    port: address.port,
    method: 'POST',
    path: `/v1/${route}`,
    headers: {
      'content-type': request.framed === undefined ? contentTypes.message : contentTypes.group,
      'content-length': framed.length + (body?.length ?? 0),
    },
  });
  // Until the request is flushed only the connection and the sender's own pace count, as long as the node takes
  // bytes at all; then the deadline runs.
  let flushedAt = Number.NaN;
  let endedAt = Number.NaN;
  let failure: FileTaoError | null = null;
  const stop = (error: FileTaoError): void => {
    failure ??= error;
    outgoing.destroy(error);
  };
  const stopAfter = (waitedMs: number, code: 'timeout' | 'unreachable', message: string) =>
    patience(waitedMs, () => stop(new FileTaoError(code, message, { details: { waitedMs } })));
  const where = `${address.host}:${address.port}`;
  let connecting: Patience | undefined;
  let answering: Patience | undefined;
  const sending = stopAfter(sendMsMax, 'timeout', `${where} takes the request too slowly`);
  const abort = () => stop(new FileTaoError('cancelled', 'cancelled'));
  request.signal?.addEventListener('abort', abort, { once: true });
  const release = () => {
    connecting?.end();
    sending.end();
    answering?.end();
    request.signal?.removeEventListener('abort', abort);
  };
  const waitForAnswer = () => {
    answering?.end();
    const { timeoutMs } = request;
    answering = stopAfter(timeoutMs, 'timeout', `no answer within ${Math.round(timeoutMs)} ms`);
  };
  const flushed = () => {
    if (!Number.isNaN(flushedAt)) return;
    flushedAt = clock.monotonic();
    sending.end();
    waitForAnswer();
  };
  outgoing.once('socket', (socket) => {
    // Waiting for a free socket is the sender's own pace.
    if (!socket.connecting) return waitForAnswer();
    connecting = stopAfter(agents.connectMs, 'unreachable', `no connection to ${where}`);
    socket.once('connect', () => {
      connecting?.end();
      waitForAnswer();
    });
  });
  outgoing.once('finish', flushed);
  // Errors after the answer are seen where the answer is read.
  outgoing.on('error', () => {});
  const responded = new Promise<IncomingMessage>((resolve, reject) => {
    let isAnswered = false;
    outgoing.once('response', (incoming: IncomingMessage) => {
      isAnswered = true;
      resolve(incoming);
    });
    outgoing.once('error', reject);
    // An error is made only where one happened: a stack trace for each request costs more than its hashing.
    outgoing.once('close', () => {
      if (!isAnswered) reject(new FileTaoError('unreachable', 'the connection was closed'));
    });
  });
  responded.catch(() => {});
  try {
    // An early answer (a refusal) ends the sending: a node that says no does not read the rest.
    await Promise.race([send(outgoing, head, isHeld ? undefined : body?.parts, waitForAnswer), responded]);
    const incoming = await responded;
    flushed();
    const finish = () => {
      endedAt = clock.monotonic();
      release();
      if (!outgoing.writableFinished) outgoing.destroy();
    };
    const parts = readParts(incoming, finish, () => failure);
    return await readReply({
      status: incoming.statusCode ?? 0,
      contentType: incoming.headers['content-type'] ?? '',
      resynced: incoming.headers[resyncedHeader] === '1',
      rate: readRate(incoming.headers[rateHeader]),
      parts,
      elapsedMs: () => (Number.isNaN(endedAt) ? clock.monotonic() : endedAt) - flushedAt,
    });
  } catch (error) {
    release();
    outgoing.destroy();
    const reported = failure ?? networkFailure(error);
    // A kept connection that the node closed meanwhile says nothing about the node.
    if (reported.code === 'unreachable' && outgoing.reusedSocket && !again) {
      return ask(agents, clock, request, true);
    }
    throw reported;
  }
}

interface Patience {
  end(): void;
}

/**
 * Calls `stop` when the time is over and nothing that has come by then ended it. After a long turn of the event loop the
 * timers are due before what lies in the sockets is looked at: a node that sends to 200 users took connections of a
 * millisecond for ones that take two seconds, and held it against the miner.
 */
function patience(milliseconds: number, stop: () => void): Patience {
  let last: NodeJS.Immediate | undefined;
  const timer = setTimeout(() => {
    last = setImmediate(stop);
  }, milliseconds);
  return {
    end() {
      clearTimeout(timer);
      clearImmediate(last);
    },
  };
}

/** An answer as HTTP brings it. */
export interface RawReply {
  readonly status: number;
  readonly contentType: string;
  readonly resynced: boolean;
  readonly rate?: number | undefined;
  readonly parts: AsyncIterable<Uint8Array>;
  elapsedMs(): number;
}

/** The node's reply; throws for an answer that no node signed. */
export async function readReply(raw: RawReply): Promise<NodeReply> {
  const { contentType, resynced, rate, parts, elapsedMs } = raw;
  const known: readonly string[] = [contentTypes.message, contentTypes.refusal, contentTypes.group];
  if (!known.includes(contentType)) await failUnsigned(raw);
  return {
    kind: contentType === contentTypes.refusal ? 'refusal' : 'answer',
    resynced,
    ...(rate === undefined ? {} : { rate }),
    parts,
    readAll: (max) => new PartReader(parts).takeRest(max),
    elapsedMs,
  };
}

async function send(
  outgoing: ClientRequest,
  head: Uint8Array,
  parts: AsyncIterable<Uint8Array> | undefined,
  onProgress: () => void,
): Promise<void> {
  if (parts === undefined) {
    outgoing.end(head);
    return;
  }
  outgoing.write(head);
  const iterator = parts[Symbol.asyncIterator]();
  try {
    for (let part = await nextPart(iterator); part !== null; part = await nextPart(iterator)) {
      if (outgoing.destroyed) return;
      if (!outgoing.write(part)) {
        await drained(outgoing);
        onProgress();
      }
    }
  } finally {
    await iterator.return?.();
  }
  outgoing.end();
}

const readRate = (text: string | string[] | undefined): number | undefined =>
  typeof text === 'string' && /^\d{1,15}$/.test(text) ? Number(text) : undefined;

/** Resolves when more can be written, or nothing any more; leaves no listener behind. */
const drained = (outgoing: ClientRequest): Promise<void> =>
  new Promise((resolve) => {
    const settle = (): void => {
      outgoing.off('drain', settle).off('close', settle);
      resolve();
    };
    outgoing.on('drain', settle).on('close', settle);
  });

/** What goes wrong here goes wrong on this side: it must not look like the node's doing. */
async function nextPart(iterator: AsyncIterator<Uint8Array>): Promise<Uint8Array | null> {
  try {
    const { done, value } = await iterator.next();
    return done ? null : value;
  } catch (error) {
    throw new FileTaoError('io', `the body could not be read: ${(error as Error).message}`, { cause: error });
  }
}

async function* readParts(
  incoming: IncomingMessage,
  finish: () => void,
  failure: () => FileTaoError | null,
): AsyncGenerator<Uint8Array> {
  try {
    for await (const part of incoming) yield part as Uint8Array;
    // A body without a length ends with the connection, also when it was this side that ended it.
    const stopped = failure();
    if (stopped !== null) throw stopped;
    if (!incoming.complete) throw new FileTaoError('unreachable', 'the answer was cut short');
  } catch (error) {
    throw failure() ?? networkFailure(error);
  } finally {
    finish();
  }
}

/**
 * An answer that no node signed: nothing in it is believed, not even its error code, which could otherwise pass
 * a failure of the node off as one of the asker. A gateway's or a closing server's 503 is no answer at all.
 */
async function failUnsigned({ status, contentType, parts }: RawReply): Promise<never> {
  const bytes = await new PartReader(parts).takeRest(problemBytesMax);
  if (status === 502 || status === 503 || status === 504) {
    throw new FileTaoError('unreachable', `the node is not there at the moment (HTTP status ${status})`);
  }
  throw new FileTaoError(
    'bad-message',
    `the node answered without signing: ${problemText(status, contentType, bytes)}`,
  );
}

function problemText(status: number, contentType: string, bytes: Uint8Array): string {
  const fallback = `HTTP status ${status}`;
  if (!contentType.startsWith(contentTypes.problem)) return fallback;
  try {
    const { code, detail } = JSON.parse(new TextDecoder().decode(bytes));
    return `${code}, ${detail}`.slice(0, 300);
  } catch {
    return fallback;
  }
}

/**
 * What the connection reports, as one of ours. Node:http has codes of its own for an answer that is no HTTP
 * (HPE_…); without a name they would pass for this process's own fault, and a round would be void for them.
 */
function networkFailure(error: unknown): FileTaoError {
  const failure = toFileTaoError(error);
  if (failure.code !== 'internal') return failure;
  const { code } = (error ?? {}) as { code?: unknown };
  return typeof code === 'string' && code.startsWith('HPE_')
    ? new FileTaoError('bad-message', `the node does not speak HTTP (${code})`, { cause: error })
    : new FileTaoError('unreachable', failure.message, { cause: error });
}
