// Reproducible randomness: the seed is printed, and FILETAO_TEST_SEED repeats a run.
import type { TestContext } from 'node:test';

export interface SeededRandom {
  /** Whole number from 0 to below − 1. */
  below(below: number): number;
  pick<Item>(items: readonly Item[]): Item;
}

export function seededRandom(context: TestContext): SeededRandom {
  const given = process.env.FILETAO_TEST_SEED;
  const seed = given === undefined ? Math.floor(Math.random() * 2 ** 32) : Number(given);
  context.diagnostic(`FILETAO_TEST_SEED=${seed}`);
  let state = seed >>> 0;
  const next = (): number => {
    // mulberry32
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (limit: number): number => Math.floor(next() * limit);
  return { below, pick: (items) => items[below(items.length)]! };
}
