// A replica's file on its way through the core. It is read straight into the core's memory, so its bytes are never copied in
// JavaScript. What the page cache holds is read in this thread; from the first step that had to wait for a disk, one buffer
// fills while the core works on the other.
import { createCipheriv } from 'node:crypto';
import { close, fstat, open, read, readSync } from 'node:fs';
import { promisify } from 'node:util';
import type { Pass } from '../../domain/core/pass-steps.js';
import { ProvingError } from './proving-error.js';

// Plain descriptors rather than FileHandles: a worker that is ended in mid-task has its plain descriptors closed by Node.
const openFile = promisify(open);
const readFile = promisify(read);
const statFile = promisify(fstat);
const closeFile = promisify(close);

// A step that takes longer than at this rate, in bytes per millisecond, was waited for. Overlapped reads hand every step to another thread and
// back, and fill it from another core's caches: a 64 MiB replica in chunks of 16 KiB costs 68 ms of processor time with them, 56 ms without
// (51 ms from memory), which two workers on two cores have to share. The page cache gives 12 GB/s here, a fast NVMe disk 3.
const WAITED_BELOW = 2_000_000;

/** What is read: a file of exactly `size` bytes, encoded by AES-256-CTR under `encodeKey` (32 bytes) where one is given. */
export interface FileToPass {
  readonly path: string;
  readonly size: number;
  readonly encodeKey?: Uint8Array | undefined;
}

/**
 * Gives `pass` the whole file. `check` is called between steps and ends it by throwing. Throws `ProvingError`: `unreadable`,
 * `size-mismatch`, `bad-input`. `waitedBelow`: bytes per millisecond.
 */
export async function passFile(
  pass: Pass,
  { path, size, encodeKey }: FileToPass,
  check: () => void,
  waitedBelow = WAITED_BELOW,
): Promise<void> {
  const cipher = encodeKey && createCipheriv('aes-256-ctr', checkedKey(encodeKey), new Uint8Array(16));
  const fd = await openFile(path, 'r').catch(unreadable);
  // The read under way, if any: it writes into the core's memory, so it has to end before this function does.
  let next: Promise<void> = Promise.resolve();
  try {
    const stat = await statFile(fd).catch(unreadable);
    if (!stat.isFile()) throw new ProvingError('unreadable', `${path} is not a file`);
    if (stat.size !== size) {
      throw new ProvingError('size-mismatch', `${path} has ${stat.size} bytes, not ${size}`);
    }
    const lengthAt = (at: number): number => Math.min(pass.inputs[0]!.length, size - at);
    let overlapped = false;
    let which = 0;
    for (let at = 0; at < size; ) {
      const length = lengthAt(at);
      const input = pass.inputs[which]!;
      if (overlapped) await next;
      else overlapped = readNow(fd, input, length, at) < waitedBelow;
      check();
      at += length;
      if (overlapped && at < size) next = readFully(fd, pass.inputs[1 - which]!, lengthAt(at), at);
      if (cipher) input.set(cipher.update(input.subarray(0, length)));
      pass.absorb(which, length);
      which = 1 - which;
    }
  } finally {
    await next.catch(() => {});
    await closeFile(fd);
  }
}

/** The rate of it, in bytes per millisecond. */
function readNow(fd: number, into: Uint8Array, length: number, position: number): number {
  const start = performance.now();
  try {
    for (let done = 0; done < length; )
      done += readSome(readSync(fd, into, done, length - done, position + done), position + done);
  } catch (error) {
    throw error instanceof ProvingError ? error : unreadable(error as Error);
  }
  return length / (performance.now() - start);
}

async function readFully(fd: number, into: Uint8Array, length: number, position: number): Promise<void> {
  for (let done = 0; done < length; ) {
    const { bytesRead } = await readFile(fd, into, done, length - done, position + done).catch(unreadable);
    done += readSome(bytesRead, position + done);
  }
}

/** The bytes read at `position`; throws `size-mismatch` where there were none. */
function readSome(bytesRead: number, position: number): number {
  if (bytesRead === 0) throw new ProvingError('size-mismatch', `the file ends at byte ${position}`);
  return bytesRead;
}

function checkedKey(key: Uint8Array): Uint8Array {
  if (key.length !== 32)
    throw new ProvingError('bad-input', `an encoding key is 32 bytes, not ${key.length}`);
  return key;
}

function unreadable(error: Error): never {
  throw new ProvingError('unreadable', error.message);
}
