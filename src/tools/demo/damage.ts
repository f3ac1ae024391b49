// What the demo does to a miner's disk behind its back.

import { randomInt } from 'node:crypto';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { placeOf } from '../../adapters/replicas/layout.js';
import type { ReplicaId } from '../../domain/model/records.js';
import { chunkCount, chunkLength } from '../../domain/protocol/parameters.js';

/** File of a replica under a miner's --database.directory. */
export const replicaFile = (minerDirectory: string, id: ReplicaId): string =>
  placeOf(join(minerDirectory, 'replicas'), id).file;

/** Changes one byte in each of `share` of the chunks (at least one); returns how many. */
export async function damageChunks(
  path: string,
  size: number,
  chunkSize: number,
  share: number,
): Promise<{ readonly damaged: number; readonly chunks: number }> {
  const chunks = chunkCount(size, chunkSize);
  const damaged = Math.max(1, Math.ceil(share * chunks));
  const order = Array.from({ length: chunks }, (_, index) => index);
  for (let i = 0; i < damaged; i++) {
    const other = randomInt(i, chunks);
    [order[i], order[other]] = [order[other]!, order[i]!];
  }
  const positions = order
    .slice(0, damaged)
    .map((index) => index * chunkSize + randomInt(0, chunkLength(size, chunkSize, index)));
  await changeBytes(path, positions);
  return { damaged, chunks };
}

/** Changes one byte anywhere; returns its position. */
export async function flipByte(path: string, size: number): Promise<number> {
  const position = randomInt(0, size);
  await changeBytes(path, [position]);
  return position;
}

async function changeBytes(path: string, positions: readonly number[]): Promise<void> {
  const file = await open(path, 'r+');
  try {
    const byte = new Uint8Array(1);
    for (const position of positions) {
      await file.read(byte, 0, 1, position);
      byte[0]! ^= randomInt(1, 256);
      await file.write(byte, 0, 1, position);
    }
    await file.sync();
  } finally {
    await file.close();
  }
}
