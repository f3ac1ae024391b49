// The dashboard of a node: a few pages for whoever runs it, on a port of their own. They are made here, whole, and
// useful as they are; a script of a few hundred lines keeps them up to date.
//
// Nothing can be changed by it, and what it shows is not secret, but it is nobody else's: it listens on loopback unless told otherwise,
// and there it answers only to names of this machine, so that a page of another site cannot read it through a
// name that it had resolve to 127.0.0.1. Pages hold no inline script or style and load nothing from elsewhere; the policy
// sent with them has browsers see to it.

import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { fileURLToPath } from 'node:url';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Activity } from '../../adapters/observe/activity.js';
import type { Log } from '../../adapters/observe/log.js';
import { createServer, sendProblem } from '../../adapters/rpc/server.js';
import { encodeSs58 } from '../../domain/identity/ss58.js';
import { FileTaoError, toFileTaoError } from '../../domain/model/errors.js';
import type { Chain, NodeAddress } from '../../domain/ports/chain.js';
import type { Party } from '../../domain/protocol/messages.js';
import { html, type Regions } from './html.js';
import { LiveHub, type LiveOptions } from './live-hub.js';
import { type About, framed, type Page, type Shown } from './page.js';

/** What a node is told of the dashboard it is to have. */
export interface DashboardWish {
  readonly listen: NodeAddress;
  /** What the node reports to it while it works. */
  readonly activity: Activity;
  /** The program's. */
  readonly version: string;
}

export interface DashboardParts
  extends DashboardWish,
    Partial<Pick<LiveOptions, 'readersMax' | 'tickMs' | 'stalledMsMax'>> {
  readonly role: About['role'];
  readonly pages: readonly Page[];
  /** The node it is of. */
  readonly context: { readonly party: Party; readonly chain: Pick<Chain, 'network'>; readonly log: Log };
}

export interface RunningDashboard {
  readonly address: NodeAddress;
  close(): Promise<void>;
}

const assetsFolder = new URL('../../page/', import.meta.url);
const assets = {
  'tokens.css': { file: 'tokens.css', type: 'text/css; charset=utf-8' },
  'dashboard.css': { file: 'dashboard/dashboard.css', type: 'text/css; charset=utf-8' },
  'live.js': { file: 'dashboard/live.js', type: 'text/javascript; charset=utf-8' },
  'mark.svg': { file: 'mark.svg', type: 'image/svg+xml' },
} as const;

/** Name of the one Trusted Types policy, that of the page's script. */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  'trusted-types filetao-live',
].join('; ');

const headers = {
  'content-security-policy': policy,
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
  'permissions-policy': 'camera=(), microphone=(), geolocation=()',
} as const;

/** A path and its query; longer ones are nobody's bookmark. */
const addressLengthMax = 1024;
/** Connections: pages, their assets and streams, and somebody's scripts. */
const connectionsMax = 256;
/** Milliseconds that pages under way may take when the node ends. */
const graceMs = 1_000;

export async function openDashboard(parts: DashboardParts): Promise<RunningDashboard> {
  const { listen, activity, pages, context } = parts;
  const { log, party, chain } = context;
  const about: About = {
    role: parts.role,
    hotkey: encodeSs58(party.publicKey),
    network: chain.network,
    netuid: party.netuid,
    version: parts.version,
  };
  const files = await readAssets();
  const server = createServer({ log, ...listen, graceMs, connectionsMax });
  const { app } = server;
  const show = async (address: string): Promise<Shown> => {
    const { pathname, searchParams } = addressIn(address);
    for (const page of pages) {
      const params = paramsOf(page.path, pathname);
      if (params !== null) return page.show({ params, query: searchParams });
    }
    throw new FileTaoError('not-found', 'there is no such page');
  };
  const hub = new LiveHub({
    ...parts,
    regionsOf: async (at): Promise<Regions> => (await show(at)).main.regions,
    version: () => activity.version,
    onProblem: (error) =>
      log.debug({ err: error }, 'a page of the dashboard could not be brought up to date'),
  });
  const isLocal = isLoopback(listen.host);
  app.addHook('onRequest', async (request, reply) => {
    reply.headers(headers);
    if (isLocal && !isLocalName(request.headers.host))
      return sendProblem(
        reply,
        new FileTaoError(
          'forbidden',
          'this dashboard answers to names of its own machine: localhost, 127.0.0.1',
        ),
      );
    if (request.method === 'GET' || request.method === 'HEAD') return;
    reply.header('allow', 'GET, HEAD').header('connection', 'close');
    return reply.code(405).type('text/plain; charset=utf-8').send('The dashboard is read-only.\n');
  });
  for (const [name, { type }] of Object.entries(assets))
    app.get(`/assets/${name}`, async (request, reply) => {
      const { body, etag } = files.get(name)!;
      reply.header('etag', etag).header('cache-control', 'no-cache');
      if (request.headers['if-none-match'] === etag) return reply.code(304).send();
      return reply.type(type).send(body);
    });
  app.get<{ Querystring: { at?: string } }>('/live', { exposeHeadRoute: false }, async (request, reply) => {
    const at = String(request.query.at ?? '');
    hub.requireRoom();
    await show(at);
    reply.hijack();
    reply.raw.writeHead(200, {
      ...headers,
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
    });
    hub.add(at, reply.raw);
  });
  const sendPage = async (request: FastifyRequest, reply: FastifyReply) => {
    const address = request.raw.url ?? '/';
    let shown: Shown;
    let status = 200;
    try {
      shown = await show(address);
    } catch (error) {
      const failure = toFileTaoError(error);
      if (failure.status >= 500) log.warn({ err: error }, 'a page of the dashboard could not be made');
      status = failure.status;
      shown = failed(failure);
    }
    const path = address.split('?')[0]!;
    return reply
      .code(status)
      .header('cache-control', 'no-store')
      .type('text/html; charset=utf-8')
      .send(framed(about, pages, path, shown));
  };
  app.get('/*', sendPage);
  const address = await server.listen();
  log.info({ dashboard: urlOf(address) }, 'the dashboard is there');
  return {
    address,
    async close() {
      hub.close();
      await server.close();
    },
  };
}

async function readAssets(): Promise<ReadonlyMap<string, { readonly body: Buffer; readonly etag: string }>> {
  const { createHash } = await import('node:crypto');
  const read = Object.entries(assets).map(async ([name, { file }]) => {
    const body = await readFile(fileURLToPath(new URL(file, assetsFolder)));
    const etag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`;
    return [name, { body, etag }] as const;
  });
  return new Map(await Promise.all(read));
}

function failed(failure: FileTaoError): Shown {
  const isMissing = failure.status === 404;
  const title = isMissing
    ? 'Not here'
    : failure.status < 500
      ? 'That cannot be shown'
      : 'This cannot be shown now';
  // What went wrong inside stands in the log.
  const says = failure.status < 500 ? failure.message : 'The node’s log says why. Other pages may work.';
  return { title, main: html`<h1>${title}</h1><p>${says}</p><p><a href="/">Back to the overview</a></p>` };
}

function addressIn(address: string): URL {
  const base = 'http://dashboard.invalid';
  const url =
    address.length <= addressLengthMax && address.startsWith('/') ? URL.parse(base + address) : null;
  if (url === null || url.origin !== base) throw new FileTaoError('bad-input', 'that is no page’s address');
  return url;
}

/** What the names in a pattern stand for; null when the path is none of it. */
export function paramsOf(pattern: string, path: string): Readonly<Record<string, string>> | null {
  const [wanted, given] = [pattern.split('/'), path.split('/')];
  if (wanted.length !== given.length) return null;
  const params: Record<string, string> = {};
  for (const [i, part] of wanted.entries()) {
    const found = given[i]!;
    if (part.startsWith(':') && found !== '') {
      try {
        params[part.slice(1)] = decodeURIComponent(found);
      } catch {
        return null;
      }
    } else if (part !== found) return null;
  }
  return params;
}

const urlOf = ({ host, port }: NodeAddress): string =>
  `http://${host.includes(':') ? `[${host}]` : host}:${port}`;

/** A node that only this machine reaches. */
export const isLoopback = (host: string): boolean => host === '::1' || host.startsWith('127.');

/** Whether a Host header names this machine by itself. */
export function isLocalName(header: string | undefined): boolean {
  const name = (header ?? '').replace(/:\d{1,5}$/u, '').toLowerCase();
  if (name === 'localhost' || name.endsWith('.localhost')) return true;
  const bare = name.replace(/^\[(.*)\]$/u, '$1');
  return isIP(bare) !== 0 && isLoopback(bare);
}
