// A piece fetched from its replicas, verified, and laid in a file for as long as it is stored elsewhere.

import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { PieceRecord } from '../../domain/model/records.js';
import type { ValidatorContext } from './context.js';
import { fetchPiece } from './fetching.js';

/** Throws `not-found` or `integrity` when no replica gives the piece back. The file is gone afterwards. */
export async function withPieceAtHand<Result>(
  context: ValidatorContext,
  folder: string,
  { pieceId, size }: Pick<PieceRecord, 'pieceId' | 'size'>,
  signal: AbortSignal | undefined,
  use: (path: string) => Promise<Result>,
): Promise<Result> {
  const { buffer, leave } = await context.pieceBuffers.take(size);
  let path: string;
  try {
    const { data } = await fetchPiece(context, pieceId, signal, buffer);
    path = await context.workFiles.write(folder, pieceId, data);
  } finally {
    leave();
  }
  try {
    return await use(path);
  } finally {
    await context.workFiles.remove(path);
  }
}

/** What an earlier run left behind; only its own validator uses the folder. */
export async function clearWorkFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  for (const name of await readdir(folder)) await rm(join(folder, name), { force: true });
}
