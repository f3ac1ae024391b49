// The file a retrieval grows in until it is whole, `<target>.filetao-part`, and what lets the same retrieval go on
// after any interruption: `<target>.filetao-part.state`.
//
// The part holds plaintext, in order. Pieces end within an age chunk, which has no plaintext before it is
// complete, so the state keeps the ciphertext of that beginning (`tail`), and the head of the age file. Neither
// file is trusted: going on, the plaintext is encrypted again under the same head, which gives the same
// ciphertext, and each piece of that must have its pieceId (what is stored unencrypted is hashed as it is).
// From the first piece that has not, everything is fetched again.
//
// The part is written first and the state replaced after it, so a state never claims what is not there. Neither is
// synced before the end: what a power cut takes is found missing by the same check.

import { constants } from 'node:fs';
import { type FileHandle, lstat, open, readFile, rename, unlink, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { blake3 } from '@noble/hashes/blake3.js';
import { putInPlace } from '../adapters/system/durable-file.js';
import { pieceLength } from '../domain/content/manifest.js';
import { type AgeChunks, ageChunkSize, isAgeFile, sealedChunkSize } from '../domain/identity/age-envelope.js';
import { type Cid, equalBytes, toHex, utf8 } from '../domain/model/bytes.js';
import { toFileTaoError } from '../domain/model/errors.js';
import type { Sha256 } from '../domain/ports/cipher.js';
import type { Download } from './download.js';
import type { Seal } from './sealing.js';

const suffix = '.filetao-part';
const stateSuffix = `${suffix}.state`;
const nameBytesMax = 255;

/** Beside the target; a name that would be too long with the suffix is cut and told apart by its hash. */
export function partPathOf(target: string): string {
  const name = basename(target);
  if (utf8(name).length + stateSuffix.length + '.lock'.length <= nameBytesMax) return `${target}${suffix}`;
  return join(dirname(target), `filetao-${toHex(blake3(utf8(name)).subarray(0, 16))}${suffix}`);
}

/** What an earlier try has left, as it says itself; nothing of it is verified. */
export interface PartState {
  /** Whole pieces of the object that are in the part. */
  readonly pieces: number;
  /** Head of the age file; empty for an object that is taken as it is stored. */
  readonly head: Uint8Array;
  /** Ciphertext after the last whole age chunk of those pieces. */
  readonly tail: Uint8Array;
}

/** Where a retrieval goes on. */
export interface Checkpoint {
  readonly pieces: number;
  /** Bytes of the part that count. */
  readonly plaintext: number;
  readonly tail: Uint8Array;
}

const beginning: Checkpoint = { pieces: 0, plaintext: 0, tail: new Uint8Array(0) };

export class PartialFile {
  readonly path: string;
  readonly #statePath: string;
  #file: FileHandle | null = null;
  #at = 0;

  constructor(target: string) {
    this.path = partPathOf(target);
    this.#statePath = `${this.path}.state`;
  }

  /** The state of an earlier try at this object, if there is one to be read. */
  async earlier(cid: Cid): Promise<PartState | null> {
    try {
      // A link by that name leads elsewhere and is not followed.
      if (!(await lstat(this.path)).isFile() || !(await lstat(this.#statePath)).isFile()) return null;
      const state = JSON.parse(await readFile(this.#statePath, 'utf8')) as Record<string, unknown>;
      const { version, cid: of, pieces, head, tail } = state;
      if (version !== 1 || of !== cid || !Number.isSafeInteger(pieces)) return null;
      if (typeof head !== 'string' || typeof tail !== 'string') return null;
      return {
        pieces: pieces as number,
        head: Buffer.from(head, 'base64'),
        tail: Buffer.from(tail, 'base64'),
      };
    } catch {
      // Not there, not readable, not ours: the retrieval begins anew.
      return null;
    }
  }

  /** Begins with an empty part, whatever was there. */
  async begin(): Promise<void> {
    await this.remove();
    this.#file = await open(this.path, 'wx+');
    this.#at = 0;
  }

  /** Opens the part of an earlier try for `verified` and `goOnFrom`. */
  async reopen(): Promise<void> {
    this.#file = await open(this.path, constants.O_RDWR | constants.O_NOFOLLOW);
  }

  /** How far the part holds what it should; `digest` has then seen all of these pieces. */
  async verified(
    download: Download,
    state: PartState,
    seal: Seal | null,
    hash: (data: Uint8Array) => Uint8Array,
    chunks: AgeChunks | null,
    digest: Sha256,
  ): Promise<Checkpoint> {
    const { size, pieceSize, pieceIds } = download.manifest;
    const piece = new Uint8Array(Math.min(pieceSize, size));
    let filled = 0;
    let done = beginning;
    /** Takes the next ciphertext; false when a piece is not what it should be. */
    const take = (data: Uint8Array, plaintextBefore: number, isChunk: boolean): boolean => {
      for (let at = 0; at < data.length; ) {
        const length = pieceLength(size, pieceSize, done.pieces);
        const taken = Math.min(length - filled, data.length - at);
        piece.set(data.subarray(at, at + taken), filled);
        filled += taken;
        at += taken;
        if (filled < length) return true;
        const whole = piece.subarray(0, length);
        if (!equalBytes(hash(whole), pieceIds[done.pieces]!)) return false;
        digest.update(whole);
        filled = 0;
        done = {
          pieces: done.pieces + 1,
          plaintext: isChunk ? plaintextBefore : plaintextBefore + at,
          tail: isChunk ? data.slice(0, at) : new Uint8Array(0),
        };
        if (done.pieces === state.pieces || done.pieces === pieceIds.length) return false;
      }
      return true;
    };
    if (state.pieces < 1 || state.pieces > pieceIds.length) return beginning;
    if (seal === null || chunks === null) {
      const block = Buffer.allocUnsafe(1024 * 1024);
      for (let at = 0; ; at += block.length) {
        const length = await this.#read(block, at);
        if (!take(block.subarray(0, length), at, false) || length < block.length) return done;
      }
    }
    // A piece that ends within the head would need the head cut: such pieces are not worth keeping.
    if (pieceSize <= seal.head.length) return beginning;
    take(seal.head, 0, true);
    const chunk = Buffer.allocUnsafe(ageChunkSize);
    const wanted = Math.min(size, state.pieces * pieceSize) - seal.head.length;
    for (let index = 0; ; index++) {
      const plaintextAt = index * ageChunkSize;
      // The last beginning of a chunk is only in the state.
      if (wanted - index * sealedChunkSize <= sealedChunkSize) {
        take(state.tail, plaintextAt, true);
        return done;
      }
      if ((await this.#read(chunk, plaintextAt)) < chunk.length) return done;
      if (!take(chunks.seal(index, chunk), plaintextAt, true)) return done;
    }
  }

  /** Whether the part begins as an encrypted object does. */
  async beginsSealed(): Promise<boolean> {
    const start = new Uint8Array(64);
    const length = await this.#read(start, 0);
    return isAgeFile(start.subarray(0, length));
  }

  async goOnFrom({ plaintext }: Checkpoint): Promise<void> {
    await this.#open.truncate(plaintext);
    this.#at = plaintext;
  }

  /** Bytes of plaintext in the part. */
  get length(): number {
    return this.#at;
  }

  async append(parts: Uint8Array[]): Promise<void> {
    for (let left = parts; left.length > 0; ) {
      const { bytesWritten } = await this.#open.writev(left, this.#at);
      this.#at += bytesWritten;
      left = after(left, bytesWritten);
    }
  }

  /** After this the pieces are kept: the same retrieval does not ask for them again. */
  async record(cid: Cid, { pieces, head, tail }: PartState): Promise<void> {
    const text = JSON.stringify({
      version: 1,
      cid,
      pieces,
      head: Buffer.from(head).toString('base64'),
      tail: Buffer.from(tail).toString('base64'),
    });
    const next = `${this.#statePath}.next`;
    await unlink(next).catch(() => {});
    await writeFile(next, `${text}\n`, { flag: 'wx', mode: 0o600 });
    await rename(next, this.#statePath);
  }

  /** Gives the part, which is whole now, its name. Durable when resolved. Rejects with EEXIST unless `replace`. */
  async finish(target: string, replace: boolean): Promise<void> {
    await this.#open.sync();
    await this.close();
    await putInPlace(this.path, target, replace);
    await unlink(this.#statePath).catch(() => {});
  }

  async close(): Promise<void> {
    await this.#file?.close();
    this.#file = null;
  }

  async remove(): Promise<void> {
    await this.close();
    for (const path of [this.#statePath, `${this.#statePath}.next`, this.path])
      await unlink(path).catch(() => {});
  }

  get #open(): FileHandle {
    if (this.#file === null) throw toFileTaoError(new Error('the part is not open'));
    return this.#file;
  }

  /** Bytes read at a position; fewer than the buffer holds only at the end. */
  async #read(buffer: Uint8Array, at: number): Promise<number> {
    let length = 0;
    while (length < buffer.length) {
      const { bytesRead } = await this.#open.read(buffer, length, buffer.length - length, at + length);
      if (bytesRead === 0) break;
      length += bytesRead;
    }
    return length;
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
