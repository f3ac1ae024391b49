// Verified pieces on their way to users. Users read at their own pace: from a file, so that a slow one holds neither
// memory nor a miner's connection, and so that many who ask for the same piece at once cost one retrieval. The folder's
// size is bounded; the piece read longest ago makes room. Nothing here outlives the process.

import { randomUUID } from 'node:crypto';
import { type FileHandle, open, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { PieceId } from '../../domain/model/bytes.js';
import { FileTaoError } from '../../domain/model/errors.js';
import { ByteGate } from '../byte-gate.js';

/** Brings the piece's verified bytes into a buffer of its own choice, to be given back when they are written. */
export type FetchPiece = () => Promise<{ readonly data: Uint8Array; leave(): void }>;

export interface HeldPiece {
  /** Bytes [from, to) of the piece. */
  parts(from: number, to: number): AsyncGenerator<Uint8Array>;
  /** To be called once nothing is read any more. */
  leave(): void;
}

interface Entry {
  readonly path: string;
  readonly ready: Promise<void>;
  readers: number;
  settled: boolean;
  /** Gives the bytes back to the gate, and the file to the disk. */
  drop(): void;
}

/** Bytes handed to a stream at once. */
const partSize = 256 * 1024;

export class PieceCache {
  readonly #directory: string;
  readonly #gate: ByteGate;
  /** In the order in which they were last asked for. */
  readonly #entries = new Map<PieceId, Entry>();

  constructor(directory: string, bytesMax: number, waitingMax: number) {
    this.#directory = directory;
    this.#gate = new ByteGate(bytesMax, waitingMax);
  }

  /**
   * Resolves when the piece is at hand; readers of one piece share one retrieval, and its failure.
   * @param signal fires when this reader has gone
   */
  async take(pieceId: PieceId, size: number, fetch: FetchPiece, signal: AbortSignal): Promise<HeldPiece> {
    const entry = this.#entries.get(pieceId) ?? this.#begin(pieceId, size, fetch);
    this.#entries.delete(pieceId);
    this.#entries.set(pieceId, entry);
    entry.readers++;
    let left = false;
    const leave = (): void => {
      if (left) return;
      left = true;
      entry.readers--;
      if (this.#gate.isContended) this.#evict();
    };
    try {
      await orAborted(entry.ready, signal);
    } catch (error) {
      leave();
      throw error;
    }
    return { parts: (from, to) => readParts(entry.path, from, to), leave };
  }

  #begin(pieceId: PieceId, size: number, fetch: FetchPiece): Entry {
    const path = join(this.#directory, `cached-${randomUUID()}`);
    let leaveGate = (): void => {};
    const bring = async (): Promise<void> => {
      try {
        this.#evict(size);
        leaveGate = await this.#gate.enter(size);
        if (entry.readers === 0) throw new FileTaoError('cancelled', 'nobody waits for this piece any more');
        const { data, leave } = await fetch();
        try {
          await writeFile(path, data, { mode: 0o600, flag: 'wx' });
        } finally {
          leave();
        }
        entry.settled = true;
      } catch (error) {
        if (this.#entries.get(pieceId) === entry) this.#entries.delete(pieceId);
        entry.drop();
        throw error;
      }
    };
    const entry: Entry = {
      path,
      readers: 0,
      settled: false,
      ready: Promise.resolve().then(bring),
      drop() {
        leaveGate();
        rm(path, { force: true }).catch(() => {});
      },
    };
    entry.ready.catch(() => {}); // told to those who wait, if any
    return entry;
  }

  /** Removes the files. To be called when nobody reads any more. */
  async close(): Promise<void> {
    const paths = [...this.#entries.values()].map(({ path }) => path);
    this.#entries.clear();
    await Promise.all(paths.map((path) => rm(path, { force: true })));
  }

  /** Drops what nobody reads, the longest unread first, until `size` fits and nobody waits. */
  #evict(size = 0): void {
    for (const [pieceId, entry] of this.#entries) {
      if (this.#gate.fits(size) && !this.#gate.isContended) return;
      if (entry.readers > 0 || !entry.settled) continue;
      this.#entries.delete(pieceId);
      entry.drop();
    }
  }
}

/** The promise's outcome, or the signal's reason if that comes first. */
async function orAborted(promise: Promise<void>, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  let stop = (): void => {};
  const aborted = new Promise<never>((_resolve, reject) => {
    stop = () => reject(signal.reason);
  });
  signal.addEventListener('abort', stop, { once: true });
  try {
    await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

async function* readParts(path: string, from: number, to: number): AsyncGenerator<Uint8Array> {
  const file: FileHandle = await open(path, 'r');
  try {
    for (let at = from; at < to; ) {
      const buffer = Buffer.allocUnsafeSlow(Math.min(partSize, to - at));
      const { bytesRead } = await file.read(buffer, 0, buffer.length, at);
      if (bytesRead === 0) throw new Error('a cached piece is shorter than it was');
      at += bytesRead;
      yield buffer.subarray(0, bytesRead);
    }
  } finally {
    await file.close();
  }
}
