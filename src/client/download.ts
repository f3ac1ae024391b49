// An object's ciphertext on its way here: manifest, then pieces in order, each checked against its pieceId as it
// completes. A node that sends something else is named and left, and the next one goes on at that piece; a
// broken connection is taken up where it broke.
//
// Trust: the CID the user asks for. A manifest kept from the put is used as it is; one that a node gives is
// checked for its owner's signature and shown as that owner's. The last piece is only given out when the whole
// ciphertext has the CID.

import { cidOfDigest } from '../domain/content/cid.js';
import { checkManifest, type Manifest, manifestKind, pieceLength } from '../domain/content/manifest.js';
import { openSealed } from '../domain/identity/sealed.js';
import { type Cid, equalBytes } from '../domain/model/bytes.js';
import { leafSize } from '../domain/model/constants.js';
import { FileTaoError, toFileTaoError } from '../domain/model/errors.js';
import type { Sha256 } from '../domain/ports/cipher.js';
import { openRange, type RangeShape, rangeBulkLength } from '../domain/protocol/retrieve.js';
import type { ApiNode } from './api-node.js';
import {
  backOffMs,
  defaultRetryPolicy,
  firstContact,
  isRepeatable,
  type RetryPolicy,
  retrying,
  waitBeforeRetry,
} from './retry.js';
import type { ClientRuntime } from './runtime.js';

/** A node that could not give the object, or gave something else under its name. */
export interface NodeFailure {
  /** URL and hotkey of the node. */
  readonly node: string;
  readonly error: FileTaoError;
}

export interface DownloadOptions {
  readonly connection: ApiNode;
  /** Nodes to turn to, in this order, when the first one fails. */
  readonly fallbacks?: readonly ApiNode[];
  readonly runtime: ClientRuntime;
  /** The sealed manifest kept from the put; asked of the node if not given. */
  readonly manifest?: Uint8Array;
  readonly signal?: AbortSignal;
  readonly retry?: RetryPolicy;
  /** Told of every node that failed while another is tried. */
  readonly onNodeFailure?: (failure: NodeFailure) => void;
}

/** A manifest that its owner signed for this object. */
export interface Genuine {
  /** Signature ‖ body. */
  readonly sealed: Uint8Array;
  readonly manifest: Manifest;
}

/** The manifest, or what is wrong with it. */
export function readManifest(sealed: Uint8Array, cid: Cid, runtime: ClientRuntime): Genuine | FileTaoError {
  try {
    const manifest = openSealed(manifestKind, sealed, runtime.verify).value;
    checkManifest(manifest);
    if (manifest.cid === cid) return { sealed, manifest };
    return new FileTaoError('integrity', 'it is of another object');
  } catch (error) {
    return toFileTaoError(error);
  }
}

/** Another node may do better, unless the fault is the user's or the wallet's. */
const isOwnFault = ({ code }: FileTaoError): boolean =>
  code === 'cancelled' || code === 'wrong-wallet' || code === 'wallet-locked' || code === 'bad-cid';

interface Node {
  readonly connection: ApiNode;
  /** URL and hotkey. */
  readonly name: string;
}

export class Download {
  readonly cid: Cid;
  readonly genuine: Genuine;
  readonly #options: DownloadOptions;
  readonly #retry: RetryPolicy;
  #node: Node;
  /** Not tried yet. */
  readonly #others: ApiNode[];

  private constructor(cid: Cid, options: DownloadOptions, genuine: Genuine, node: Node, others: ApiNode[]) {
    this.cid = cid;
    this.#options = options;
    this.#retry = options.retry ?? defaultRetryPolicy;
    this.genuine = genuine;
    this.#node = node;
    this.#others = others;
  }

  /** Finds a node that has the object, and the manifest. Throws what the first node said when none has it. */
  static async start(cid: Cid, options: DownloadOptions): Promise<Download> {
    const others = [options.connection, ...(options.fallbacks ?? [])];
    const failures: FileTaoError[] = [];
    for (let connection = others.shift(); connection !== undefined; connection = others.shift()) {
      try {
        const { node, genuine } = await reach(cid, options, connection);
        return new Download(cid, options, genuine, node, others);
      } catch (thrown) {
        const error = toFileTaoError(thrown);
        if (isOwnFault(error) || options.signal?.aborted === true) throw error;
        failures.push(error);
        if (others.length > 0) options.onNodeFailure?.({ node: connection.url, error });
      }
    }
    // "Nobody has it" only when nobody said anything else.
    throw failures.find(({ code }) => code !== 'not-found') ?? failures[0];
  }

  get manifest(): Manifest {
    return this.genuine.manifest;
  }

  /** URL and hotkey of the node that is asked now. */
  get node(): string {
    return this.#node.name;
  }

  /**
   * Pieces `first` to `last` in order, each verified before it is given; a view that is valid until the next.
   * `digest` has seen all pieces before `first`; with the last piece it must have the CID. null for a part of the
   * object, whose CID nobody can check. `onStart` sees the first bytes as soon as they are there, unverified,
   * until it returns true.
   */
  async *pieces(
    first: number,
    last: number,
    digest: Sha256 | null,
    onStart: (start: Uint8Array) => Promise<boolean> = async () => true,
  ): AsyncGenerator<Uint8Array, void> {
    const { size, pieceSize, pieceIds } = this.manifest;
    const buffer = new Uint8Array(Math.min(pieceSize, size));
    const end = Math.min(size, (last + 1) * pieceSize);
    let reader = new PartReader(this.#received(first * pieceSize, end));
    let looked = false;
    try {
      for (let index = first; index <= last; index++) {
        const piece = buffer.subarray(0, pieceLength(size, pieceSize, index));
        for (;;) {
          try {
            await reader.fill(piece, async (filled) => {
              if (!looked && index === first) looked = await onStart(piece.subarray(0, filled));
            });
            this.#check(piece, index, pieceIds);
            break;
          } catch (error) {
            await reader.end();
            await this.#leaveNode(error);
            reader = new PartReader(this.#received(index * pieceSize, end));
          }
        }
        digest?.update(piece);
        if (digest !== null && index === pieceIds.length - 1) this.checkCid(digest);
        yield piece;
      }
    } finally {
      await reader.end();
    }
  }

  /**
   * Bytes [from, to) of a piece, proved to its pieceId (PROTOCOL 6a), without the rest of it; null where the node gives no
   * proofs, or has not got the object.
   */
  async proved(index: number, from: number, to: number): Promise<Uint8Array | null> {
    const { signal, runtime } = this.#options;
    const { size, pieceSize, pieceIds } = this.manifest;
    const firstChunk = Math.floor(from / leafSize);
    const range: RangeShape = {
      root: pieceIds[index]!,
      size: pieceLength(size, pieceSize, index),
      chunkSize: leafSize,
      firstChunk,
      chunks: Math.ceil(to / leafSize) - firstChunk,
    };
    const length = rangeBulkLength(runtime.core, range);
    const asked = { piece: index, first: firstChunk, chunks: range.chunks };
    for (;;) {
      const { connection } = this.#node;
      try {
        const bulk = await retrying(this.#retry, signal, () =>
          connection.provedRange(this.cid, asked, length, signal),
        );
        const data = openRange(runtime.core, range, bulk);
        if (data === null)
          throw this.damaged(`bytes of piece ${index} of ${pieceIds.length} are not what its owner stored`);
        return data.subarray(from - firstChunk * leafSize, to - firstChunk * leafSize);
      } catch (error) {
        if (toFileTaoError(error).code === 'not-found') return null;
        await this.#leaveNode(error);
      }
    }
  }

  /** The first `length` bytes of the object or all there are, unverified. */
  async start(length: number): Promise<Uint8Array> {
    const end = Math.min(length, this.manifest.size);
    const start = new Uint8Array(end);
    const reader = new PartReader(this.#received(0, end));
    try {
      await reader.fill(start);
      return start;
    } finally {
      await reader.end();
    }
  }

  /** Throws `integrity` unless the digest of all pieces makes the CID. */
  checkCid(digest: Sha256): void {
    if (cidOfDigest(digest.digest()) === this.cid) return;
    throw this.damaged('its pieces agree with the manifest but not with the CID: the manifest is false', {
      falseManifest: true,
    });
  }

  damaged(what: string, more: { readonly falseManifest?: true } = {}): FileTaoError {
    return new FileTaoError(
      'integrity',
      `${this.cid} as ${this.#node.name} sends it is damaged: ${what}; try another API node`,
      { details: { node: this.#node.name, cid: this.cid, ...more } },
    );
  }

  #check(piece: Uint8Array, index: number, pieceIds: readonly Uint8Array[]): void {
    if (equalBytes(this.#options.runtime.hash(piece), pieceIds[index]!)) return;
    throw this.damaged(`piece ${index} of ${pieceIds.length} is not what its owner stored`);
  }

  /** Turns to the next node that has the object; throws `error` when there is none. */
  async #leaveNode(thrown: unknown): Promise<void> {
    const error = toFileTaoError(thrown);
    for (;;) {
      const next = this.#others.shift();
      if (next === undefined || isOwnFault(error) || this.#options.signal?.aborted === true) throw error;
      this.#options.onNodeFailure?.({ node: this.#node.name, error });
      try {
        const info = await next.info(this.#options.signal);
        this.#node = { connection: next, name: nameOf(next, info.hotkey) };
        return;
      } catch (failed) {
        this.#options.onNodeFailure?.({ node: next.url, error: toFileTaoError(failed) });
      }
    }
  }

  /** The ciphertext [from, to) as the node sends it, across broken connections. */
  async *#received(from: number, to: number): AsyncGenerator<Uint8Array, void> {
    const { signal } = this.#options;
    const { connection, name } = this.#node;
    const { size } = this.manifest;
    let at = from;
    for (let attempt = 1; at < to; ) {
      try {
        const stream = await connection.object(this.cid, at, signal, to < size ? to : undefined);
        if (stream.size !== size) {
          await stream.body.return();
          throw this.damaged(`it has ${stream.size} bytes instead of ${size}`);
        }
        let offset = stream.offset;
        for await (const part of stream.body) {
          // A node without ranges begins again: what is here already is passed over.
          const fresh = part.subarray(Math.min(part.length, Math.max(0, at - offset)));
          offset += part.length;
          if (offset > size) throw this.damaged(`it has more than ${size} bytes`);
          if (fresh.length === 0) continue;
          at += fresh.length;
          attempt = 1;
          yield fresh;
          if (at >= to) return;
        }
        if (at < to) throw new FileTaoError('unreachable', `${name} stopped in the middle`);
      } catch (thrown) {
        const error = toFileTaoError(thrown);
        if (!isRepeatable(error) || attempt >= this.#retry.attempts || signal?.aborted === true) throw error;
        await waitBeforeRetry(backOffMs(this.#retry, attempt, error), signal);
        attempt++;
      }
    }
  }
}

/** Fills buffers from a stream of parts of any length. */
class PartReader {
  readonly #parts: AsyncGenerator<Uint8Array, void>;
  #rest: Uint8Array = new Uint8Array(0);

  constructor(parts: AsyncGenerator<Uint8Array, void>) {
    this.#parts = parts;
  }

  async fill(target: Uint8Array, onFilled?: (filled: number) => Promise<void>): Promise<void> {
    for (let filled = 0; filled < target.length; ) {
      if (this.#rest.length === 0) {
        const next = await this.#parts.next();
        if (next.done === true) throw new FileTaoError('integrity', 'the object ends too early');
        this.#rest = next.value;
      }
      const taken = this.#rest.subarray(0, target.length - filled);
      target.set(taken, filled);
      filled += taken.length;
      this.#rest = this.#rest.subarray(taken.length);
      await onFilled?.(filled);
    }
  }

  async end(): Promise<void> {
    await this.#parts.return();
  }
}

async function reach(
  cid: Cid,
  options: DownloadOptions,
  connection: ApiNode,
): Promise<{ readonly node: Node; readonly genuine: Genuine }> {
  const { runtime, signal } = options;
  const retry = options.retry ?? defaultRetryPolicy;
  const { hotkey } = await retrying(firstContact(retry), signal, () => connection.info(signal));
  const node: Node = { connection, name: nameOf(connection, hotkey) };
  const kept = options.manifest === undefined ? null : readManifest(options.manifest, cid, runtime);
  if (kept !== null && !(kept instanceof FileTaoError)) return { node, genuine: kept };
  // A kept manifest that was damaged on disk is no reason to fail: the node's is checked no less.
  const sealed = await retrying(retry, signal, () => connection.manifest(cid, signal));
  const given = readManifest(sealed, cid, runtime);
  if (!(given instanceof FileTaoError)) return { node, genuine: given };
  throw new FileTaoError('integrity', `${node.name} gave a false manifest of ${cid}: ${given.message}`, {
    cause: given,
    details: { node: node.name },
  });
}

const nameOf = ({ url }: ApiNode, hotkey: string): string => `${url} (${hotkey})`;

/** Whether an error says that the manifest itself is false, so that nothing verified by it is worth keeping. */
export const isFalseManifest = ({ details }: FileTaoError): boolean => details.falseManifest === true;
