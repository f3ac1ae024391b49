// The seed s_0 of a store (PROTOCOL 4) hides the piece's id for the validator alone, so that a validator that lost its
// index learns from its own signed store message which piece a replica is of. It is the id under a pseudo-random
// permutation: four Feistel rounds of keyed BLAKE3 over two halves of 16 bytes (Luby and Rackoff, 1988, "How to
// construct pseudorandom permutations"). Its key comes from the validator's secret, the miner, the expiry and the
// block named in the message, so for everyone else the seed is as good as drawn, and another one in every block.

import type { ProofCore } from '../core/proof-core.js';
import { concatBytes } from '../model/bytes.js';
import type { BlockRef } from '../ports/chain.js';

export interface StoreOccasion {
  readonly minerKey: Uint8Array;
  readonly expiry: number;
  readonly block: BlockRef;
}

const rounds = 4;
const half = 16;

export const sealPieceId = (
  core: ProofCore,
  secret: Uint8Array,
  occasion: StoreOccasion,
  pieceId: Uint8Array,
): Uint8Array => permute(core, keyOf(core, secret, occasion), pieceId, [0, 1, 2, 3]);

/** The inverse: any seed gives some id; only one of our own stores gives a piece's. */
export function openPieceId(
  core: ProofCore,
  secret: Uint8Array,
  occasion: StoreOccasion,
  seed: Uint8Array,
): Uint8Array {
  const swapped = concatBytes(seed.subarray(half), seed.subarray(0, half));
  const opened = permute(core, keyOf(core, secret, occasion), swapped, [3, 2, 1, 0]);
  return concatBytes(opened.subarray(half), opened.subarray(0, half));
}

function permute(core: ProofCore, key: Uint8Array, block: Uint8Array, order: readonly number[]): Uint8Array {
  if (block.length !== 2 * half || order.length !== rounds) throw new RangeError('a block has 32 bytes');
  let left = block.slice(0, half);
  let right = block.slice(half);
  for (const round of order) {
    const mask = core.keyed(key, concatBytes(Uint8Array.of(round), right));
    const next = left.map((byte, i) => byte ^ mask[i]!);
    left = right;
    right = next;
  }
  return concatBytes(left, right);
}

function keyOf(core: ProofCore, secret: Uint8Array, { minerKey, expiry, block }: StoreOccasion): Uint8Array {
  const numbers = new Uint8Array(16);
  const view = new DataView(numbers.buffer);
  view.setBigUint64(0, BigInt(expiry), true);
  view.setBigUint64(8, BigInt(block.number), true);
  return core.derive('filetao v1 store seed', concatBytes(secret, minerKey, numbers, block.hash));
}
