// The limits of one proof (docs/protocol.md, limits) and the checks every entrance to the core makes.
import { leafSize, limits, nodeSize } from '../model/constants.js';
import { CoreInputError } from './core-input-error.js';

export const LEAF_BYTES = leafSize;
export const NODE_BYTES = nodeSize;
export const REPLICA_BYTES_MAX = limits.replicaSizeMax;
export const CHUNK_BYTES_MIN = limits.chunkSizeMin;
export const CHUNK_BYTES_MAX = limits.chunkSizeMax;
export const CHUNKS_MAX = limits.chunkCountMax;

/** A 32-byte key or digest. */
export function checkKey(key: Uint8Array): void {
  if (key.length !== 32) throw new CoreInputError('bad-key', `a key is 32 bytes, not ${key.length}`);
}

/** A power of two from 1 KiB to 1 MiB; returns its logarithm in leaves (0 … 10). */
export function checkChunkSize(chunkSize: number): number {
  const depth = Math.log2(chunkSize / LEAF_BYTES);
  if (!Number.isInteger(depth) || chunkSize < CHUNK_BYTES_MIN || chunkSize > CHUNK_BYTES_MAX) {
    throw new CoreInputError(
      'bad-chunk-size',
      `a chunk is a power of two from 1 KiB to 1 MiB, not ${chunkSize}`,
    );
  }
  return depth;
}

/** 1 byte to 64 MiB. */
export function checkSize(size: number): void {
  if (!Number.isInteger(size) || size < 1 || size > REPLICA_BYTES_MAX) {
    throw new CoreInputError('bad-data-length', `data are 1 byte to 64 MiB, not ${size}`);
  }
}

/** 1 to 65536 chunks. */
export function checkCount(count: number): void {
  if (!Number.isInteger(count) || count < 1 || count > CHUNKS_MAX) {
    throw new CoreInputError('bad-count', `1 to ${CHUNKS_MAX} chunks, not ${count}`);
  }
}

/** A whole number of 32-byte values, at most `max`; returns their number. */
export function checkNodes(nodes: Uint8Array, max: number): number {
  const count = nodes.length / NODE_BYTES;
  if (!Number.isInteger(count) || count < 1 || count > max) {
    throw new CoreInputError('bad-count', `1 to ${max} values of 32 bytes, not ${nodes.length} bytes`);
  }
  return count;
}

/** At least one index, ascending, distinct, below `count`. */
export function checkIndices(indices: ArrayLike<number>, count: number): void {
  let last = -1;
  for (let i = 0; i < indices.length; i++) {
    const index = indices[i]!;
    if (!Number.isInteger(index) || index <= last || index >= count) {
      throw new CoreInputError('bad-index', `indices ascend below ${count}: ${index} after ${last}`);
    }
    last = index;
  }
  if (last < 0) throw new CoreInputError('bad-index', 'no index is opened');
}

/** One chunk for each of `count` indices, all of `chunkSize` bytes but the last, which is 1 byte to that. */
export function checkOpenedChunks(chunks: readonly Uint8Array[], count: number, chunkSize: number): void {
  const last = chunks.length - 1;
  const fits = (chunk: Uint8Array, i: number): boolean =>
    i < last ? chunk.length === chunkSize : chunk.length > 0 && chunk.length <= chunkSize;
  if (chunks.length !== count || !chunks.every(fits)) {
    throw new CoreInputError(
      'bad-data-length',
      `${chunks.length} chunks of ${chunkSize} bytes for ${count} indices`,
    );
  }
}
