// The Random port on a seed: the output of keyed BLAKE3, so that a run repeats exactly and each strategy's draws
// are independent of which others are played.
import { blake3 } from '@noble/hashes/blake3.js';
import { utf8 } from '../../domain/model/bytes.js';
import type { Random } from '../../domain/ports/random.js';

export interface SeededRandom extends Random {
  /** Whole number from 0 to below − 1, unbiased. */
  below(below: number): number;
  /** `count` distinct numbers below `below`, ascending. */
  distinct(count: number, below: number): number[];
}

const blockSize = 4096;

export function seededRandom(seed: string, purpose: string): SeededRandom {
  const key = blake3(utf8(seed), { context: utf8('filetao attack seed') });
  let blocks = 0;
  let block = new Uint8Array(0);
  let at = 0;
  const bytes = (length: number): Uint8Array => {
    const out = new Uint8Array(length);
    for (let filled = 0; filled < length; ) {
      if (at === block.length) {
        block = blake3(utf8(`${purpose}\n${blocks++}`), { key, dkLen: blockSize });
        at = 0;
      }
      const take = Math.min(length - filled, block.length - at);
      out.set(block.subarray(at, at + take), filled);
      filled += take;
      at += take;
    }
    return out;
  };
  const below = (limit: number): number => {
    const bound = Math.floor(2 ** 48 / limit) * limit;
    for (;;) {
      const word = Buffer.from(bytes(6)).readUIntLE(0, 6);
      if (word < bound) return word % limit;
    }
  };
  return {
    bytes,
    below,
    distinct(count, limit) {
      const drawn = new Set<number>();
      while (drawn.size < count) drawn.add(below(limit));
      return [...drawn].sort((a, b) => a - b);
    },
  };
}
