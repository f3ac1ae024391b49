// Getting an object back into a file, which appears when all of it is verified and durable. Until then it grows
// beside the target (partial-file.ts), and the same retrieval after an interruption goes on there.

import { lstat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { withFileLock } from '../adapters/system/lock.js';
import { objectCid } from '../domain/content/cid.js';
import { AgeChunks, AgeDecryptor, ageChunkSize } from '../domain/identity/age-envelope.js';
import { FileTaoError, toFileTaoError } from '../domain/model/errors.js';
import type { Sha256 } from '../domain/ports/cipher.js';
import { Download, isFalseManifest } from './download.js';
import { type Checkpoint, PartialFile, type PartState } from './partial-file.js';
import { factsOf, type ObjectFacts, type RetrieveOptions, reportPiece, settle } from './retrieve.js';
import { openSeal, payloadNonceOf, refuseForeign, type Seal } from './sealing.js';

export interface RetrieveToFileOptions extends RetrieveOptions {
  /** Replace a file that is there. */
  readonly overwrite?: boolean;
}

export interface RetrievedToFile extends ObjectFacts {
  /** Bytes of the object that an earlier try had brought. */
  readonly bytesKept: number;
}

/** Throws `exists` without `overwrite`, `conflict` while another process writes the same file, and as `retrieve`. */
export async function retrieveToFile(
  cidText: string,
  target: string,
  options: RetrieveToFileOptions,
): Promise<RetrievedToFile> {
  objectCid(cidText);
  if (options.overwrite !== true) await refuseExisting(target);
  const part = new PartialFile(target);
  return withLock(target, `${part.path}.lock`, async () => {
    try {
      return await new Retrieval(cidText, part, options).run(target);
    } finally {
      await part.close();
    }
  });
}

/** Waits for nobody: a second process writing the same file is told so. */
async function withLock<Result>(
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

/** A file that is written whole and then gets its name; nothing of it is left when `fill` fails. */
export async function writeNewFile<Result>(
  target: string,
  { overwrite, signal }: { readonly overwrite: boolean; readonly signal?: AbortSignal | undefined },
  fill: (append: (part: Uint8Array) => Promise<void>) => Promise<Result>,
): Promise<Result> {
  if (!overwrite) await refuseExisting(target);
  const part = new PartialFile(target);
  return withLock(target, `${part.path}.lock`, async () => {
    try {
      await part.begin();
      const result = await fill((data) => part.append([data]));
      await part.finish(target, overwrite);
      return result;
    } catch (thrown) {
      await part.remove();
      if ((thrown as NodeJS.ErrnoException).code === 'EEXIST') throw existing(target);
      throw outputError(settle(thrown, signal), target);
    }
  });
}

/** Bytes gathered before they are written: one system call per MiB. */
const writeSize = 1024 * 1024;

class Retrieval {
  readonly #cid: string;
  readonly #part: PartialFile;
  readonly #options: RetrieveToFileOptions;
  /** Pieces that the next try will not ask for. */
  #kept = 0;

  constructor(cid: string, part: PartialFile, options: RetrieveToFileOptions) {
    this.#cid = cid;
    this.#part = part;
    this.#options = options;
  }

  async run(target: string): Promise<RetrievedToFile> {
    let download: Download;
    try {
      download = await Download.start(objectCid(this.#cid), this.#options);
    } catch (error) {
      // What is there already stays for the next try.
      throw settle(error, this.#options.signal);
    }
    try {
      const facts = await this.#fill(download);
      await this.#part.finish(target, this.#options.overwrite === true);
      return facts;
    } catch (thrown) {
      throw await this.#failed(thrown, target, download);
    }
  }

  async #fill(download: Download): Promise<RetrievedToFile> {
    const { pieceIds, size, pieceSize } = download.manifest;
    const { seal, from, digest } = await this.#resume(download);
    this.#kept = from.pieces;
    if (from.pieces > 0) reportPiece(download, from.pieces, this.#options);
    const bytesKept = Math.min(size, from.pieces * pieceSize);
    if (pieceIds.length === 0) {
      download.checkCid(digest);
      return { ...factsOf(download, null), bytesKept };
    }
    let sink = from.pieces === 0 ? null : new Sink(this.#part, seal, this.#options, from);
    let opened = seal;
    const onStart = (start: Uint8Array): Promise<boolean> => refuseForeign(start, download, this.#options);
    let verified = from.pieces;
    if (verified === pieceIds.length) download.checkCid(digest);
    for await (const piece of download.pieces(
      from.pieces,
      pieceIds.length - 1,
      digest,
      verified === 0 ? onStart : undefined,
    )) {
      if (sink === null) {
        opened = await openSeal(piece, download, this.#options);
        sink = new Sink(this.#part, opened, this.#options, from);
      }
      await sink.take(piece);
      verified++;
      if (pieceIds.length > 1) {
        const state: PartState = {
          pieces: verified,
          head: opened?.head ?? new Uint8Array(0),
          tail: sink.tail,
        };
        await this.#part.record(download.cid, state);
        this.#kept = verified;
      }
      reportPiece(download, verified, this.#options);
    }
    await sink?.finish();
    const facts = factsOf(download, opened);
    if (this.#part.length !== facts.size) throw download.damaged(`it holds ${this.#part.length} bytes`);
    return { ...facts, bytesKept };
  }

  /** Where to begin: behind the pieces of an earlier try that verify, or at the beginning. */
  async #resume(
    download: Download,
  ): Promise<{ readonly seal: Seal | null; readonly from: Checkpoint; readonly digest: Sha256 }> {
    const { runtime, decrypt } = this.#options;
    const digest = runtime.cipher.sha256();
    const state = await this.#part.earlier(download.cid);
    if (state !== null) {
      try {
        const seal = state.head.length === 0 ? null : await openSeal(state.head, download, this.#options);
        const isWanted = (seal === null) === (state.head.length === 0);
        const headIsWhole = seal === null || seal.head.length === state.head.length;
        if (isWanted && headIsWhole) {
          await this.#part.reopen();
          const chunks =
            seal === null ? null : new AgeChunks(runtime.cipher, seal.fileKey, payloadNonceOf(seal));
          const from = await this.#part.verified(download, state, seal, runtime.hash, chunks, digest);
          const isPlain = seal === null && decrypt !== false;
          if (from.pieces > 0 && !(isPlain && (await this.#part.beginsSealed()))) {
            await this.#part.goOnFrom(from);
            return { seal, from, digest };
          }
        }
      } catch (error) {
        if (toFileTaoError(error).code === 'wallet-locked') throw error;
        // Damaged, or for another wallet: it is fetched anew.
      }
    }
    await this.#part.begin();
    return {
      seal: null,
      from: { pieces: 0, plaintext: 0, tail: new Uint8Array(0) },
      digest: runtime.cipher.sha256(),
    };
  }

  /** What to say, having kept or removed what has come so far. */
  async #failed(thrown: unknown, target: string, download: Download): Promise<FileTaoError> {
    const taken = (thrown as NodeJS.ErrnoException).code === 'EEXIST' && !(thrown instanceof FileTaoError);
    const error = taken ? existing(target) : outputError(settle(thrown, this.#options.signal), target);
    if (this.#kept === 0 || taken || isFalseManifest(error)) {
      await this.#part.remove();
      return error;
    }
    const kept = `${this.#kept} of ${download.manifest.pieceIds.length} pieces are kept in ${this.#part.path}: the same command goes on`;
    return new FileTaoError(error.code, `${error.message} (${kept})`, {
      cause: error.cause ?? error,
      details: { ...error.details, pieces: this.#kept },
    });
  }
}

/** Pieces into the part, decrypted where they are sealed. */
class Sink {
  readonly #part: PartialFile;
  readonly #decryptor: AgeDecryptor | null;
  /** Bytes of the head still to pass over. */
  #head: number;

  constructor(part: PartialFile, seal: Seal | null, { runtime }: RetrieveToFileOptions, from: Checkpoint) {
    this.#part = part;
    this.#head = from.pieces === 0 ? (seal?.head.length ?? 0) : 0;
    if (seal === null) this.#decryptor = null;
    else {
      const { cipher } = runtime;
      // Made of whole age chunks, so their number follows from the length.
      const opened = from.plaintext / ageChunkSize;
      this.#decryptor = new AgeDecryptor(cipher, seal.fileKey, payloadNonceOf(seal), opened);
      for (const _ of this.#decryptor.push(from.tail))
        throw new FileTaoError('internal', 'a tail is one chunk');
    }
  }

  /** Ciphertext of the chunk that is not complete. */
  get tail(): Uint8Array {
    return this.#decryptor?.pending ?? new Uint8Array(0);
  }

  async take(piece: Uint8Array): Promise<void> {
    const passed = Math.min(this.#head, piece.length);
    this.#head -= passed;
    const decryptor = this.#decryptor;
    if (decryptor === null) {
      await this.#part.append([piece]);
      return;
    }
    let pending: Uint8Array[] = [];
    let length = 0;
    for (const chunk of decryptor.push(piece.subarray(passed))) {
      pending.push(chunk);
      length += chunk.length;
      if (length < writeSize) continue;
      await this.#part.append(pending);
      pending = [];
      length = 0;
    }
    await this.#part.append(pending);
  }

  async finish(): Promise<void> {
    const last = this.#decryptor?.finish();
    if (last !== undefined && last.length > 0) await this.#part.append([last]);
  }
}

export async function refuseExisting(target: string): Promise<void> {
  try {
    await lstat(target);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // Whatever else is wrong shows when the file is made.
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'ENAMETOOLONG') return;
  }
  throw existing(target);
}

const existing = (target: string): FileTaoError =>
  new FileTaoError('exists', `${target} exists: choose another name with -o, or replace it with --overwrite`);

/** Errors of the output file as a sentence that names it. */
export function outputError(thrown: unknown, target: string): FileTaoError {
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
  if (code === 'ENAMETOOLONG') {
    return new FileTaoError(
      'bad-input',
      'the name of the file to write is too long: choose another with -o',
      {
        cause: thrown,
      },
    );
  }
  if (code === 'EISDIR') {
    return new FileTaoError('bad-input', `${target} is a folder: name a file`, { cause: thrown });
  }
  return error;
}
