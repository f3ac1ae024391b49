// Numbers from a seed: one independent stream for each purpose, so that a change in how often one thing is drawn
// leaves all others as they were. The generator is sfc32 (Chris Doty-Humphrey, PractRand), 5 ns a draw; exp and log are
// the economy's own, whose bits are the same in every engine.

import { blake3 } from '@noble/hashes/blake3.js';
import { exp, log } from '../../domain/economy/exact-math.js';
import { utf8 } from '../../domain/model/bytes.js';

export class Draws {
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;
  #spare: number | null = null;

  constructor(seed: string, purpose: string) {
    const digest = blake3(utf8(`${purpose}\n${seed}`), { context: utf8('filetao simulation seed') });
    const words = new DataView(digest.buffer, digest.byteOffset);
    [this.#a, this.#b, this.#c] = [words.getInt32(0), words.getInt32(4), words.getInt32(8)];
  }

  /** In [0, 1), in steps of 2^-32. */
  next(): number {
    const result = (this.#a + this.#b + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + result) | 0;
    return (result >>> 0) / 2 ** 32;
  }

  below(limit: number): number {
    return Math.floor(this.next() * limit);
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  /** Mean 0, variance 1 (Marsaglia's polar method: square roots and logarithms alone). */
  normal(): number {
    if (this.#spare !== null) {
      const spare = this.#spare;
      this.#spare = null;
      return spare;
    }
    for (;;) {
      const u = 2 * this.next() - 1;
      const v = 2 * this.next() - 1;
      const s = u * u + v * v;
      if (s >= 1 || s === 0) continue;
      const scale = Math.sqrt((-2 * log(s)) / s);
      this.#spare = v * scale;
      return u * scale;
    }
  }

  /** Log-normal with this median. */
  logNormal(median: number, sigma: number): number {
    return sigma === 0 ? median : median * exp(sigma * this.normal());
  }

  exponential(mean: number): number {
    return -mean * log(1 - this.next());
  }

  /** How many of n independent trials succeed: exact, by the gaps between successes, in time of their number. */
  binomial(n: number, probability: number): number {
    if (probability <= 0 || n === 0) return 0;
    if (probability >= 1) return n;
    const logFailure = log(1 - probability);
    let successes = 0;
    for (let at = -1; ; successes++) {
      at += 1 + Math.floor(log(1 - this.next()) / logFailure);
      if (at >= n) return successes;
    }
  }

  bytes(length: number): Uint8Array {
    const out = new Uint8Array(length);
    for (let i = 0; i < length; i++) out[i] = this.below(256);
    return out;
  }

  /** `count` distinct numbers below `below`, ascending. */
  distinct(count: number, below: number): number[] {
    const drawn = new Set<number>();
    // Of more than half of them, those that are left out are drawn.
    const few = Math.min(count, below - count);
    while (drawn.size < few) drawn.add(this.below(below));
    if (few === count) return [...drawn].sort((a, b) => a - b);
    return Array.from({ length: below }, (_, i) => i).filter((i) => !drawn.has(i));
  }
}
