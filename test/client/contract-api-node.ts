// An API node in miniature: the HTTP contract over Maps that outlive the server, so that a test can kill the
// server and start it again. It counts what it receives and misbehaves on request.
import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { nodeRuntime } from '../../src/client/node-runtime.js';
import { checkManifest, manifestKind } from '../../src/domain/content/manifest.js';
import { checkContent, RequestVerifier } from '../../src/domain/identity/request.js';
import { openSealed } from '../../src/domain/identity/sealed.js';
import { encodeSs58 } from '../../src/domain/identity/ss58.js';
import { toHex } from '../../src/domain/model/bytes.js';
import { FileTaoError, toFileTaoError } from '../../src/domain/model/errors.js';
import { rangeBytes, rangeProof } from '../../src/domain/protocol/retrieve.js';
import { testSigner } from './signer.js';

export interface Faults {
  /** Sees each piece request before it is answered; may throw an error to answer, or 'hang up'. */
  beforePut?: (index: number) => void | Promise<void>;
  /** Waited for before a piece is sent. */
  beforePiece?: () => Promise<void>;
  /** What GET gives for a piece instead of it. */
  spoil?: (pieceId: string, piece: Uint8Array) => Uint8Array;
  /** Breaks a download off after so many bytes, once per entry. */
  breakDownloadsAt?: number[];
  /** Replaces the manifest bytes given out. */
  manifest?: (sealed: Uint8Array) => Uint8Array;
  ranges?: boolean;
  /** Replaces what proves a range. */
  proof?: (answer: Uint8Array) => Uint8Array;
  /** Replicas it says it made. */
  replicas?: number;
}

export class ContractApiNode {
  readonly signer = testSigner();
  readonly genesis = randomBytes(32);
  readonly pieces = new Map<string, Uint8Array>();
  readonly objects = new Map<string, Uint8Array>();
  readonly faults: Faults = {};
  pieceSize = 64 * 1024;
  /** Keeps lengths instead of bytes, for tests that are about memory. */
  forgetful = false;
  /** What it says of every object. */
  health = 'healthy';
  /** Objects of one page of a list. */
  pageObjects = 2;
  /** PUT requests that were answered 200, by piece. */
  readonly accepted = new Map<string, number>();
  /** Bytes received for pieces that were confirmed already. */
  bytesReceivedAgain = 0;
  bytesReceived = 0;
  bytesServed = 0;
  /** Parts of pieces that were sent, in order, as far as they were begun. */
  readonly served: { readonly id: string; readonly from: number; readonly length: number }[] = [];
  puts = 0;
  readonly requests: string[] = [];
  #server: Server | null = null;
  #port = 0;
  readonly #verifier = new RequestVerifier({
    genesis: this.genesis,
    netuid: 21,
    receiver: this.signer.publicKey,
    verify: nodeRuntime().verify,
  });

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** Listens; again on the same port after a kill. */
  async start(): Promise<this> {
    const server = createServer((request, response) => void this.#answer(request, response));
    this.#server = server;
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(this.#port, '127.0.0.1', resolve);
    });
    this.#port = (server.address() as AddressInfo).port;
    return this;
  }

  /** As a crash: connections break, nothing in flight is answered. */
  async kill(): Promise<void> {
    const server = this.#server;
    this.#server = null;
    server?.closeAllConnections();
    await new Promise<void>((resolve) => (server === null ? resolve() : server.close(() => resolve())));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '', url: path = '' } = request;
    this.requests.push(`${method} ${path.split('?')[0]}`);
    try {
      await this.#route(method, path, request, response);
    } catch (thrown) {
      if (thrown === 'hang up') {
        request.destroy();
        return;
      }
      const error = toFileTaoError(thrown);
      if (response.headersSent) {
        response.destroy();
        return;
      }
      response.writeHead(error.status, { 'content-type': 'application/problem+json', connection: 'close' });
      const { code, message: detail } = error;
      response.end(JSON.stringify({ type: 'about:blank', title: code, status: error.status, code, detail }));
    }
  }

  async #route(
    method: string,
    path: string,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    const json = (status: number, body: unknown): void => {
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(JSON.stringify(body));
    };
    if (path === '/v1/info') {
      json(200, {
        version: '0.1.0',
        role: 'api',
        network: 'dev',
        netuid: 21,
        genesis: toHex(this.genesis),
        hotkey: encodeSs58(this.signer.publicKey),
        hotkeyHex: toHex(this.signer.publicKey),
        pieceSize: this.pieceSize,
        replicas: 3,
        blockNumber: 1,
      });
      return;
    }
    const signed = this.#verifier.check(request.headers.authorization, method, path, Date.now());
    const [, kind, id = '', part] = path.split('?')[0]!.split('/');
    if (kind === 'pieces' && method === 'HEAD') {
      const there = this.pieces.has(id);
      response.writeHead(there ? 200 : 404, there ? { 'filetao-replicas': '3' } : {});
      response.end();
    } else if (kind === 'pieces' && method === 'PUT') {
      await this.#putPiece(id, request, json);
    } else if (kind === 'objects' && method === 'POST') {
      const body = await readAll(request);
      checkContent(signed, nodeRuntime().hash(body));
      const { value } = openSealed(manifestKind, body, nodeRuntime().verify);
      checkManifest(value);
      if (toHex(value.owner) !== signed.sender) throw new FileTaoError('forbidden', 'not the owner');
      for (const pieceId of value.pieceIds) {
        if (!this.pieces.has(toHex(pieceId))) throw new FileTaoError('partial', 'a piece is missing');
      }
      this.objects.set(value.cid, body);
      json(201, { cid: value.cid, replicas: 3, hotkeys: this.hotkeys, expiry: value.expiry });
    } else if (kind === 'objects' && method === 'GET' && id === '') {
      const cursor = new URL(path, 'http://x').searchParams.get('cursor') ?? '';
      const mine = [...this.objects.values()]
        .map((sealed) => openSealed(manifestKind, sealed, nodeRuntime().verify).value)
        .filter(({ owner, cid }) => toHex(owner) === signed.sender && cid > cursor)
        .sort((a, b) => (a.cid < b.cid ? -1 : 1));
      const page = mine.slice(0, this.pageObjects);
      json(200, {
        objects: page.map(({ cid, size, expiry }) => ({
          cid,
          size,
          storedAt: 1_700_000_000,
          expiry,
          health: this.health,
          replicas: 3,
        })),
        next: mine.length > page.length ? page.at(-1)!.cid : null,
      });
    } else if (kind === 'objects' && method === 'DELETE') {
      const sealed = this.objects.get(id);
      if (sealed === undefined) throw new FileTaoError('not-found', `no object ${id} is stored here`);
      const { value } = openSealed(manifestKind, sealed, nodeRuntime().verify);
      if (toHex(value.owner) !== signed.sender) throw new FileTaoError('forbidden', 'not the owner');
      this.objects.delete(id);
      json(200, { cid: id, deleted: true });
    } else if (kind === 'objects' && method === 'GET' && part === 'status') {
      const sealed = this.objects.get(id);
      if (sealed === undefined) throw new FileTaoError('not-found', `no object ${id} is stored here`);
      const { value } = openSealed(manifestKind, sealed, nodeRuntime().verify);
      const miner = { hotkey: this.hotkeys[0], replicas: 3, active: 3, lastProofAt: null, confidence: null };
      json(200, {
        cid: id,
        size: value.size,
        owner: encodeSs58(value.owner),
        storedAt: 1_700_000_000,
        expiry: value.expiry,
        copies: 3,
        health: this.health,
        replicas: 3,
        confidence: 0.99,
        lastProofAt: 1_700_000_100,
        miners: [miner],
        pieces: { total: value.pieceIds.length, healthy: value.pieceIds.length },
      });
    } else if (kind === 'objects' && method === 'GET') {
      const sealed = this.objects.get(id);
      if (sealed === undefined) throw new FileTaoError('not-found', `no object ${id} is stored here`);
      if (part === 'manifest') response.end(this.faults.manifest?.(sealed) ?? sealed);
      else if (part === 'proof') response.end(this.#proof(sealed, new URL(path, this.url).searchParams));
      else await this.#sendObject(sealed, request, response);
    } else throw new FileTaoError('not-found', 'no such route');
  }

  readonly hotkeys = ['5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY'];

  async #putPiece(
    id: string,
    request: IncomingMessage,
    json: (status: number, body: unknown) => void,
  ): Promise<void> {
    const again = this.pieces.has(id);
    await this.faults.beforePut?.(this.puts++);
    const parts: Buffer[] = [];
    for await (const part of request as AsyncIterable<Buffer>) {
      this.bytesReceived += part.length;
      if (again) this.bytesReceivedAgain += part.length;
      parts.push(part);
    }
    const body = Buffer.concat(parts);
    if (toHex(nodeRuntime().hash(body)) !== id)
      throw new FileTaoError('integrity', 'not the piece it is named');
    this.pieces.set(id, this.forgetful ? new Uint8Array(0) : body);
    this.accepted.set(id, (this.accepted.get(id) ?? 0) + 1);
    json(200, { pieceId: id, replicas: this.faults.replicas ?? 3, hotkeys: this.hotkeys });
  }

  /** Served like the object, whole chunks and their proof; not there where there are no ranges. */
  #proof(sealed: Uint8Array, query: URLSearchParams): Uint8Array {
    if (this.faults.ranges === false) throw new FileTaoError('not-found', 'no such route');
    const { core } = nodeRuntime();
    const [index, firstChunk, chunks] = ['piece', 'first', 'chunks'].map((name) => Number(query.get(name)));
    const root = openSealed(manifestKind, sealed, nodeRuntime().verify).value.pieceIds[index!]!;
    const stored = this.pieces.get(toHex(root))!;
    const range = { root, size: stored.length, chunkSize: 1024, firstChunk: firstChunk!, chunks: chunks! };
    const proof = rangeProof(core, range, core.chunkNodes(null, stored, 0, 1024));
    const { start, end } = rangeBytes(range)!;
    const piece = this.faults.spoil?.(toHex(root), stored) ?? stored;
    const answer = Buffer.concat([piece.subarray(start, end), proof]);
    this.served.push({ id: toHex(root), from: start, length: end - start });
    this.bytesServed += answer.length;
    return this.faults.proof?.(answer) ?? answer;
  }

  async #sendObject(sealed: Uint8Array, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { value } = openSealed(manifestKind, sealed, nodeRuntime().verify);
    const range =
      this.faults.ranges === false ? null : /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '');
    const from = range === null ? 0 : Number(range[1]);
    const to = range === null || range[2] === '' ? value.size : Math.min(value.size, Number(range[2]) + 1);
    const headers: Record<string, string> = {
      'content-length': String(to - from),
      etag: `"${value.cid}"`,
    };
    if (range !== null) headers['content-range'] = `bytes ${from}-${to - 1}/${value.size}`;
    response.writeHead(range === null ? 200 : 206, headers);
    const breakAt = this.faults.breakDownloadsAt?.shift() ?? Number.POSITIVE_INFINITY;
    let at = 0;
    for (const pieceId of value.pieceIds) {
      const id = toHex(pieceId);
      const stored = this.pieces.get(id)!;
      const piece = this.faults.spoil?.(id, stored) ?? stored;
      const part = piece.subarray(
        Math.min(piece.length, Math.max(0, from - at)),
        Math.min(piece.length, Math.max(0, to - at)),
      );
      if (part.length > 0) await this.faults.beforePiece?.();
      if (response.destroyed) return;
      if (part.length > 0) this.served.push({ id, from: Math.max(0, from - at), length: part.length });
      at += piece.length;
      const left = breakAt - this.#sent(response);
      if (part.length > left) {
        response.write(part.subarray(0, Math.max(0, left)));
        this.bytesServed += Math.max(0, left);
        await new Promise((resolve) => setTimeout(resolve, 30));
        throw 'hang up';
      }
      this.bytesServed += part.length;
      response.sent = this.#sent(response) + part.length;
      if (part.length > 0 && !response.write(part)) {
        await new Promise<void>((resolve) => {
          const go = (): void => {
            response.off('drain', go);
            response.off('close', go);
            resolve();
          };
          response.on('drain', go);
          response.on('close', go);
        });
      }
      if (response.destroyed) return;
    }
    response.end();
  }

  #sent(response: ServerResponse & { sent?: number }): number {
    return response.sent ?? 0;
  }
}

declare module 'node:http' {
  interface ServerResponse {
    sent?: number;
  }
}

async function readAll(request: IncomingMessage): Promise<Uint8Array> {
  const parts: Buffer[] = [];
  for await (const part of request as AsyncIterable<Buffer>) parts.push(part);
  return Buffer.concat(parts);
}
