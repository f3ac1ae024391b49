// Getting an object back: manifest → pieces, each checked against its pieceId as it completes → age → plaintext.
//
// Trust: the CID the user asks for. A manifest kept from the put is used as it is; one that the node gives is
// checked for its owner's signature and shown as that owner's. Plaintext leaves here only from pieces that
// verified, and the last piece only when the whole ciphertext has the CID: whoever keeps the output aside
// until the end (retrieveToFile does) never sees a byte of another object under this name.

import { lstat, open, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { putInPlace } from '../adapters/system/durable-file.js';
import { withFileLock } from '../adapters/system/lock.js';
import { cidOfDigest, objectCid } from '../domain/content/cid.js';
import { checkManifest, type Manifest, manifestKind, pieceLength } from '../domain/content/manifest.js';
import {
  AgeDecryptor,
  ageHeaderLength,
  openHeader,
  payloadNonceSize,
  plaintextSize,
} from '../domain/identity/age-envelope.js';
import { openSealed } from '../domain/identity/sealed.js';
import { encodeSs58 } from '../domain/identity/ss58.js';
import { type Cid, equalBytes, type PublicKey, publicKeyOf } from '../domain/model/bytes.js';
import { FileTaoError, toFileTaoError } from '../domain/model/errors.js';
import type { ApiConnection } from './api-connection.js';
import {
  backOffMs,
  defaultRetryPolicy,
  firstContact,
  isRepeatable,
  type RetryPolicy,
  retrying,
  waitBeforeRetry,
} from './retry.js';
import type { ClientRuntime, UserWallet } from './runtime.js';

export interface RetrieveProgress {
  /** Ciphertext bytes received and verified. */
  readonly bytes: number;
  readonly bytesTotal: number;
  readonly piecesVerified: number;
  readonly piecesTotal: number;
}

export interface RetrieveOptions {
  readonly connection: ApiConnection;
  readonly wallet: UserWallet;
  readonly runtime: ClientRuntime;
  /** The sealed manifest kept from the put; asked of the node if not given. */
  readonly manifest?: Uint8Array;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: RetrieveProgress) => void;
  readonly retry?: RetryPolicy;
}

export interface RetrievedObject {
  readonly cid: Cid;
  /** Hotkey that signed the manifest. */
  readonly owner: PublicKey;
  /** Bytes of the ciphertext. */
  readonly storedSize: number;
  /** Bytes of the plaintext. */
  readonly size: number;
  /** Unix seconds. */
  readonly expiry: number;
  /** The sealed manifest, its signature checked. */
  readonly manifest: Uint8Array;
  /** The plaintext, once. Throws `integrity`. */
  readonly plaintext: AsyncGenerator<Uint8Array, void>;
  /** Drops the connection: for whoever does not read the plaintext to its end. */
  cancel(): Promise<void>;
}

/**
 * Opens an object. When this resolves the wallet can decrypt it; at most its first piece has been downloaded.
 * Throws `bad-cid`, `not-found`, `wrong-wallet`, `integrity`, `unreachable`, ….
 */
export async function retrieve(cidText: string, options: RetrieveOptions): Promise<RetrievedObject> {
  const cid = objectCid(cidText);
  try {
    const download = await Download.start(cid, options);
    return await download.open();
  } catch (error) {
    throw settle(error, options.signal);
  }
}

export interface RetrieveToFileOptions extends RetrieveOptions {
  /** Replace a file that is there. */
  readonly overwrite?: boolean;
}

/**
 * Retrieves into a file that appears when all of it is verified and durable; until then, `<target>.part` holds
 * it, and nothing is left of that when it fails. Throws `exists` without `overwrite`.
 */
export async function retrieveToFile(
  cidText: string,
  target: string,
  options: RetrieveToFileOptions,
): Promise<Omit<RetrievedObject, 'plaintext' | 'cancel'>> {
  objectCid(cidText);
  if (options.overwrite !== true) await refuseExisting(target);
  const part = `${target}.part`;
  return withFileLockIn(target, `${part}.lock`, async () => {
    const { plaintext, cancel, ...object } = await retrieve(cidText, options);
    try {
      await writePart(part, plaintext);
      await putInPlace(part, target, options.overwrite === true);
    } catch (error) {
      await unlink(part).catch(() => {});
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') throw existing(target);
      throw outputError(settle(error, options.signal), target);
    } finally {
      await cancel();
    }
    return object;
  });
}

/** Waits for nobody: a second process writing the same file is told so. */
async function withFileLockIn<Result>(
  target: string,
  lock: string,
  action: () => Promise<Result>,
): Promise<Result> {
  try {
    return await withFileLock(lock, action, { waitMs: 0 });
  } catch (error) {
    throw outputError(error, target);
  }
}

/** Bytes gathered before they are written: one system call per MiB. */
const writeSize = 1024 * 1024;

async function writePart(part: string, plaintext: AsyncIterable<Uint8Array>): Promise<void> {
  // Left by a process that died. Made anew, never followed: a link by that name leads elsewhere.
  await unlink(part).catch(() => {});
  const file = await open(part, 'wx');
  try {
    let pending: Uint8Array[] = [];
    let length = 0;
    const flush = async (): Promise<void> => {
      for (let left = pending; left.length > 0; ) {
        const { bytesWritten } = await file.writev(left);
        left = after(left, bytesWritten);
      }
      pending = [];
      length = 0;
    };
    for await (const chunk of plaintext) {
      pending.push(chunk);
      length += chunk.length;
      if (length >= writeSize) await flush();
    }
    await flush();
    await file.sync();
  } finally {
    await file.close();
  }
}

/** What is left of the parts when their first `written` bytes are gone. */
function after(parts: readonly Uint8Array[], written: number): Uint8Array[] {
  const left: Uint8Array[] = [];
  for (const part of parts) {
    if (written < part.length) left.push(part.subarray(written));
    written = Math.max(0, written - part.length);
  }
  return left;
}

/** A manifest that its owner signed for this object. */
class Genuine {
  readonly sealed: Uint8Array;
  readonly manifest: Manifest;

  constructor(sealed: Uint8Array, manifest: Manifest) {
    this.sealed = sealed;
    this.manifest = manifest;
  }
}

/** The manifest, or what is wrong with it. */
function readManifest(sealed: Uint8Array, cid: Cid, runtime: ClientRuntime): Genuine | FileTaoError {
  try {
    const manifest = openSealed(manifestKind, sealed, runtime.verify).value;
    checkManifest(manifest);
    if (manifest.cid === cid) return new Genuine(sealed, manifest);
    return new FileTaoError('integrity', 'it is of another object');
  } catch (error) {
    return toFileTaoError(error);
  }
}

/** One object on its way here. */
class Download {
  readonly #cid: Cid;
  readonly #options: RetrieveOptions;
  readonly #retry: RetryPolicy;
  readonly #sealed: Uint8Array;
  readonly #manifest: Manifest;
  readonly #node: string;

  private constructor(cid: Cid, options: RetrieveOptions, { sealed, manifest }: Genuine, node: string) {
    this.#cid = cid;
    this.#options = options;
    this.#retry = options.retry ?? defaultRetryPolicy;
    this.#sealed = sealed;
    this.#manifest = manifest;
    this.#node = node;
  }

  static async start(cid: Cid, options: RetrieveOptions): Promise<Download> {
    const { connection, runtime, signal } = options;
    const retry = options.retry ?? defaultRetryPolicy;
    const info = await retrying(firstContact(retry), signal, () => connection.info(signal));
    const node = `${connection.url} (${info.hotkey})`;
    const kept = options.manifest === undefined ? null : readManifest(options.manifest, cid, runtime);
    if (kept instanceof Genuine) return new Download(cid, options, kept, node);
    // A kept manifest that was damaged on disk is no reason to fail: the node's is checked no less.
    const sealed = await retrying(retry, signal, () => connection.manifest(cid, signal));
    const manifest = readManifest(sealed, cid, runtime);
    if (manifest instanceof Genuine) return new Download(cid, options, manifest, node);
    throw new FileTaoError('integrity', `${node} gave a false manifest of ${cid}: ${manifest.message}`, {
      cause: manifest,
      details: { node },
    });
  }

  /** Reads as far as the age header and opens it. */
  async open(): Promise<RetrievedObject> {
    const { wallet } = this.#options;
    const identity = await wallet.ageIdentity();
    const pieces = this.#verifiedPieces((start) => this.#refuseForeign(start, identity));
    try {
      const first = await pieces.next();
      if (first.done === true) throw this.#damaged('the object is empty, which no encrypted file is');
      const headerLength = ageHeaderLength(first.value);
      if (headerLength === null || first.value.length < headerLength + payloadNonceSize) {
        throw this.#damaged('its first piece is too short for an age file');
      }
      const fileKey = await this.#openHeader(first.value.subarray(0, headerLength), identity);
      const size = plaintextSize(headerLength, this.#manifest.size);
      return {
        cid: this.#cid,
        owner: publicKeyOf(this.#manifest.owner),
        storedSize: this.#manifest.size,
        size,
        expiry: this.#manifest.expiry,
        manifest: this.#sealed,
        plaintext: this.#plaintext(first.value, headerLength, fileKey, pieces),
        cancel: async () => {
          await pieces.return();
        },
      };
    } catch (error) {
      await pieces.return();
      throw error;
    }
  }

  async *#plaintext(
    first: Uint8Array,
    headerLength: number,
    fileKey: Uint8Array,
    pieces: AsyncGenerator<Uint8Array, void>,
  ): AsyncGenerator<Uint8Array, void> {
    try {
      const payloadAt = headerLength + payloadNonceSize;
      const nonce = first.slice(headerLength, payloadAt);
      const decryptor = new AgeDecryptor(this.#options.runtime.cipher, fileKey, nonce);
      yield* decryptor.push(first.subarray(payloadAt));
      for await (const piece of pieces) yield* decryptor.push(piece);
      const last = decryptor.finish();
      if (last.length > 0) yield last;
    } catch (error) {
      throw settle(error, this.#options.signal);
    } finally {
      await pieces.return();
    }
  }

  /**
   * The object's pieces in order, each verified before it is given; valid until the next. The last is given
   * only when the whole ciphertext has the CID. A broken connection is taken up where it broke.
   * `onStart` sees the first bytes as soon as they are there, unverified.
   */
  async *#verifiedPieces(onStart: (start: Uint8Array) => Promise<boolean>): AsyncGenerator<Uint8Array, void> {
    const { runtime } = this.#options;
    const { size, pieceSize, pieceIds } = this.#manifest;
    const sha256 = runtime.cipher.sha256();
    const buffer = new Uint8Array(Math.min(pieceSize, size));
    const received = this.#received();
    let looked = false;
    let rest: Uint8Array = new Uint8Array(0);
    try {
      for (let index = 0; index < pieceIds.length; index++) {
        const piece = buffer.subarray(0, pieceLength(size, pieceSize, index));
        for (let filled = 0; filled < piece.length; ) {
          if (rest.length === 0) {
            const next = await received.next();
            if (next.done === true) throw this.#damaged(`it ends within piece ${index}`);
            rest = next.value;
          }
          const taken = rest.subarray(0, piece.length - filled);
          piece.set(taken, filled);
          filled += taken.length;
          rest = rest.subarray(taken.length);
          if (!looked && index === 0) looked = await onStart(piece.subarray(0, filled));
        }
        sha256.update(piece);
        if (!equalBytes(runtime.hash(piece), pieceIds[index]!)) {
          throw this.#damaged(`piece ${index} of ${pieceIds.length} is not what its owner stored`);
        }
        const last = index === pieceIds.length - 1;
        if (last && cidOfDigest(sha256.digest()) !== this.#cid) {
          throw this.#damaged(
            'its pieces agree with the manifest but not with the CID: the manifest is false',
          );
        }
        this.#options.onProgress?.({
          bytes: index * pieceSize + piece.length,
          bytesTotal: size,
          piecesVerified: index + 1,
          piecesTotal: pieceIds.length,
        });
        yield piece;
      }
    } finally {
      await received.return();
    }
  }

  /** The ciphertext as the node sends it, exactly `size` bytes, across broken connections. */
  async *#received(): AsyncGenerator<Uint8Array, void> {
    const { connection, signal } = this.#options;
    const { size } = this.#manifest;
    let at = 0;
    for (let attempt = 1; at < size; ) {
      try {
        const stream = await connection.object(this.#cid, at, signal);
        if (stream.size !== size) {
          await stream.body.return();
          throw this.#damaged(`it has ${stream.size} bytes instead of ${size}`);
        }
        let offset = stream.offset;
        for await (const part of stream.body) {
          // A node without ranges begins again: what is here already is passed over.
          const fresh = part.subarray(Math.min(part.length, Math.max(0, at - offset)));
          offset += part.length;
          if (offset > size) throw this.#damaged(`it has more than ${size} bytes`);
          if (fresh.length === 0) continue;
          at += fresh.length;
          attempt = 1;
          yield fresh;
        }
        if (at < size) throw new FileTaoError('unreachable', `${this.#node} stopped in the middle`);
      } catch (thrown) {
        const error = toFileTaoError(thrown);
        if (!isRepeatable(error) || attempt >= this.#retry.attempts || signal?.aborted === true) throw error;
        await waitBeforeRetry(backOffMs(this.#retry, attempt, error), signal);
        attempt++;
      }
    }
  }

  /**
   * Looks at the age header before the first piece is complete, so that somebody else's object is not
   * downloaded first. These bytes are not verified yet: where the manifest is our own, a header that does not
   * open may be damage, and the verified piece decides.
   */
  async #refuseForeign(start: Uint8Array, identity: string): Promise<boolean> {
    const ours = equalBytes(this.#manifest.owner, this.#options.wallet.hotkey.publicKey);
    if (ours) return true;
    const end = ageHeaderLength(start);
    if (end === null) return false;
    await this.#openHeader(start.subarray(0, end), identity);
    return true;
  }

  async #openHeader(header: Uint8Array, identity: string): Promise<Uint8Array> {
    try {
      return await openHeader(header, identity);
    } catch (error) {
      if (!(error instanceof FileTaoError) || error.code !== 'wrong-wallet') throw error;
      const owner = encodeSs58(this.#manifest.owner);
      throw new FileTaoError(
        'wrong-wallet',
        `wallet '${this.#options.wallet.name}' cannot decrypt ${this.#cid}, which ${owner} put: name the wallet it was put with (--wallet.name)`,
        { cause: error, details: { owner } },
      );
    }
  }

  #damaged(what: string): FileTaoError {
    return new FileTaoError(
      'integrity',
      `${this.#cid} as ${this.#node} sends it is damaged: ${what}; try another API node`,
      { details: { node: this.#node, cid: this.#cid } },
    );
  }
}

async function refuseExisting(target: string): Promise<void> {
  try {
    await lstat(target);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // Whatever else is wrong shows when the file is made.
    if (code === 'ENOENT' || code === 'ENOTDIR') return;
  }
  throw existing(target);
}

const existing = (target: string): FileTaoError =>
  new FileTaoError('exists', `${target} exists: choose another name with -o, or replace it with --overwrite`);

/** Errors of the output file as a sentence that names it. */
function outputError(thrown: unknown, target: string): FileTaoError {
  if (thrown instanceof FileTaoError && !(thrown.cause instanceof Error && 'syscall' in thrown.cause)) {
    return thrown;
  }
  const error = toFileTaoError(thrown);
  const { code, syscall } = ((error.cause ?? thrown) as NodeJS.ErrnoException) ?? {};
  if (syscall === undefined || syscall === 'connect' || syscall === 'getaddrinfo') return error;
  if (code === 'ENOENT' || code === 'ENOTDIR') {
    return new FileTaoError('not-found', `there is no folder ${dirname(target)} to write to`, {
      cause: thrown,
    });
  }
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') {
    return new FileTaoError('forbidden', `${dirname(target)} may not be written to`, { cause: thrown });
  }
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new FileTaoError('full', `no space is left for ${target}`, { cause: thrown });
  }
  return error;
}

function settle(thrown: unknown, signal: AbortSignal | undefined): FileTaoError {
  if (signal?.aborted === true) return new FileTaoError('cancelled', 'cancelled', { cause: thrown });
  return toFileTaoError(thrown);
}
