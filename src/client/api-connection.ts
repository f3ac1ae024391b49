// The HTTP contract between a user and an API node, from the user's side: one method per route, bodies as
// bytes or streams, every failure a FileTaoError. No retries here (retry.ts), no meaning of the data either.
//
// node:http with a keep-alive agent: it streams both ways with backpressure and needs no dependency.

import { type IncomingMessage, Agent as PlainAgent, request as plainRequest } from 'node:http';
import { Agent as TlsAgent, request as tlsRequest } from 'node:https';
import { frameObject, objectGroupPath, objectGroupType } from '../adapters/rpc/object-group.js';
import { authorise, type RequestMethod, type SignedContent } from '../domain/identity/request.js';
import { type Cid, concatBytes, type PieceId, utf8 } from '../domain/model/bytes.js';
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
  readText,
  type StoredObject,
  type StoredPiece,
  unexpected,
} from './api-answers.js';
import { ObjectGroups } from './object-groups.js';

export interface ObjectStream {
  /** Offset of the first byte that `body` gives. */
  readonly offset: number;
  /** Bytes of the whole object. */
  readonly size: number;
  readonly body: AsyncGenerator<Uint8Array, void>;
}

export interface Timeouts {
  readonly connectMs: number;
  /** Silence while the node is at work on an answer. Storing three replicas of a piece takes its time. */
  readonly answerMs: number;
  /** Silence in the middle of a body. */
  readonly bodyMs: number;
}

export const defaultTimeouts: Timeouts = { connectMs: 10_000, answerMs: 180_000, bodyMs: 60_000 };

export interface ApiConnectionOptions {
  readonly signer: Signer;
  readonly random: Random;
  readonly nowMs: () => number;
  readonly timeouts?: Partial<Timeouts>;
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

/** A connection to one API node. Nothing is sent before the first call. */
export class ApiConnection {
  /** Without a slash at the end; for people too. */
  readonly url: string;
  readonly #base: URL;
  readonly #options: ApiConnectionOptions;
  readonly #timeouts: Timeouts;
  readonly #agent: PlainAgent | TlsAgent;
  readonly #groups = new ObjectGroups((framed, signal) => this.#putGroup(framed, signal));
  #info: NodeInfo | null = null;

  constructor(url: string, options: ApiConnectionOptions) {
    this.#base = parseUrl(url);
    this.url = this.#base.href.replace(/\/$/, '');
    this.#options = options;
    this.#timeouts = { ...defaultTimeouts, ...options.timeouts };
    const agentOptions = { keepAlive: true, maxSockets: 16, scheduling: 'lifo' as const };
    this.#agent =
      this.#base.protocol === 'https:' ? new TlsAgent(agentOptions) : new PlainAgent(agentOptions);
  }

  close(): void {
    this.#agent.destroy();
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
    response.resume();
    if (response.statusCode === 404) return null;
    if (response.statusCode !== 200) throw await this.#failure(response);
    const replicas = Number(response.headers['filetao-replicas']);
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
    return { ...readStored(answer, this.url), cid: readText(answer.cid, 'cid', this.url) };
  }

  /** Stores an object of one small piece, in one request with others that are put at the same time. Throws its own failure. */
  putObject(sealedManifest: Uint8Array, piece: Uint8Array, signal?: AbortSignal): Promise<StoredObject> {
    return this.#groups.put(frameObject(sealedManifest, piece), signal);
  }

  async #putGroup(
    framed: readonly Uint8Array[],
    signal: AbortSignal,
  ): Promise<readonly (StoredObject | FileTaoError)[]> {
    const body = concatBytes(...framed);
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
      return { ...readStored(answer, this.url), cid: readText(answer.cid, 'cid', this.url) };
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
    if (response.statusCode !== 200) throw await this.#failure(response);
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
    const length = Number(response.headers['content-length'] ?? Number.NaN);
    if (response.statusCode === 206) {
      const given = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(response.headers['content-range'] ?? '');
      if (given === null || Number(given[1]) !== offset) {
        response.destroy();
        throw new FileTaoError('integrity', `${this.url} answered another range than it was asked for`);
      }
      return { offset, size: Number(given[3]), body: this.#stream(response, signal) };
    }
    if (response.statusCode !== 200) throw await this.#failure(response);
    if (!Number.isSafeInteger(length)) {
      response.destroy();
      throw new FileTaoError('integrity', `${this.url} does not say how long the object is`);
    }
    return { offset: 0, size: length, body: this.#stream(response, signal) };
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
    if (response.statusCode !== 200) throw await this.#failure(response);
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
  async #call(call: Call): Promise<IncomingMessage> {
    const path = `${this.#base.pathname.replace(/\/$/, '')}${call.route}`;
    const headers: Record<string, string> = { ...call.headers };
    if (call.body !== undefined) headers['content-length'] = String(call.body.length);
    if (call.content !== null) {
      const { genesis, netuid, hotkeyBytes } = await this.info(call.signal);
      const { signer, random, nowMs } = this.#options;
      const { method, content } = call;
      const to = { genesis, netuid, receiver: hotkeyBytes };
      headers.authorization = authorise({ method, path, content }, to, signer, random, nowMs());
    }
    if (call.signal?.aborted === true) throw new FileTaoError('cancelled', 'cancelled');
    return new Promise((resolve, reject) => {
      const send = this.#base.protocol === 'https:' ? tlsRequest : plainRequest;
      const request = send({
        agent: this.#agent,
        protocol: this.#base.protocol,
        hostname: this.#base.hostname.replace(/^\[|\]$/g, ''),
        port: this.#base.port,
        method: call.method,
        path,
        headers,
        ...(call.signal === undefined ? {} : { signal: call.signal }),
      });
      const connectTimer = setTimeout(() => {
        request.destroy(
          new FileTaoError('timeout', `${this.url} does not take the connection: is it the right address?`),
        );
      }, this.#timeouts.connectMs);
      request.on('socket', (socket) => {
        if (socket.connecting) socket.once('connect', () => clearTimeout(connectTimer));
        else clearTimeout(connectTimer);
      });
      request.setTimeout(this.#timeouts.answerMs, () => {
        request.destroy(
          new FileTaoError('timeout', `${this.url} gave no answer for ${this.#timeouts.answerMs / 1000} s`),
        );
      });
      request.on('response', (response) => {
        clearTimeout(connectTimer);
        // From here on silence is measured by whoever reads the body: a slow reader is no fault of the node.
        request.setTimeout(0);
        resolve(response);
      });
      request.on('error', (error) => {
        clearTimeout(connectTimer);
        reject(this.#networkError(error));
      });
      if (call.body === undefined) request.end();
      else request.end(call.body);
    });
  }

  async #json(call: Call): Promise<Readonly<Record<string, unknown>>> {
    const response = await this.#call(call);
    const status = response.statusCode ?? 0;
    if (status < 200 || status > 299) throw await this.#failure(response);
    const body = await this.#readWhole(response, answerBytesMax);
    try {
      const answer: unknown = JSON.parse(new TextDecoder().decode(body));
      if (typeof answer === 'object' && answer !== null) return answer as Record<string, unknown>;
    } catch {
      // said below
    }
    throw unexpected(this.url, 'is not JSON');
  }

  async #readWhole(response: IncomingMessage, bytesMax: number): Promise<Uint8Array> {
    const parts: Uint8Array[] = [];
    let length = 0;
    for await (const part of this.#stream(response, undefined)) {
      length += part.length;
      if (length > bytesMax) throw unexpected(this.url, `has more than ${bytesMax} bytes`);
      parts.push(part);
    }
    return Buffer.concat(parts);
  }

  /** The body's bytes. A body that ends before its Content-Length is a broken connection. */
  async *#stream(
    response: IncomingMessage,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<Uint8Array, void> {
    const iterator = response[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>;
    let timer: NodeJS.Timeout | undefined;
    try {
      for (;;) {
        timer = setTimeout(() => {
          response.destroy(
            new FileTaoError('timeout', `${this.url} sent nothing for ${this.#timeouts.bodyMs / 1000} s`),
          );
        }, this.#timeouts.bodyMs);
        const next = await iterator.next();
        clearTimeout(timer);
        if (next.done === true) return;
        yield next.value;
      }
    } catch (error) {
      if (signal?.aborted === true) throw new FileTaoError('cancelled', 'cancelled', { cause: error });
      throw this.#networkError(error);
    } finally {
      clearTimeout(timer);
      response.destroy();
    }
  }

  /** The error an answer carries: problem+json of RFC 9457, or what the bare status says. */
  async #failure(response: IncomingMessage): Promise<FileTaoError> {
    const status = response.statusCode ?? 0;
    const retryAfter = Number(response.headers['retry-after']);
    const details: Record<string, string | number> = { node: this.url, status };
    if (Number.isFinite(retryAfter) && retryAfter >= 0) details.retryAfterSeconds = retryAfter;
    const isProblem = /^application\/problem\+json\b/.test(response.headers['content-type'] ?? '');
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
    response.destroy();
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

  #networkError(thrown: unknown): FileTaoError {
    const error = toFileTaoError(thrown);
    if (thrown instanceof FileTaoError || error.code === 'cancelled') return error;
    const { code, message } = thrown as { code?: string; message?: string };
    if (
      code === 'ECONNREFUSED' ||
      code === 'ENOTFOUND' ||
      code === 'EHOSTUNREACH' ||
      code === 'ENETUNREACH' ||
      code === 'EAI_AGAIN'
    ) {
      return new FileTaoError(
        'unreachable',
        `no API node at ${this.url} (${code}): start one with 'filetao run api' or name another with --api.url`,
        { cause: thrown, details: { node: this.url } },
      );
    }
    const kind = error.code === 'timeout' ? 'timeout' : 'unreachable';
    return new FileTaoError(
      kind,
      `the connection to ${this.url} broke off (${code ?? message ?? 'unknown'})`,
      {
        cause: thrown,
        details: { node: this.url },
      },
    );
  }
}

function parseUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:') || url.search !== '') {
    throw new FileTaoError(
      'bad-input',
      `'${printable(text).slice(0, 100)}' is not the URL of an API node (http://host:port)`,
    );
  }
  return url;
}
