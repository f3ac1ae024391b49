// The Network port over HTTP/1.1 with kept-alive connections (node:http). node:http and not fetch, because
// the deadline runs from the moment the request is flushed, which fetch does not tell.

import { once } from 'node:events';
import { Agent, type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http';
import { FileTaoError, toFileTaoError } from '../../domain/model/errors.js';
import type { Clock } from '../../domain/ports/clock.js';
import type { Network, NodeReply, NodeRequest } from '../../domain/ports/network.js';
import { contentTypes, frameHead, PartReader, resyncedHeader } from './wire.js';

/** Milliseconds a connection may take to be established. */
const connectMsMax = 5_000;
const problemBytesMax = 16 * 1024;

export interface HttpNetworkOptions {
  readonly clock: Clock;
  /** Connections kept and opened per node. */
  readonly socketsPerNode?: number;
}

export function createHttpNetwork({ clock, socketsPerNode = 16 }: HttpNetworkOptions): Network {
  const agent = new Agent({
    keepAlive: true,
    maxSockets: socketsPerNode,
    maxFreeSockets: 4,
    timeout: 120_000,
  });
  return {
    request: (request) => ask(agent, clock, request),
    async close() {
      agent.destroy();
    },
  };
}

async function ask(agent: Agent, clock: Clock, request: NodeRequest): Promise<NodeReply> {
  request.signal?.throwIfAborted();
  const { address, route, body } = request;
  const head = frameHead(request.head);
  const outgoing = httpRequest({
    agent,
    host: address.host,
    port: address.port,
    method: 'POST',
    path: `/v1/${route}`,
    headers: {
      'content-type': contentTypes.message,
      'content-length': head.length + (body?.length ?? 0),
    },
  });
  // Until the request is flushed only the connection and the sender's own pace count; then the deadline runs.
  let flushedAt = Number.NaN;
  let endedAt = Number.NaN;
  let failure: FileTaoError | null = null;
  const stop = (error: FileTaoError): void => {
    failure ??= error;
    outgoing.destroy(error);
  };
  const late = () =>
    stop(new FileTaoError('timeout', `no answer within ${Math.round(request.timeoutMs)} ms`));
  const connectTimer = setTimeout(
    () => stop(new FileTaoError('unreachable', `no connection to ${address.host}:${address.port}`)),
    connectMsMax,
  );
  let timer: NodeJS.Timeout | undefined;
  const abort = () => stop(new FileTaoError('cancelled', 'cancelled'));
  request.signal?.addEventListener('abort', abort, { once: true });
  const release = () => {
    clearTimeout(connectTimer);
    clearTimeout(timer);
    request.signal?.removeEventListener('abort', abort);
  };
  outgoing.once('socket', (socket) => {
    if (!socket.connecting) clearTimeout(connectTimer);
    else socket.once('connect', () => clearTimeout(connectTimer));
  });
  outgoing.once('finish', () => {
    flushedAt = clock.monotonic();
    timer = setTimeout(late, request.timeoutMs);
  });
  const responded = new Promise<IncomingMessage>((resolve, reject) => {
    outgoing.once('response', resolve);
    outgoing.once('error', (error) => reject(peerError(error)));
    outgoing.once('close', () => reject(new FileTaoError('unreachable', 'the connection was closed')));
  });
  responded.catch(() => {});
  try {
    // An early answer (a refusal) ends the sending: a node that says no does not read the rest.
    await Promise.race([send(outgoing, head, body?.parts), responded]);
    const incoming = await responded;
    if (Number.isNaN(flushedAt)) {
      flushedAt = clock.monotonic();
      timer = setTimeout(late, request.timeoutMs);
    }
    const finish = () => {
      endedAt = clock.monotonic();
      release();
      if (!outgoing.writableFinished) outgoing.destroy();
    };
    const parts = readParts(incoming, finish, () => failure);
    const type = incoming.headers['content-type'] ?? '';
    if (type !== contentTypes.message && type !== contentTypes.refusal) {
      await failWithProblem(incoming, parts);
    }
    return {
      kind: type === contentTypes.refusal ? 'refusal' : 'answer',
      resynced: incoming.headers[resyncedHeader] === '1',
      parts,
      readAll: (max) => new PartReader(parts).takeRest(max),
      elapsedMs: () => (Number.isNaN(endedAt) ? clock.monotonic() : endedAt) - flushedAt,
    };
  } catch (error) {
    release();
    outgoing.destroy();
    throw failure ?? toFileTaoError(error);
  }
}

async function send(
  outgoing: ClientRequest,
  head: Uint8Array,
  parts: AsyncIterable<Uint8Array> | undefined,
): Promise<void> {
  outgoing.write(head);
  if (parts !== undefined) {
    for await (const part of parts) {
      if (outgoing.destroyed) return;
      if (!outgoing.write(part)) await Promise.race([once(outgoing, 'drain'), once(outgoing, 'close')]);
    }
  }
  outgoing.end();
}

async function* readParts(
  incoming: IncomingMessage,
  finish: () => void,
  failure: () => FileTaoError | null,
): AsyncGenerator<Uint8Array> {
  try {
    for await (const part of incoming) yield part as Uint8Array;
    if (!incoming.complete) throw new FileTaoError('unreachable', 'the answer was cut short');
  } catch (error) {
    throw failure() ?? peerError(error);
  } finally {
    finish();
  }
}

/**
 * What the other side's bytes and connection can make go wrong. It must not be able to produce a code that stands
 * for a fault of this machine: malformed HTTP is no node's answer, nothing more.
 */
function peerError(error: unknown): FileTaoError {
  const known = toFileTaoError(error);
  if (peerCodes.has(known.code)) return known;
  return new FileTaoError('bad-message', `no node's answer: ${known.message}`, { cause: error });
}

const peerCodes: ReadonlySet<string> = new Set([
  'unreachable',
  'timeout',
  'cancelled',
  'bad-message',
  'too-large',
]);

/** An answer that no node signed. What it says is passed on as words, never as a code. */
async function failWithProblem(incoming: IncomingMessage, parts: AsyncIterable<Uint8Array>): Promise<never> {
  const bytes = await new PartReader(parts).takeRest(problemBytesMax);
  let words = `HTTP status ${incoming.statusCode}`;
  if (incoming.headers['content-type']?.startsWith(contentTypes.problem)) {
    try {
      const { code, detail } = JSON.parse(new TextDecoder().decode(bytes));
      words += ` (${String(code).slice(0, 40)}: ${String(detail).slice(0, 200)})`;
    } catch {
      // no JSON: the status is all there is to say
    }
  }
  throw new FileTaoError('bad-message', `the node answered without signing: ${words}`);
}
