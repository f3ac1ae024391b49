// Resumable uploads: tus 1.0 (https://tus.io/protocols/resumable-upload) by @tus/server over a store of ours. The library
// speaks the protocol; here its requests are authorised, checksums compared, and its answers told as our problems.

import { createHash, randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { Server as TusServer } from '@tus/server';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { bodyParts, problemOf, retryAfterOf } from '../../adapters/rpc/server.js';
import { contentTypes } from '../../adapters/rpc/wire.js';
import type { AuthorisedRequest } from '../../domain/identity/request.js';
import { checkContent } from '../../domain/identity/request.js';
import { limits } from '../../domain/model/constants.js';
import { type ErrorCode, FileTaoError, toFileTaoError } from '../../domain/model/errors.js';
import { unixSeconds } from '../../domain/ports/clock.js';
import { authorise, callerKey, requireExpiry, requireQuota } from './access.js';
import type { ApiContext } from './context.js';
import type { PieceTerms } from './pieces.js';
import { UploadAssemblies } from './upload-assembly.js';
import type { UploadStore } from './upload-store.js';

export const uploadsPath = '/files';
/** Tells the object an upload has become, once it is stored. */
export const cidHeader = 'Filetao-Cid';
const checksumAlgorithms = ['sha256', 'sha1', 'sha512', 'md5'] as const;
/** Hands the id of a new upload to the library; nobody outside can set it. */
const idHeader = 'filetao-upload-id';

/** Codes of what the library refuses, by its status. */
const codes: Readonly<Record<number, ErrorCode>> = {
  400: 'bad-input',
  403: 'bad-input',
  404: 'not-found',
  409: 'conflict',
  410: 'expired',
  412: 'precondition',
  413: 'too-large',
};

export class Uploads {
  readonly #context: ApiContext;
  readonly #store: UploadStore;
  readonly #assemblies: UploadAssemblies;
  readonly #tus: TusServer;
  readonly #bytesMax: number;

  constructor(context: ApiContext, store: UploadStore) {
    this.#context = context;
    this.#store = store;
    this.#assemblies = new UploadAssemblies(context, store);
    this.#bytesMax = Math.min(context.quotas.objectBytesMax, limits.piecesPerObjectMax * context.pieceSize);
    store.onProgress = (record, offset) => this.#assemblies.advance(record, offset);
    this.#tus = new TusServer({
      path: uploadsPath,
      datastore: store,
      relativeLocation: true,
      maxSize: this.#bytesMax,
      // No page of another site may use a node that its visitor happens to reach.
      allowedOrigins: [],
      namingFunction: (request) => request.headers.get(idHeader) ?? '',
      onUploadFinish: async (_request, { id }) => ({
        headers: { [cidHeader]: await this.#assemblies.finish(id) },
      }),
      onResponseError: (_request, error) => {
        if (!(error instanceof Error)) return undefined;
        const failure = toFileTaoError(error);
        // The library takes text; sendAnswer reads it back.
        return { status_code: failure.status, body: JSON.stringify(failure.toJSON()) };
      },
    });
  }

  /** Goes on with what an earlier run had received and not yet stored, and forgets what has expired; then every minute. */
  start(): void {
    const { background, clock } = this.#context;
    background.start('could not finish an upload', async () => {
      for await (const { id } of this.#store.complete()) {
        background.start('could not store an upload that is all there', async () => {
          await this.#assemblies.finish(id);
        });
      }
    });
    background.start('could not remove expired uploads', async (signal) => {
      while (!signal.aborted) {
        await this.#store.deleteExpired();
        await clock.sleep(60_000, signal).catch(() => {});
      }
    });
  }

  async handle(request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
    if (request.method === 'OPTIONS') {
      reply.header('Tus-Checksum-Algorithm', checksumAlgorithms.join(','));
      return sendAnswer(reply, await this.#tus.handleWeb(webRequest(request, {}, null)));
    }
    const authorised = authorise(this.#context, request);
    const id = request.method === 'POST' ? randomBytes(16).toString('hex') : idIn(request);
    if (request.method === 'POST') await this.#admit(id, request, authorised);
    else await this.#requireOwn(id, authorised, reply);
    const check = this.#checkOf(request, authorised);
    let failure: FileTaoError | null = null;
    const body = this.#checked(bodyParts(request), check, (error) => {
      failure = error;
    });
    const hasBody = request.method === 'POST' || request.method === 'PATCH';
    if (check !== null) this.#store.checked.add(id);
    try {
      const answer = await this.#tus.handleWeb(
        webRequest(request, { [idHeader]: id }, hasBody ? body : null),
      );
      if (failure !== null) throw failure;
      if (request.method === 'DELETE' && answer.status < 300) this.#assemblies.forget(id);
      return await sendAnswer(reply, answer);
    } finally {
      this.#store.checked.delete(id);
      this.#store.creating.delete(id);
    }
  }

  /** Settles what a new upload will be, before anything is written. */
  async #admit(id: string, request: FastifyRequest, authorised: AuthorisedRequest | null): Promise<void> {
    const length = Number(request.headers['upload-length'] ?? Number.NaN);
    const owner = callerKey(this.#context, authorised);
    if (Number.isSafeInteger(length)) await requireQuota(this.#context, owner, length);
    const terms = this.#termsIn(String(request.headers['upload-metadata'] ?? ''));
    this.#store.creating.set(id, { owner, signed: authorised !== null, terms });
  }

  /** Wishes stand in the metadata: `copies`, `min_copies`, and `ttl` (seconds) or `expiry` (unix seconds). */
  #termsIn(metadata: string): PieceTerms {
    const wishes = new Map<string, string>();
    for (const pair of metadata.split(',')) {
      const [name = '', value = ''] = pair.trim().split(' ');
      wishes.set(name, Buffer.from(value, 'base64').toString('utf8'));
    }
    const wish = (name: string, fallback: number, max: number): number => {
      const text = wishes.get(name);
      if (text === undefined) return fallback;
      const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
      if (!(value >= 1 && value <= max))
        throw new FileTaoError('bad-input', `Upload-Metadata ${name}: expected 1 to ${max}`);
      return value;
    };
    const now = unixSeconds(this.#context.clock);
    const copies = wish('copies', this.#context.replicas, limits.replicasMax);
    const ttl = wish('ttl', this.#context.dataTtl, limits.expirySecondsMax);
    const expiry = wish('expiry', now + ttl, 1e12);
    requireExpiry(this.#context, expiry);
    return { copies, minCopies: wish('min_copies', copies, copies), expiry };
  }

  /** An upload that was created signed is gone on with by its signer alone; tells the object it has become. */
  async #requireOwn(id: string, authorised: AuthorisedRequest | null, reply: FastifyReply): Promise<void> {
    const record = await this.#store.record(id);
    if (record === null) throw new FileTaoError('not-found', 'there is no such upload');
    if (record.signed && record.owner !== authorised?.sender)
      throw new FileTaoError('forbidden', 'this upload belongs to another hotkey');
    if (record.cid !== null) reply.header(cidHeader, record.cid);
  }

  /** What the bytes must prove to be at their end, by `Upload-Checksum` and by the signed digest. */
  #checkOf(request: FastifyRequest, authorised: AuthorisedRequest | null): Check | null {
    const header = request.headers['upload-checksum'];
    const checksum = typeof header === 'string' ? checksumIn(header) : null;
    const signed = authorised === null ? null : this.#context.core.createHasher({ kind: 'hash' });
    if (checksum === null && signed === null) return null;
    return {
      update(part) {
        checksum?.hash.update(part);
        signed?.update(part);
      },
      end() {
        if (signed !== null) checkContent(authorised!, signed.digest());
        if (checksum !== null && !checksum.hash.digest().equals(checksum.expected))
          throw new FileTaoError('checksum', 'the bytes are not those of Upload-Checksum: send them again');
      },
    };
  }

  async *#checked(
    parts: AsyncIterable<Uint8Array>,
    check: Check | null,
    onFailure: (error: FileTaoError) => void,
  ): AsyncGenerator<Uint8Array> {
    for await (const part of parts) {
      check?.update(part);
      yield part;
    }
    try {
      check?.end();
    } catch (error) {
      onFailure(toFileTaoError(error));
      throw error;
    }
  }
}

interface Check {
  update(part: Uint8Array): void;
  /** Throws when the bytes are not the promised ones. */
  end(): void;
}

/** `Upload-Checksum: sha256 <base64>`. */
function checksumIn(header: string) {
  const [algorithm = '', encoded = '', ...more] = header.trim().split(/\s+/);
  const known = checksumAlgorithms.find((name) => name === algorithm.toLowerCase());
  if (known === undefined || more.length > 0)
    throw new FileTaoError('bad-input', `Upload-Checksum: expected one of ${checksumAlgorithms.join(', ')}`);
  return { hash: createHash(known), expected: Buffer.from(encoded, 'base64') };
}

const idIn = (request: FastifyRequest): string => (request.params as { id?: string }).id ?? '';

/** The request as the Fetch standard has it, which the library takes. */
function webRequest(
  request: FastifyRequest,
  added: Readonly<Record<string, string>>,
  body: AsyncIterable<Uint8Array> | null,
): Request {
  const headers = new Headers();
  for (const [name, value] of Object.entries({ ...request.headers, ...added }))
    if (value !== undefined) headers.set(name, String(value));
  const url = `http://${request.headers.host ?? 'localhost'}${request.raw.url}`;
  if (!URL.canParse(url)) throw new FileTaoError('bad-input', 'the Host header is no host');
  return new Request(url, {
    method: request.method,
    headers,
    ...(body === null ? {} : { body: Readable.toWeb(Readable.from(body)) as ReadableStream, duplex: 'half' }),
  } as RequestInit);
}

async function sendAnswer(reply: FastifyReply, answer: Response): Promise<unknown> {
  for (const [name, value] of answer.headers)
    if (name !== 'content-length' && name !== 'content-type') reply.header(name, value);
  const text = await answer.text();
  reply.code(answer.status);
  if (answer.status < 400) return reply.send(text === '' ? undefined : text);
  const failure = failureIn(answer.status, text);
  const retryAfter = retryAfterOf(failure);
  if (retryAfter > 0) reply.header('retry-after', String(retryAfter));
  const problem = { ...problemOf(failure), status: answer.status };
  return reply
    .type(contentTypes.problem)
    .serializer((body) => String(body))
    .send(JSON.stringify(problem));
}

function failureIn(status: number, text: string): FileTaoError {
  try {
    return FileTaoError.fromJSON(JSON.parse(text));
  } catch {
    return new FileTaoError(codes[status] ?? 'bad-input', text.trim().slice(0, 300));
  }
}
