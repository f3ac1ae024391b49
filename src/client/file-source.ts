// A file as what a user puts, and the inputs of a put in Node: paths, bytes, streams.

import { constants, type Stats } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { basename } from 'node:path';
import { FileTaoError, toFileTaoError } from '../domain/model/errors.js';
import { blockSize, bytesSource, type Source, streamSource } from './source.js';

/** A path, the bytes themselves, or anything that yields bytes (a Node or web stream, a generator). */
export type StoreInput = string | Uint8Array | AsyncIterable<Uint8Array>;

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
