// What a user puts: a file, bytes, or a stream. Files and bytes can be read twice, which is what resuming
// rests on: the first pass fingerprints the plaintext in blocks, the second checks every block against the
// first before it is encrypted. So an envelope kept from an earlier try never meets another plaintext, even
// when somebody writes to the file meanwhile.

import { constants, type Stats } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { basename } from 'node:path';
import { mebibyte } from '../domain/model/constants.js';
import { FileTaoError, toFileTaoError } from '../domain/model/errors.js';

/** A path, the bytes themselves, or anything that yields bytes (a Node or web stream, a generator). */
export type StoreInput = string | Uint8Array | AsyncIterable<Uint8Array>;

/** Bytes of a block: what is read and fingerprinted at once. */
export const blockSize = mebibyte;

export interface Source {
  /** File name without folders; null for bytes and streams. */
  readonly name: string | null;
  /** null when only the end of the stream will tell. */
  readonly size: number | null;
  /** Whether `blocks` can be called again. */
  readonly replayable: boolean;
  /** The plaintext in order; replayable ones in blocks of blockSize. A block is valid until the next. */
  blocks(signal?: AbortSignal): AsyncGenerator<Uint8Array, void>;
  close(): Promise<void>;
}

export async function openSource(input: StoreInput): Promise<Source> {
  if (typeof input === 'string') return openFile(input);
  if (input instanceof Uint8Array) return bytesSource(input);
  return streamSource(input);
}

async function openFile(path: string): Promise<Source> {
  let file: FileHandle;
  try {
    // Without waiting: a fifo that nobody writes to would never open.
    file = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  } catch (error) {
    throw fileError(path, error);
  }
  try {
    const stat = await file.stat();
    if (stat.isDirectory()) {
      throw new FileTaoError('bad-input', `${path} is a directory: name a file`);
    }
    if (!stat.isFile()) throw new FileTaoError('bad-input', `${path} is ${kindOf(stat)}, not a regular file`);
    return new FileSource(path, file, stat.size);
  } catch (error) {
    await file.close();
    throw fileError(path, error);
  }
}

/** What a directory entry is, for people. */
export function kindOf(stat: Stats): string {
  if (stat.isFile()) return 'a regular file';
  if (stat.isDirectory()) return 'a directory';
  if (stat.isSymbolicLink()) return 'a symbolic link';
  if (stat.isFIFO()) return 'a named pipe';
  if (stat.isSocket()) return 'a socket';
  return 'a device';
}

class FileSource implements Source {
  readonly name: string;
  readonly size: number;
  readonly replayable = true;
  readonly #path: string;
  readonly #file: FileHandle;
  readonly #block: Buffer;

  constructor(path: string, file: FileHandle, size: number) {
    // One byte more than a small file has, so that its end is seen.
    this.#block = Buffer.allocUnsafe(Math.min(blockSize, size + 1));
    this.#path = path;
    this.#file = file;
    this.name = basename(path);
    this.size = size;
  }

  async *blocks(signal?: AbortSignal): AsyncGenerator<Uint8Array, void> {
    for (let at = 0; ; ) {
      signal?.throwIfAborted();
      const length = await this.#fill(at);
      if (length > 0) yield this.#block.subarray(0, length);
      at += length;
      if (length < this.#block.length) return;
    }
  }

  /** Reads until the block is full or the file ends. */
  async #fill(at: number): Promise<number> {
    let length = 0;
    const block = this.#block;
    while (length < block.length) {
      try {
        const { bytesRead } = await this.#file.read(block, length, block.length - length, at + length);
        if (bytesRead === 0) break;
        length += bytesRead;
      } catch (error) {
        throw fileError(this.#path, error);
      }
    }
    return length;
  }

  async close(): Promise<void> {
    await this.#file.close();
  }
}

function bytesSource(data: Uint8Array): Source {
  return {
    name: null,
    size: data.length,
    replayable: true,
    async *blocks(signal) {
      for (let at = 0; at < data.length; at += blockSize) {
        signal?.throwIfAborted();
        yield data.subarray(at, at + blockSize);
      }
    },
    close: async () => {},
  };
}

function streamSource(stream: AsyncIterable<Uint8Array>): Source {
  return {
    name: null,
    size: null,
    replayable: false,
    async *blocks(signal) {
      const iterator = stream[Symbol.asyncIterator]();
      const aborted = abortOf(signal);
      try {
        for (;;) {
          const next = await Promise.race([iterator.next(), aborted.promise]);
          if (next.done === true) return;
          if (!(next.value instanceof Uint8Array)) {
            throw new FileTaoError('bad-input', 'a stream to store must yield bytes (Uint8Array), not text');
          }
          yield next.value;
        }
      } finally {
        aborted.forget();
        // A stream that waits for data may never answer this, so nobody waits for it.
        void iterator.return?.().catch(() => {});
      }
    },
    close: async () => {},
  };
}

/** A promise that rejects when the signal fires, however long the other side of a race takes. */
function abortOf(signal: AbortSignal | undefined): {
  readonly promise: Promise<never>;
  forget(): void;
} {
  let forget = (): void => {};
  const promise = new Promise<never>((_, reject) => {
    if (signal === undefined) return;
    const stop = (): void => reject(new FileTaoError('cancelled', 'cancelled'));
    if (signal.aborted) return stop();
    signal.addEventListener('abort', stop, { once: true });
    forget = () => signal.removeEventListener('abort', stop);
  });
  promise.catch(() => {});
  return { promise, forget };
}

export function fileError(path: string, thrown: unknown): FileTaoError {
  if (thrown instanceof FileTaoError) return thrown;
  const { code } = thrown as NodeJS.ErrnoException;
  if (code === 'ENOENT' || code === 'ENOTDIR') {
    return new FileTaoError('not-found', `there is no file ${path}`, { cause: thrown });
  }
  if (code === 'EACCES' || code === 'EPERM') {
    return new FileTaoError('forbidden', `${path} may not be read: check its permissions`, { cause: thrown });
  }
  if (code === 'ENXIO' || code === 'EOPNOTSUPP') {
    return new FileTaoError('bad-input', `${path} is a socket or a device, not a regular file`, {
      cause: thrown,
    });
  }
  if (code === 'ENAMETOOLONG') {
    return new FileTaoError('bad-input', `${path.slice(0, 60)}… is too long for the name of a file`, {
      cause: thrown,
    });
  }
  if (code === 'ELOOP') {
    return new FileTaoError('bad-input', `${path} is a link that leads to itself`, { cause: thrown });
  }
  if (code === 'EISDIR') {
    return new FileTaoError('bad-input', `${path} is a directory: name a file`, { cause: thrown });
  }
  const { code: kind, message } = toFileTaoError(thrown);
  return new FileTaoError(kind, `${path} cannot be read: ${message}`, { cause: thrown });
}
