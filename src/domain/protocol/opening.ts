// The opening's bulk: a fixed layout whose every length follows from the challenge and the indices.
//   for each opened index: chunk bytes ‖ r_j (32)
//   content multiproof ‖ keyed multiproof ‖ commitment multiproof (equal node counts, 32 bytes a node)

import type { ProofCore } from '../core/proof-core.js';
import { nodeSize } from '../model/constants.js';
import { chunkCount, chunkLength, type RoundShape } from './parameters.js';

export interface OpenedChunk {
  readonly index: number;
  readonly data: Uint8Array;
  /** r_j, 32 bytes. */
  readonly blinding: Uint8Array;
}

export interface OpeningBulk {
  readonly chunks: readonly OpenedChunk[];
  readonly contentProof: Uint8Array;
  readonly keyedProof: Uint8Array;
  readonly commitmentProof: Uint8Array;
}

/** Bytes of the bulk for these indices. */
export const openingLength = (core: ProofCore, shape: RoundShape, indices: readonly number[]): number =>
  chunkBytes(shape, indices) + 3 * proofBytes(core, shape, indices);

/** Of the chunks with their blindings. Indices ascend, and only the last chunk of all may be short. */
function chunkBytes({ size, chunkSize }: RoundShape, indices: readonly number[]): number {
  if (indices.length === 0) return 0;
  const last = chunkLength(size, chunkSize, indices.at(-1)!);
  return (indices.length - 1) * chunkSize + last + indices.length * nodeSize;
}

/** Of one of the three multiproofs. */
const proofBytes = (core: ProofCore, { size, chunkSize }: RoundShape, indices: readonly number[]): number =>
  nodeSize * core.multiproofLength(chunkCount(size, chunkSize), indices);

export function encodeOpening(bulk: OpeningBulk): Uint8Array {
  const parts = bulk.chunks.flatMap((chunk) => [chunk.data, chunk.blinding]);
  parts.push(bulk.contentProof, bulk.keyedProof, bulk.commitmentProof);
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** null when the length is not exactly the predetermined one. The parts are views into `bytes`. */
export function decodeOpening(
  core: ProofCore,
  shape: RoundShape,
  indices: readonly number[],
  bytes: Uint8Array,
): OpeningBulk | null {
  const proofLength = proofBytes(core, shape, indices);
  if (bytes.length !== chunkBytes(shape, indices) + 3 * proofLength) return null;
  let at = 0;
  const take = (length: number): Uint8Array => {
    at += length;
    return bytes.subarray(at - length, at);
  };
  const chunks = indices.map((index) => ({
    index,
    data: take(chunkLength(shape.size, shape.chunkSize, index)),
    blinding: take(nodeSize),
  }));
  return {
    chunks,
    contentProof: take(proofLength),
    keyedProof: take(proofLength),
    commitmentProof: take(proofLength),
  };
}
