// The HTTP server every node runs: Fastify with streamed bodies, limits, and errors as problem+json
// (RFC 9457). Nothing a caller sends may end the process.

import type { AddressInfo } from 'node:net';
import Fastify, { type FastifyInstance, type FastifyRequest } from 'fastify';
import { limits } from '../../domain/model/constants.js';
import { FileTaoError, toFileTaoError } from '../../domain/model/errors.js';
import type { NodeAddress } from '../../domain/ports/chain.js';
import type { Log } from '../observe/log.js';
import { contentTypes } from './wire.js';

export interface ServerOptions {
  readonly log: Log;
  readonly host: string;
  /** 0 takes a free port. */
  readonly port: number;
}

export interface NodeServer {
  readonly app: FastifyInstance;
  /** Binds and returns the address bound; throws `port-in-use`. */
  listen(): Promise<NodeAddress>;
  /** Refuses new requests, waits for those under way (bounded), closes. */
  close(): Promise<void>;
}

const headersMsMax = 10_000;
const idleMsMax = 60_000;
/** A request that is still not all there is given up: 64 MiB at 75 KiB a second. */
const requestMsMax = 15 * 60_000;
const drainMsMax = 5_000;

export function createServer({ log, host, port }: ServerOptions): NodeServer {
  const app = Fastify({
    logger: false,
    // Bodies are streams; their limits are checked against Content-Length and while reading.
    bodyLimit: Number.MAX_SAFE_INTEGER,
    connectionTimeout: idleMsMax,
    keepAliveTimeout: 30_000,
    requestTimeout: requestMsMax,
    forceCloseConnections: 'idle',
    http: { headersTimeout: headersMsMax },
  } as Parameters<typeof Fastify>[0]) as unknown as FastifyInstance;
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', (_request, payload, done) => done(null, payload));
  app.setNotFoundHandler((_request, reply) => {
    void reply
      .code(404)
      .type(contentTypes.problem)
      .send(JSON.stringify(problemOf('not-found', 404, 'no such route')));
  });
  app.setErrorHandler((error, request, reply) => {
    const failure = toFileTaoError(error);
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
    async close() {
      const timer = setTimeout(() => app.server.closeAllConnections(), drainMsMax);
      await app.close();
      clearTimeout(timer);
    },
  };
}

const problemOf = (code: string, status: number, detail: string) => ({
  type: 'about:blank',
  title: code,
  status,
  code,
  detail,
});

/** Seconds after which whoever was refused for want of room may ask again; 0 when it is of no use. */
export function retryAfterOf(failure: FileTaoError): number {
  const wished = failure.details.retryAfter;
  if (typeof wished === 'number') return Math.min(Math.ceil(wished), limits.retryAfterSecondsMax);
  return failure.code === 'busy' || failure.code === 'budget' ? 1 : 0;
}

export function sendProblem(
  reply: {
    header(name: string, value: string): unknown;
    code(status: number): { type(type: string): { send(body: string): unknown } };
  },
  error: FileTaoError,
): unknown {
  const retryAfter = retryAfterOf(error);
  if (retryAfter > 0) reply.header('retry-after', String(retryAfter));
  return reply
    .code(error.status)
    .type(contentTypes.problem)
    .send(
      JSON.stringify(
        problemOf(error.code, error.status, error.code === 'internal' ? 'internal error' : error.message),
      ),
    );
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
