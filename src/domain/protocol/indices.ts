// Which chunks a round opens: drawn from ν and the commitment, so that neither side alone can bias them and
// an auditor can draw them again (PROTOCOL 5.3).

import type { ProofCore } from '../core/proof-core.js';
import { limits } from '../model/constants.js';

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
  if (!Number.isInteger(count) || count > limits.chunkCountMax || openings < 1 || openings > count) {
    throw new RangeError(`cannot draw ${openings} of ${count} chunks`);
  }
  // A word is hi · 2^32 + lo. With count ≤ 65536 everything below stays far under 2^53, so no BigInt is needed
  // (2 % of a verdict with it). The rejected words are the last 2^64 mod count ones: hi is all ones there.
  const hiWeight = 2 ** 32 % count;
  const rejectedFrom = 2 ** 32 - ((hiWeight * hiWeight) % count);
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
      const lo = words.getUint32(8 * i, true);
      const hi = words.getUint32(8 * i + 4, true);
      if (hi === 0xffffffff && lo >= rejectedFrom) continue;
      drawn.add(((hi % count) * hiWeight + lo) % count);
    }
  }
  return [...drawn].sort((a, b) => a - b);
}
