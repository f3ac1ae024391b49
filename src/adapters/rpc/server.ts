// The HTTP server every node runs: Fastify with streamed bodies, limits, and errors as problem+json
// (RFC 9457). Nothing a caller sends may end the process. Before it closes it drains: new work is refused with 503 and
// Retry-After, which callers take for "not there at the moment", and what is under way is finished, for a bounded time.

import { STATUS_CODES } from 'node:http';
import type { AddressInfo } from 'node:net';
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { requestScheme } from '../../domain/identity/request.js';
import { limits } from '../../domain/model/constants.js';
import { FileTaoError, toFileTaoError } from '../../domain/model/errors.js';
import type { NodeAddress } from '../../domain/ports/chain.js';
import type { Log } from '../observe/log.js';
import { connectionLimit } from './connection-limit.js';
import { compilersFactory } from './schema-compilers.js';
import { contentTypes } from './wire.js';

export interface ServerOptions {
  readonly log: Log;
  readonly host: string;
  /** 0 takes a free port. */
  readonly port: number;
  /** Milliseconds without a byte in either direction after which a connection is closed; default 60,000. */
  readonly idleMs?: number;
  /** Milliseconds that requests under way may take when the server closes; default 5000. */
  readonly graceMs?: number;
  /** Routes that are still served meanwhile, because they finish what was begun. */
  readonly finishing?: readonly string[];
  /** Milliseconds until a caller must have sent its headers, whole. */
  readonly headersMs?: number;
  /** Connections beyond are closed at once. */
  readonly connectionsMax?: number;
  /** Told of every answer: the route's pattern, `none` where there is no such route. */
  readonly onAnswered?: (route: string, status: number, seconds: number) => void;
}

export interface NodeServer {
  readonly app: FastifyInstance;
  /** Binds and returns the address bound; throws `port-in-use`. */
  listen(): Promise<NodeAddress>;
  readonly isDraining: boolean;
  /** Refuses new requests, waits for those under way (bounded), closes. */
  close(): Promise<void>;
}

const headersMsMax = 10_000;
const idleMsDefault = 60_000;
/** A request that is still not all there is given up: 64 MiB at 75 KiB a second. */
const requestMsMax = 15 * 60_000;
const graceMsDefault = 5_000;
/** Milliseconds until connections that do not end are broken off. */
const closeMsMax = 1_000;
/** Seconds after which a caller that was refused may find the node started again. */
const retryAfterDraining = 2;
/** Routes that tell how the node is, also while it ends. */
export const statusRoutes = ['/healthz', '/readyz', '/metrics'] as const;

export function createServer(options: ServerOptions): NodeServer {
  const { log, host, port, idleMs = idleMsDefault, headersMs = headersMsMax } = options;
  const { graceMs = graceMsDefault, finishing = [], onAnswered } = options;
  const { connectionsMax = connectionLimit() } = options;
  const app = Fastify({
    logger: false,
    schemaController: { compilersFactory },
    // Bodies are streams; their limits are checked against Content-Length and while reading.
    bodyLimit: Number.MAX_SAFE_INTEGER,
    connectionTimeout: idleMs,
    keepAliveTimeout: 30_000,
    requestTimeout: requestMsMax,
    forceCloseConnections: 'idle',
    http: { headersTimeout: headersMs, connectionsCheckingInterval: headersMs / 2 },
    // What cannot even be routed, such as a path that is not well encoded.
    frameworkErrors: (error: unknown, _request: FastifyRequest, reply: FastifyReply) =>
      void sendProblem(reply, callersFault(error)),
  } as Parameters<typeof Fastify>[0]) as unknown as FastifyInstance;
  app.server.maxConnections = connectionsMax;
  let isDraining = false;
  let underWay = 0;
  let whenIdle: (() => void) | null = null;
  const servedAlways: ReadonlySet<string> = new Set([...statusRoutes, ...finishing]);
  app.addHook('onRequest', async (request, reply) => {
    const route = request.routeOptions.url ?? 'none';
    const start = performance.now();
    underWay++;
    reply.raw.once('close', () => {
      underWay--;
      onAnswered?.(route, reply.raw.statusCode, (performance.now() - start) / 1000);
      if (underWay === 0) whenIdle?.();
    });
    if (!isDraining || servedAlways.has(route)) return;
    reply.header('retry-after', String(retryAfterDraining)).header('connection', 'close');
    sendProblem(reply, new FileTaoError('busy', 'this node is ending: ask again, it may be started anew'));
    return reply;
  });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', (_request, payload, done) => done(null, payload));
  app.setNotFoundHandler((_request, reply) => {
    void sendProblem(reply, new FileTaoError('not-found', 'no such route'));
  });
  app.setErrorHandler((error, request, reply) => {
    const failure = callersFault(error);
    if (failure.status >= 500)
      log.warn({ route: request.url, code: failure.code, err: failure.message }, 'request failed');
    if (reply.raw.headersSent) {
      reply.raw.destroy();
      return;
    }
    if (isUnbounded(request)) reply.header('connection', 'close');
    void sendProblem(reply, failure);
  });
  return {
    app,
    async listen() {
      try {
        await app.listen({ host, port });
      } catch (error) {
        const failure = toFileTaoError(error);
        if (failure.code !== 'port-in-use') throw failure;
        throw new FileTaoError(
          'port-in-use',
          `port ${port} on ${host} is in use: choose another with the port option or stop what uses it`,
        );
      }
      const { address, port: bound } = app.server.address() as AddressInfo;
      return { host: address, port: bound };
    },
    get isDraining() {
      return isDraining;
    },
    async close() {
      isDraining = true;
      if (underWay > 0) {
        const timer = setTimeout(() => {
          log.warn({ requests: underWay }, 'requests were cut off: they took too long to end');
          whenIdle?.();
        }, graceMs);
        await new Promise<void>((resolve) => {
          whenIdle = resolve;
        });
        clearTimeout(timer);
      }
      const timer = setTimeout(() => app.server.closeAllConnections(), closeMsMax);
      await app.close();
      clearTimeout(timer);
    },
  };
}

/** What Fastify itself finds wrong with a request, as one of ours. */
function callersFault(error: unknown): FileTaoError {
  const { statusCode, message } = (error ?? {}) as { statusCode?: unknown; message?: unknown };
  const isCallers = typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500;
  return isCallers && !(error instanceof FileTaoError)
    ? new FileTaoError('bad-input', String(message), { cause: error })
    : toFileTaoError(error);
}

/** The body of a problem answer (RFC 9457); `code` is ours, `title` the status in words. */
export const problemOf = (error: FileTaoError) => ({
  type: 'about:blank',
  title: STATUS_CODES[error.status] ?? error.code,
  status: error.status,
  detail: error.code === 'internal' ? 'internal error' : error.message,
  code: error.code,
});

/** Seconds after which whoever was refused for want of room may ask again; 0 when it is of no use. */
export function retryAfterOf(failure: FileTaoError): number {
  const wished = failure.details.retryAfter;
  if (typeof wished === 'number') return Math.min(Math.ceil(wished), limits.retryAfterSecondsMax);
  return failure.code === 'busy' || failure.code === 'budget' ? 1 : 0;
}

/** What a handler may have said of the answer it then could not give. */
const answersHeaders = [
  'etag',
  'accept-ranges',
  'cache-control',
  'content-disposition',
  'content-length',
  'content-range',
] as const;

export function sendProblem(reply: FastifyReply, error: FileTaoError): FastifyReply {
  for (const name of answersHeaders)
    if (name !== 'content-range' || error.status !== 416) reply.removeHeader(name);
  const retryAfter = retryAfterOf(error);
  // A server that ends says itself when to come again.
  if (retryAfter > 0 && !reply.hasHeader('retry-after')) reply.header('retry-after', String(retryAfter));
  // RFC 9110, section 15.5.2: a 401 names the scheme.
  if (error.status === 401) reply.header('www-authenticate', requestScheme);
  return reply
    .code(error.status)
    .type(contentTypes.problem)
    .serializer((body) => String(body))
    .send(JSON.stringify(problemOf(error)));
}

/** The request's body as parts; a body is always a stream here. */
export const bodyParts = (request: FastifyRequest): AsyncIterable<Uint8Array> =>
  (request.body ?? request.raw) as AsyncIterable<Uint8Array>;

/** Bytes of a refused request's body that are read and thrown away: more than any request may have. */
const drainBytesMax = limits.replicaSizeMax + 2 * limits.messageBytesMax;

/**
 * Whether a refused request's connection must end with the answer. Otherwise Node reads the rest of the body,
 * and a caller that is still sending hears the answer instead of a broken connection.
 */
export const isUnbounded = (request: FastifyRequest): boolean =>
  !request.raw.complete && (contentLength(request) ?? Number.POSITIVE_INFINITY) > drainBytesMax;

/** Content-Length as a number, or null. */
export function contentLength(request: FastifyRequest): number | null {
  const text = request.headers['content-length'];
  return text !== undefined && /^\d{1,16}$/.test(text) ? Number(text) : null;
}
