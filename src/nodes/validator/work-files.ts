// Files in which a piece lies while it is stored on miners, behind an interface: a simulation has them in memory.

import { randomUUID } from 'node:crypto';
import { mkdir, open, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { PieceId } from '../../domain/model/bytes.js';

export interface WorkFiles {
  /** A new file below the folder, which is made; returns its path. */
  write(folder: string, pieceId: PieceId, data: Uint8Array): Promise<string>;
  /** The file from its beginning; each part is valid until the next is asked for. */
  read(path: string): AsyncIterable<Uint8Array>;
  remove(path: string): Promise<void>;
}

const readSize = 256 * 1024;

export const systemWorkFiles: WorkFiles = {
  async write(folder, pieceId, data) {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const path = join(folder, `${pieceId}-${randomUUID()}`);
    await writeFile(path, data, { mode: 0o600 });
    return path;
  },
  async *read(path) {
    const file = await open(path, 'r');
    try {
      // One buffer for all reads.
      const buffer = new Uint8Array(readSize);
      for (;;) {
        const { bytesRead } = await file.read(buffer, 0, buffer.length);
        if (bytesRead === 0) return;
        yield buffer.subarray(0, bytesRead);
      }
    } finally {
      await file.close();
    }
  },
  remove: (path) => rm(path, { force: true }),
};
