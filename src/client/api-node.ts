// The HTTP contract between a user and an API node, from the user's side: one method per route, bodies as
// bytes or streams, every failure a FileTaoError. No retries here (retry.ts), no meaning of the data either. How the
// bytes travel is the transport's affair (http-transport.ts).

import { frameObject, objectGroupPath, objectGroupType } from '../domain/content/object-group.js';
import { authorise, type RequestMethod, type SignedContent } from '../domain/identity/request.js';
import { type Cid, joinBytes, type PieceId, utf8 } from '../domain/model/bytes.js';
import { limits } from '../domain/model/constants.js';
import { type ErrorCode, FileTaoError, toFileTaoError } from '../domain/model/errors.js';
import type { Random } from '../domain/ports/random.js';
import type { Signer } from '../domain/ports/signer.js';
import {
  type NodeInfo,
  type ObjectPage,
  type ObjectStatus,
  printable,
  readInfo,
  readPage,
  readStatus,
  readStored,
  readStoredObject,
  type StoredObject,
  type StoredPiece,
  unexpected,
} from './api-answers.js';
import type { HttpAnswer, HttpTransport } from './http-transport.js';
import { ObjectGroups } from './object-groups.js';

export interface ObjectStream {
  /** Offset of the first byte that `body` gives. */
  readonly offset: number;
  /** Bytes of the whole object. */
  readonly size: number;
  readonly body: AsyncGenerator<Uint8Array, void>;
}

export interface ApiNodeOptions {
  readonly signer: Signer;
  readonly random: Random;
  readonly nowMs: () => number;
  /** The network the user means: a node of another one is refused before anything is signed for it. */
  readonly expect?: { readonly network: string; readonly netuid: number };
  /** Throws when this node is not to be used; asked once, before anything is signed for it. */
  readonly accept?: (info: NodeInfo) => void;
}

const answerBytesMax = 4 * 1024 * 1024;
/** Objects of one page. */
const pageSize = 1000;
const manifestType = 'application/vnd.filetao.manifest';

interface Call {
  readonly method: RequestMethod;
  readonly route: string;
  /** `null`: not signed (the node's own description). */
  readonly content: SignedContent | null;
  readonly body?: Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal | undefined;
}

/** One API node, as its users call it. Nothing is sent before the first call. */
export class ApiNode {
  /** Without a slash at the end; for people too. */
  readonly url: string;
  readonly #base: URL;
  readonly #options: ApiNodeOptions;
  readonly #transport: HttpTransport;
  readonly #groups = new ObjectGroups((framed, signal) => this.#putGroup(framed, signal));
  #info: NodeInfo | null = null;

  /** @param url as `nodeUrl` gives it */
  constructor(url: URL, transport: HttpTransport, options: ApiNodeOptions) {
    this.#base = url;
    this.url = printableUrl(url);
    this.#options = options;
    this.#transport = transport;
  }

  close(): void {
    this.#transport.close();
  }

  /** Who the node is and how it stores. Asked once per connection. */
  async info(signal?: AbortSignal): Promise<NodeInfo> {
    if (this.#info !== null) return this.#info;
    const answer = await this.#json({ method: 'GET', route: '/v1/info', content: null, signal });
    const info = readInfo(answer, this.url);
    const { expect } = this.#options;
    if (expect !== undefined && (expect.network !== info.network || expect.netuid !== info.netuid)) {
      throw new FileTaoError(
        'wrong-network',
        `${this.url} is on network ${info.network}, subnet ${info.netuid}, not on ${expect.network}, subnet ${expect.netuid}: set --subtensor.network and --netuid, or --api.url`,
      );
    }
    this.#options.accept?.(info);
    this.#info = info;
    return info;
  }

  /** Verified, durable replicas of a piece, or null when there are fewer than `copies`. */
  async confirmedReplicas(pieceId: PieceId, copies: number, signal?: AbortSignal): Promise<number | null> {
    const route = `/pieces/${pieceId}?copies=${copies}`;
    const response = await this.#call({ method: 'HEAD', route, content: 'named', signal });
    if (response.status !== 200 && response.status !== 404) throw await this.#failure(response);
    await this.#readWhole(response, 0);
    if (response.status === 404) return null;
    const replicas = Number(response.header('filetao-replicas'));
    return Number.isSafeInteger(replicas) && replicas >= copies ? replicas : null;
  }

  async putPiece(
    pieceId: PieceId,
    piece: Uint8Array,
    terms: { readonly expiry: number; readonly copies: number },
    signal?: AbortSignal,
  ): Promise<StoredPiece> {
    const answer = await this.#json({
      method: 'PUT',
      route: `/pieces/${pieceId}?expiry=${terms.expiry}&copies=${terms.copies}`,
      content: 'named',
      body: piece,
      headers: { 'content-type': 'application/octet-stream' },
      signal,
    });
    return readStored(answer, this.url);
  }

  async postObject(sealedManifest: Uint8Array, signal?: AbortSignal): Promise<StoredObject> {
    const answer = await this.#json({
      method: 'POST',
      route: '/objects',
      content: sealedManifest,
      body: sealedManifest,
      headers: { 'content-type': manifestType },
      signal,
    });
    return readStoredObject(answer, this.url);
  }

  /** Stores an object of one small piece, in one request with others that are put at the same time. Throws its own failure. */
  putObject(sealedManifest: Uint8Array, piece: Uint8Array, signal?: AbortSignal): Promise<StoredObject> {
    return this.#groups.put(frameObject(sealedManifest, piece), signal);
  }

  async #putGroup(
    framed: readonly Uint8Array[],
    signal: AbortSignal,
  ): Promise<readonly (StoredObject | FileTaoError)[]> {
    const body = joinBytes(framed);
    const { objects } = await this.#json({
      method: 'POST',
      route: objectGroupPath,
      content: body,
      body,
      headers: { 'content-type': objectGroupType },
      signal,
    });
    if (!Array.isArray(objects) || objects.length !== framed.length)
      throw unexpected(this.url, "has no usable 'objects'");
    return objects.map((entry: unknown) => {
      const answer = (entry ?? {}) as Readonly<Record<string, unknown>>;
      if (answer.code !== undefined)
        return FileTaoError.fromJSON({ code: answer.code, message: answer.detail });
      return readStoredObject(answer, this.url);
    });
  }

  /** The sealed manifest as the owner signed it; not checked here. */
  async manifest(cid: Cid, signal?: AbortSignal): Promise<Uint8Array> {
    const response = await this.#call({
      method: 'GET',
      route: `/objects/${cid}/manifest`,
      content: new Uint8Array(0),
      headers: { accept: manifestType },
      signal,
    });
    if (response.status !== 200) throw await this.#failure(response);
    return this.#readWhole(response, limits.manifestBytesMax);
  }

  /**
   * The object's bytes from `offset` on, up to `end` if given, unverified. A node that knows no ranges begins
   * at 0: look at the answer's `offset`. End the iteration early to drop the connection.
   */
  async object(cid: Cid, offset: number, signal?: AbortSignal, end?: number): Promise<ObjectStream> {
    const isPart = offset > 0 || end !== undefined;
    const range = `bytes=${offset}-${end === undefined ? '' : end - 1}`;
    const response = await this.#call({
      method: 'GET',
      route: `/objects/${cid}`,
      content: new Uint8Array(0),
      headers: isPart ? { range, 'if-match': `"${cid}"` } : {},
      signal,
    });
    const length = Number(response.header('content-length') ?? Number.NaN);
    if (response.status === 206) {
      const given = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(response.header('content-range') ?? '');
      if (given === null || Number(given[1]) !== offset) {
        response.drop();
        throw new FileTaoError('integrity', `${this.url} answered another range than it was asked for`);
      }
      return { offset, size: Number(given[3]), body: response.body };
    }
    if (response.status !== 200) throw await this.#failure(response);
    if (!Number.isSafeInteger(length)) {
      response.drop();
      throw new FileTaoError('integrity', `${this.url} does not say how long the object is`);
    }
    return { offset: 0, size: length, body: response.body };
  }

  /** Chunks of 1 KiB of one piece and their multiproof, `length` bytes in all; not checked here. */
  async provedRange(
    cid: Cid,
    range: { readonly piece: number; readonly first: number; readonly chunks: number },
    length: number,
    signal?: AbortSignal,
  ): Promise<Uint8Array> {
    const { piece, first, chunks } = range;
    const response = await this.#call({
      method: 'GET',
      route: `/objects/${cid}/proof?piece=${piece}&first=${first}&chunks=${chunks}`,
      content: new Uint8Array(0),
      signal,
    });
    if (response.status !== 200) throw await this.#failure(response);
    return this.#readWhole(response, length);
  }

  /** Health of an object: replicas, proofs, miners. */
  async status(cid: Cid, signal?: AbortSignal): Promise<ObjectStatus> {
    return readStatus(await this.request('GET', `/objects/${cid}/status`, undefined, signal), this.url);
  }

  /** One page of what this connection's hotkey has put. */
  async list(cursor: string | null, signal?: AbortSignal): Promise<ObjectPage> {
    const query = cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`;
    const answer = await this.request('GET', `/objects?limit=${pageSize}${query}`, undefined, signal);
    return readPage(answer, this.url);
  }

  /** Removes an object of this connection's hotkey. */
  async remove(cid: Cid, signal?: AbortSignal): Promise<void> {
    await this.request('DELETE', `/objects/${cid}`, undefined, signal);
  }

  /** Any route that takes and answers JSON, signed. Throws the error that the node answers. */
  async request(
    method: RequestMethod,
    route: string,
    body?: unknown,
    signal?: AbortSignal,
  ): Promise<Readonly<Record<string, unknown>>> {
    const content = body === undefined ? new Uint8Array(0) : utf8(JSON.stringify(body));
    return this.#json({
      method,
      route,
      content,
      ...(body === undefined ? {} : { body: content, headers: { 'content-type': 'application/json' } }),
      signal,
    });
  }

  /** Sends a request and resolves with the head of the answer. */
  async #call(call: Call): Promise<HttpAnswer> {
    const path = `${this.#base.pathname.replace(/\/$/, '')}${call.route}`;
    const headers: Record<string, string> = { ...call.headers };
    if (call.content !== null) {
      const { genesis, netuid, hotkeyBytes } = await this.info(call.signal);
      const { signer, random, nowMs } = this.#options;
      const { method, content } = call;
      const to = { genesis, netuid, receiver: hotkeyBytes };
      headers.authorization = authorise({ method, path, content }, to, signer, random, nowMs());
    }
    if (call.signal?.aborted === true) throw new FileTaoError('cancelled', 'cancelled');
    const { method, body, signal } = call;
    return this.#transport.send({ method, path, headers, body, signal });
  }

  async #json(call: Call): Promise<Readonly<Record<string, unknown>>> {
    const response = await this.#call(call);
    if (response.status < 200 || response.status > 299) throw await this.#failure(response);
    const body = await this.#readWhole(response, answerBytesMax);
    try {
      const answer: unknown = JSON.parse(new TextDecoder().decode(body));
      if (typeof answer === 'object' && answer !== null) return answer as Record<string, unknown>;
    } catch {
      // said below
    }
    throw unexpected(this.url, 'is not JSON');
  }

  async #readWhole(response: HttpAnswer, bytesMax: number): Promise<Uint8Array> {
    const parts: Uint8Array[] = [];
    let length = 0;
    for await (const part of response.body) {
      length += part.length;
      if (length > bytesMax) throw unexpected(this.url, `has more than ${bytesMax} bytes`);
      parts.push(part);
    }
    return joinBytes(parts);
  }

  /** The error an answer carries: problem+json of RFC 9457, or what the bare status says. */
  async #failure(response: HttpAnswer): Promise<FileTaoError> {
    const { status } = response;
    const retryAfter = Number(response.header('retry-after') ?? Number.NaN);
    const details: Record<string, string | number> = { node: this.url, status };
    if (Number.isFinite(retryAfter) && retryAfter >= 0) details.retryAfterSeconds = retryAfter;
    const isProblem = /^application\/problem\+json\b/.test(response.header('content-type') ?? '');
    if (isProblem) {
      try {
        const body = await this.#readWhole(response, answerBytesMax);
        const { code, detail, title } = JSON.parse(new TextDecoder().decode(body)) as Record<string, unknown>;
        const said = FileTaoError.fromJSON({ code, message: detail ?? title });
        return new FileTaoError(said.code, said.message, { details });
      } catch (error) {
        const broken = toFileTaoError(error);
        if (broken.code !== 'internal') return broken;
      }
    }
    response.drop();
    const codes: Readonly<Record<number, ErrorCode>> = {
      401: 'unauthorised',
      403: 'forbidden',
      404: 'not-found',
      413: 'too-large',
      429: 'busy',
      502: 'unreachable',
      503: 'busy',
      504: 'timeout',
    };
    const code = codes[status] ?? 'bad-message';
    return new FileTaoError(
      code,
      `${this.url} answered ${status}: is it the address of a FileTAO API node?`,
      {
        details,
      },
    );
  }
}

/** Throws `bad-input` for anything but http(s) without a query. */
export function nodeUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:') || url.search !== '') {
    throw new FileTaoError(
      'bad-input',
      `'${printable(text).slice(0, 100)}' is not the URL of an API node (http://host:port)`,
    );
  }
  return url;
}

/** Without a slash at the end; for people too. */
export const printableUrl = (url: URL): string => url.href.replace(/\/$/, '');
