import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { ProofCore } from '../../../src/domain/core/proof-core.js';
import { openedIndices } from '../../../src/domain/protocol/indices.js';
import { propertyOptions } from '../../property-options.js';
import { bytes32, core } from './play.js';

/** A core whose XOF gives these words, then ones that count up from 1000. */
function coreOfWords(words: readonly bigint[]): ProofCore {
  return {
    xof(_mode: unknown, _data: unknown, length: number, seek = 0) {
      const out = new DataView(new ArrayBuffer(length));
      for (let at = 0; at < length; at += 8) {
        const number = (seek + at) / 8;
        out.setBigUint64(at, words[number] ?? BigInt(1000 + number), true);
      }
      return new Uint8Array(out.buffer);
    },
  } as unknown as ProofCore;
}
const digest = bytes32(2);
const draw = (words: readonly bigint[], count: number, openings: number) =>
  openedIndices(coreOfWords(words), bytes32(1), digest, count, openings);

test('indices are sorted, distinct and below count', (t) => {
  const counts = fc.oneof(fc.integer({ min: 1, max: 300 }), fc.constantFrom(16384, 65535, 65536));
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), counts, fc.nat(1023), (nu, count, wish) => {
      const openings = 1 + (wish % Math.min(count, 1024));
      const indices = openedIndices(core, nu, digest, count, openings);
      assert.equal(indices.length, openings);
      assert.ok(
        indices.every(
          (index, i) => Number.isInteger(index) && index < count && index > (indices[i - 1] ?? -1),
        ),
      );
    }),
    propertyOptions(t, 200),
  );
  assert.deepEqual(openedIndices(core, bytes32(1), digest, 70, 70), [...Array(70).keys()]);
  assert.deepEqual(openedIndices(core, bytes32(1), digest, 1, 1), [0]);
});

test('words of ⌊2^64/count⌋·count and more are rejected, the one below is not', () => {
  for (const count of [3, 7, 1000, 65535]) {
    const bound = ((1n << 64n) / BigInt(count)) * BigInt(count);
    assert.deepEqual(draw([bound, 2n], count, 1), [2]);
    assert.deepEqual(draw([2n ** 64n - 1n, bound, 1n], count, 1), [1]);
    assert.deepEqual(draw([bound - 1n], count, 1), [count - 1]);
  }
  // a power of two divides 2^64: nothing is rejected
  assert.deepEqual(draw([2n ** 64n - 1n], 65536, 1), [65535]);
});

test('repeats are skipped, and drawing goes on past the first block of words', () => {
  assert.deepEqual(draw([5n, 5n, 15n, 3n], 10, 2), [3, 5]);
  assert.deepEqual(draw([...Array<bigint>(64).fill(4n), 4n, 9n], 10, 2), [4, 9]);
  assert.deepEqual(draw([...Array<bigint>(130).fill(2n ** 64n - 1n), 4n], 10, 1), [4]);
});

test('every chunk is drawn equally often', () => {
  // 4000 draws of 8 from 50. Without replacement the sum of (seen − expected)² / expected has the mean
  // count − openings; at a fixed seed this is one number, and far from the bound unless the draw is skewed.
  const [count, openings, rounds] = [50, 8, 4000];
  const seen = new Array<number>(count).fill(0);
  for (let round = 0; round < rounds; round++) {
    for (const index of openedIndices(core, bytes32(round), digest, count, openings)) seen[index]!++;
  }
  const expected = (rounds * openings) / count;
  const chiSquare = seen.reduce((sum, times) => sum + (times - expected) ** 2 / expected, 0);
  const mean = count - openings;
  const sigma = (mean / (count - 1)) * Math.sqrt(2 * (count - 1));
  assert.ok(Math.abs(chiSquare - mean) < 5 * sigma, `${chiSquare} where ${mean} ± ${sigma} is expected`);
});

test('ν and the commitment both decide', () => {
  const drawn = (nu: number, commitment: number) =>
    String(openedIndices(core, bytes32(nu), bytes32(commitment), 65536, 20));
  assert.notEqual(drawn(1, 1), drawn(2, 1));
  assert.notEqual(drawn(1, 1), drawn(1, 2));
  assert.equal(drawn(1, 1), drawn(1, 1));
});

test('what cannot be drawn is refused', () => {
  for (const [count, openings] of [
    [5, 6],
    [5, 0],
    [0, 1],
    [0.5, 1],
    [2 ** 60, 1],
  ] as const) {
    assert.throws(() => openedIndices(core, bytes32(1), digest, count, openings), RangeError);
  }
});
