// The proof of a round written plainly on public libraries: what a capable developer writes in an afternoon. Keyed chunk
// values, commitments, keyed root, commitment tree, one call after another.
//
// It differs from the protocol in one bit per chunk: BLAKE3's inner nodes are no public function of any library, so a
// chunk's own keyed hash stands for its subtree value, which has the same compressions but for a flag.

import { createHash } from 'node:crypto';
import { blake3 } from '@noble/hashes/blake3.js';
import { concatBytes } from '../../src/domain/model/bytes.js';
import { nobleCommit } from './noble-pedersen.js';

export interface PlainProof {
  readonly keyedRoot: Uint8Array;
  readonly commitmentRoot: Uint8Array;
}

export type PlainKeyed = (key: Uint8Array, data: Uint8Array) => Uint8Array;

export const plainBlake3: PlainKeyed = (key, data) => blake3(data, { key });

/** Not what the protocol says, but native: what node:crypto has. The key as a prefix of known length. */
export const plainSha256: PlainKeyed = (key, data) => createHash('sha256').update(key).update(data).digest();

/** `blindings` are the r_j, 32 bytes each, given as both sides have to make them. */
export function plainProof(
  keyed: PlainKeyed,
  data: Uint8Array,
  chunkSize: number,
  key: Uint8Array,
  blindings: Uint8Array,
): PlainProof {
  const leafKey = keyed(key, new TextEncoder().encode('leaf'));
  const nodeKey = keyed(key, new TextEncoder().encode('node'));
  const leaves: Uint8Array[] = [];
  for (let at = 0, j = 0; at < data.length; at += chunkSize, j++) {
    const m = keyed(key, data.subarray(at, at + chunkSize));
    const c = nobleCommit(m, blindings.subarray(32 * j, 32 * j + 32));
    leaves.push(keyed(leafKey, c));
  }
  return { keyedRoot: keyed(key, data), commitmentRoot: plainTree(keyed, nodeKey, leaves) };
}

/** RFC 6962's shape, level by level. */
function plainTree(keyed: PlainKeyed, key: Uint8Array, leaves: readonly Uint8Array[]): Uint8Array {
  let level = leaves;
  while (level.length > 1) {
    const next: Uint8Array[] = [];
    for (let i = 0; i + 1 < level.length; i += 2) {
      next.push(keyed(key, concatBytes(level[i]!, level[i + 1]!)));
    }
    if (level.length % 2 === 1) next.push(level.at(-1)!);
    level = next;
  }
  return level[0]!;
}
