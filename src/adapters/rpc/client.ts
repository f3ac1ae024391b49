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
    outgoing.once('error', reject);
    outgoing.once('close', () => reject(new FileTaoError('unreachable', 'the connection was closed')));
  });
  responded.catch(() => {});
  try {
    // An early answer (a refusal) ends the sending: a node that says no does not read the rest.
    await Promise.race([send(outgoing, head, body?.parts, clock, request.timeoutMs, late), responded]);
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
    return await readReply({
      status: incoming.statusCode ?? 0,
      contentType: incoming.headers['content-type'] ?? '',
      resynced: incoming.headers[resyncedHeader] === '1',
      parts,
      elapsedMs: () => (Number.isNaN(endedAt) ? clock.monotonic() : endedAt) - flushedAt,
    });
  } catch (error) {
    release();
    outgoing.destroy();
    throw failure ?? peerError(error);
  }
}

/** An answer as HTTP brings it. */
export interface RawReply {
  readonly status: number;
  readonly contentType: string;
  readonly resynced: boolean;
  readonly parts: AsyncIterable<Uint8Array>;
  elapsedMs(): number;
}

/** The node's reply; throws `bad-message` for an answer that no node signed, whatever it says. */
export async function readReply(raw: RawReply): Promise<NodeReply> {
  const { contentType, resynced, parts, elapsedMs } = raw;
  if (contentType !== contentTypes.message && contentType !== contentTypes.refusal) {
    await failWithProblem(raw);
  }
  return {
    kind: contentType === contentTypes.refusal ? 'refusal' : 'answer',
    resynced,
    parts,
    readAll: (max) => new PartReader(parts).takeRest(max),
    elapsedMs,
  };
}

/**
 * Sends head and parts. The sender's own pace costs nobody anything, but all the waiting for a peer that does
 * not read may take no longer than the answer: else a node that accepts and never reads would hold it for ever.
 */
async function send(
  outgoing: ClientRequest,
  head: Uint8Array,
  parts: AsyncIterable<Uint8Array> | undefined,
  clock: Clock,
  waitMsMax: number,
  late: () => void,
): Promise<void> {
  let waitedMs = 0;
  outgoing.write(head);
  if (parts !== undefined) {
    for await (const part of parts) {
      if (outgoing.destroyed) return;
      if (outgoing.write(part)) continue;
      const start = clock.monotonic();
      const timer = setTimeout(late, Math.max(1, waitMsMax - waitedMs));
      const over = new AbortController();
      try {
        await Promise.race([
          once(outgoing, 'drain', { signal: over.signal }),
          once(outgoing, 'close', { signal: over.signal }),
        ]);
      } finally {
        clearTimeout(timer);
        over.abort();
      }
      waitedMs += clock.monotonic() - start;
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

/** What it says is told to the operator, but is nobody's word: it must neither excuse nor accuse. */
async function failWithProblem({ status, contentType, parts }: RawReply): Promise<never> {
  const bytes = await new PartReader(parts).takeRest(problemBytesMax);
  let said = `HTTP status ${status}`;
  if (contentType.startsWith(contentTypes.problem)) {
    try {
      const { code, detail } = JSON.parse(new TextDecoder().decode(bytes));
      said += ` (${String(code).slice(0, 40)}: ${String(detail).slice(0, 300)})`;
    } catch {
      // no problem document either
    }
  }
  throw new FileTaoError('bad-message', `the node answered without a signature: ${said}`);
}

/**
 * What the peer did to the connection, as one of ours: bytes that are no HTTP are `bad-message`. Without this
 * they would count as an internal error, and a round void as the validator's own fault.
 */
function peerError(error: unknown): FileTaoError {
  const { code } = (error ?? {}) as { code?: unknown };
  if (typeof code === 'string' && code.startsWith('HPE_')) {
    return new FileTaoError('bad-message', `the answer is not HTTP: ${code}`, { cause: error });
  }
  if (code === 'ERR_STREAM_PREMATURE_CLOSE' || code === 'ECONNABORTED') {
    return new FileTaoError('unreachable', 'the connection was closed', { cause: error });
  }
  return toFileTaoError(error);
}
