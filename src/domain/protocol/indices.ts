// Which chunks a round opens: drawn from ν and the commitment, so that neither side alone can bias them and
// an auditor can draw them again (PROTOCOL 5.3).

import type { ProofCore } from '../core/proof-core.js';

const wordsPerBlock = 64;

/**
 * u64 little-endian words of the XOF keyed(ν, hash(commitment body)); words ≥ ⌊2^64/count⌋·count are
 * rejected, the rest reduced mod count, repeats skipped until `openings` are drawn; sorted.
 */
export function openedIndices(
  core: ProofCore,
  nu: Uint8Array,
  commitmentDigest: Uint8Array,
  count: number,
  openings: number,
): number[] {
  if (!Number.isSafeInteger(count) || openings < 1 || openings > count) {
    throw new RangeError(`cannot draw ${openings} of ${count} chunks`);
  }
  const modulus = BigInt(count);
  const bound = ((1n << 64n) / modulus) * modulus;
  const drawn = new Set<number>();
  for (let block = 0; drawn.size < openings; block++) {
    const bytes = core.xof(
      { kind: 'keyed', key: nu },
      commitmentDigest,
      8 * wordsPerBlock,
      8 * wordsPerBlock * block,
    );
    const words = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    for (let i = 0; i < wordsPerBlock && drawn.size < openings; i++) {
      const word = words.getBigUint64(8 * i, true);
      if (word < bound) drawn.add(Number(word % modulus));
    }
  }
  return [...drawn].sort((a, b) => a - b);
}
