// The page of an API node at /app/ (src/page/app, bundled into dist/app): static files, held in memory with their
// compressed form, since all of them together are smaller than one piece.
//
// The page may load nothing that does not come from here and talk to nobody else. 'wasm-unsafe-eval' is what
// WebAssembly is called in a policy; scripts made of strings stay forbidden.

import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { NodeServer } from '../../adapters/rpc/server.js';
import { FileTaoError } from '../../domain/model/errors.js';

/** Where the page is served. */
export const appPath = '/app/';

const built = new URL('../../../app/', import.meta.url);

const types: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  css: 'text/css; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  svg: 'image/svg+xml',
  wasm: 'application/wasm',
};

export const appPolicy = [
  "default-src 'none'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "worker-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const headers: Readonly<Record<string, string>> = {
  'content-security-policy': appPolicy,
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  // Asked anew each time, answered 304: the page and its workers must be of one version.
  'cache-control': 'no-cache',
  vary: 'accept-encoding',
};

interface AppFile {
  readonly type: string;
  readonly tag: string;
  readonly content: Buffer;
  readonly compressed: Buffer;
}

export function addAppRoutes(app: NodeServer['app']): void {
  let reading: Promise<ReadonlyMap<string, AppFile>> | null = null;
  const send = async (name: string, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    reading ??= readFiles();
    const file = (await reading).get(name);
    if (file === undefined) throw new FileTaoError('not-found', 'the page has no such file');
    reply.headers(headers).header('etag', file.tag).type(file.type);
    if (request.headers['if-none-match'] === file.tag) return reply.code(304).send();
    const takesGzip = /\bgzip\b/.test(String(request.headers['accept-encoding'] ?? ''));
    return takesGzip
      ? reply.header('content-encoding', 'gzip').send(file.compressed)
      : reply.send(file.content);
  };
  app.get('/app', async (_request, reply) => reply.redirect('app/', 308));
  app.get(appPath, (request, reply) => send('index.html', request, reply));
  app.get<{ Params: { name: string } }>(`${appPath}:name`, (request, reply) =>
    send(request.params.name, request, reply),
  );
}

async function readFiles(): Promise<ReadonlyMap<string, AppFile>> {
  const files = new Map<string, AppFile>();
  // Not there where only the TypeScript was compiled: then there is no page.
  for (const name of await readdir(built).catch(() => [])) {
    const type = types[name.slice(name.lastIndexOf('.') + 1)];
    if (type === undefined) continue;
    const content = await readFile(new URL(name, built));
    const tag = `"${createHash('sha256').update(content).digest('base64url').slice(0, 22)}"`;
    files.set(name, { type, tag, content, compressed: gzipSync(content, { level: 9 }) });
  }
  return files;
}
