// A stream that can be read twice: what fits is kept in memory, the rest goes to a file that is gone from its folder
// before anything is written to it, encrypted under a key that never leaves this process. So an interrupted put
// leaves neither plaintext nor rubbish behind, and a put from standard input resumes like one from a file when
// the same bytes are fed again.

import { type FileHandle, open, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { makePrivateFolder } from '../adapters/system/durable-file.js';
import { toHex } from '../domain/model/bytes.js';
import { FileTaoError, toFileTaoError } from '../domain/model/errors.js';
import type { ClientRuntime } from './runtime.js';
import { blockSize, type Source } from './source.js';

/** Bytes kept in memory before a file is made. */
const memoryMax = 8 * blockSize;

/** Reads `source` to its end. Throws `full` when the disk is. */
export async function spool(
  source: Source,
  folder: string,
  { cipher, random }: ClientRuntime,
  signal: AbortSignal,
): Promise<Source> {
  const key = random.bytes(32);
  const stream = cipher.aes256Ctr(key);
  const blocks: Uint8Array[] = [];
  let file: FileHandle | null = null;
  let size = 0;
  const write = async (block: Uint8Array): Promise<void> => {
    file ??= await unnamedFile(folder, random.bytes(16));
    const sealed = stream.apply(block);
    for (let at = 0; at < sealed.length; ) at += (await file.write(sealed, at)).bytesWritten;
  };
  try {
    let block = Buffer.allocUnsafe(blockSize);
    let filled = 0;
    const flush = async (): Promise<void> => {
      size += filled;
      if (file === null && size <= memoryMax) {
        blocks.push(block.subarray(0, filled));
        block = Buffer.allocUnsafe(blockSize);
      } else {
        for (let held = blocks.shift(); held !== undefined; held = blocks.shift()) await write(held);
        await write(block.subarray(0, filled));
      }
      filled = 0;
    };
    for await (const data of source.blocks(signal)) {
      for (let at = 0; at < data.length; ) {
        const taken = Math.min(blockSize - filled, data.length - at);
        block.set(data.subarray(at, at + taken), filled);
        filled += taken;
        at += taken;
        if (filled === blockSize) await flush();
      }
    }
    if (filled > 0) await flush();
  } catch (error) {
    await (file as FileHandle | null)?.close();
    throw spoolError(error, folder);
  }
  const spooled = file as FileHandle | null;
  return {
    name: source.name,
    size,
    replayable: true,
    async *blocks(again) {
      if (spooled === null) {
        for (const block of blocks) {
          again?.throwIfAborted();
          yield block;
        }
        return;
      }
      const opening = cipher.aes256Ctr(key);
      const buffer = Buffer.allocUnsafe(blockSize);
      for (let at = 0; at < size; at += blockSize) {
        again?.throwIfAborted();
        const part = buffer.subarray(0, Math.min(blockSize, size - at));
        for (let read = 0; read < part.length; ) {
          const { bytesRead } = await spooled.read(part, read, part.length - read, at + read);
          if (bytesRead === 0) throw new FileTaoError('damaged', 'the spooled input is shorter than it was');
          read += bytesRead;
        }
        yield opening.apply(part);
      }
    },
    async close() {
      await spooled?.close();
    },
  };
}

async function unnamedFile(folder: string, id: Uint8Array): Promise<FileHandle> {
  await makePrivateFolder(folder);
  const path = join(folder, `.spool-${toHex(id)}`);
  const file = await open(path, 'wx+', 0o600);
  // Open, it stays readable; without a name it ends with this process.
  await unlink(path);
  return file;
}

function spoolError(thrown: unknown, folder: string): FileTaoError {
  const error = toFileTaoError(thrown);
  if (error.code !== 'full') return error;
  return new FileTaoError(
    'full',
    `no space in ${folder} to hold the input, which must be read twice: free some, or put a file`,
    { cause: thrown },
  );
}
