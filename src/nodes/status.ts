// How a node is, for those who run it: /healthz (the process answers), /readyz (it can do its work now) and /metrics.
//
// Health says no more than ok or not, so anybody may ask, and answers are kept for a moment: asking costs nothing. Metrics tell
// more, so they are for --metrics.allow, by default this machine alone. They are on the node's own port, which needs no
// second one to open and cannot clash where many nodes share a machine. A reverse proxy on this machine would look like
// the machine itself: requests that were forwarded are refused, and whoever has a proxy that hides it gives metrics a
// port of their own (--metrics.port).

import { BlockList, isIP } from 'node:net';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Log } from '../adapters/observe/log.js';
import type { NodeMetrics } from '../adapters/observe/metrics.js';
import { createServer, type NodeServer, type ServerOptions, sendProblem } from '../adapters/rpc/server.js';
import { FileTaoError } from '../domain/model/errors.js';
import type { NodeAddress } from '../domain/ports/chain.js';

/** What a node is given to be watched and ended with. */
export interface Operation {
  readonly metrics: NodeMetrics;
  /** Addresses and networks that may read metrics. */
  readonly allow: readonly string[];
  /** A port of their own for health and metrics; null for the node's own. */
  readonly separate: NodeAddress | null;
  /** Milliseconds that requests under way may take when the node ends. */
  readonly graceMs: number;
}

/** What a node's own server is told of it. */
export const serverOptionsOf = (
  operation: Operation | undefined,
): Pick<ServerOptions, 'graceMs' | 'onAnswered'> =>
  operation === undefined
    ? {}
    : {
        graceMs: operation.graceMs,
        onAnswered: (route, status, seconds) => operation.metrics.request(route, status, seconds),
      };

/** Resolves when that part works. */
export type Checks = Readonly<Record<string, () => Promise<unknown>>>;

export interface StatusRoutes {
  /** Where health and metrics are, if not on the node's own port. */
  readonly separate: NodeAddress | null;
  /** The node has started: readiness depends on the checks from here on. */
  started(): void;
  /** The node ends: not ready any more. */
  ending(): void;
  close(): Promise<void>;
}

const checkMsMax = 2_000;
/** Milliseconds for which an answer is kept. */
const freshMs = 500;

interface Readiness {
  readonly status: 'ready' | 'starting' | 'draining' | 'failing';
  readonly checks: Readonly<Record<string, 'ok' | 'failing'>>;
}

export async function addStatusRoutes(
  server: NodeServer,
  checks: Checks,
  { operation, log }: { readonly operation?: Operation | undefined; readonly log: Log },
): Promise<StatusRoutes> {
  let hasStarted = false;
  let isEnding = false;
  let latest: { readonly at: number; readonly readiness: Promise<Readiness> } | null = null;
  const look = async (): Promise<Readiness> => {
    if (isEnding || server.isDraining) return { status: 'draining', checks: {} };
    if (!hasStarted) return { status: 'starting', checks: {} };
    const results = await Promise.all(
      Object.entries(checks).map(async ([name, check]) => [name, await outcomeOf(check)] as const),
    );
    const isWell = results.every(([, result]) => result === 'ok');
    return { status: isWell ? 'ready' : 'failing', checks: Object.fromEntries(results) };
  };
  const readiness = (): Promise<Readiness> => {
    const now = performance.now();
    if (latest === null || now - latest.at > freshMs) latest = { at: now, readiness: look() };
    return latest.readiness;
  };
  const update = (): void => {
    latest = null;
    if (operation !== undefined) operation.metrics.ready = hasStarted && !isEnding;
  };
  const addHealth = ({ app }: NodeServer): void => {
    app.get('/healthz', async (_request, reply) => sendJson(reply, 200, { status: 'ok' }));
    app.get('/readyz', async (_request, reply) => {
      const answer = await readiness();
      return sendJson(reply, answer.status === 'ready' ? 200 : 503, answer);
    });
  };
  const addMetrics = ({ app }: NodeServer, { metrics, allow }: Operation): void => {
    const allowed = listOf(allow);
    app.get('/metrics', async (request, reply) => {
      if (!isAllowed(allowed, request))
        return sendProblem(
          reply,
          new FileTaoError('forbidden', 'metrics are for those in --metrics.allow, asked directly'),
        );
      return reply.type(metrics.registry.contentType).send(await metrics.text);
    });
  };
  addHealth(server);
  const separate = operation?.separate ?? null;
  let own: NodeServer | null = null;
  let address: NodeAddress | null = null;
  if (operation !== undefined && separate === null) addMetrics(server, operation);
  if (operation !== undefined && separate !== null) {
    own = createServer({ log, host: separate.host, port: separate.port });
    addHealth(own);
    addMetrics(own, operation);
    address = await own.listen();
    log.info({ metrics: `${address.host}:${address.port}` }, 'health and metrics have a port of their own');
  }
  update();
  return {
    separate: address,
    started() {
      hasStarted = true;
      update();
    },
    ending() {
      isEnding = true;
      update();
    },
    async close() {
      await own?.close();
    },
  };
}

async function outcomeOf(check: () => Promise<unknown>): Promise<'ok' | 'failing'> {
  let timer: NodeJS.Timeout | undefined;
  try {
    await Promise.race([
      check(),
      new Promise((_, reject) => {
        timer = setTimeout(() => reject(new Error('too late')), checkMsMax);
      }),
    ]);
    return 'ok';
  } catch {
    return 'failing';
  } finally {
    clearTimeout(timer);
  }
}

const sendJson = (reply: FastifyReply, status: number, body: unknown): unknown =>
  reply.code(status).header('cache-control', 'no-store').type('application/json').send(JSON.stringify(body));

function listOf(networks: readonly string[]): BlockList {
  const list = new BlockList();
  for (const network of networks) {
    const [address = '', bits] = network.split('/');
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    if (bits === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(bits), family);
  }
  return list;
}

const forwardedHeaders = ['forwarded', 'x-forwarded-for', 'x-real-ip', 'via'] as const;

function isAllowed(allowed: BlockList, { headers, raw }: FastifyRequest): boolean {
  if (forwardedHeaders.some((name) => headers[name] !== undefined)) return false;
  const address = raw.socket.remoteAddress ?? '';
  const family = isIP(address);
  return family !== 0 && allowed.check(address, family === 6 ? 'ipv6' : 'ipv4');
}
