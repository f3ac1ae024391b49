import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { defaults, kibibyte, limits, mebibyte } from '../../../src/domain/model/constants.js';
import { FileTaoError } from '../../../src/domain/model/errors.js';
import {
  checkRoundShape,
  chunkCount,
  chunkLength,
  chunksOfShare,
  deadlineMs,
  defaultChunkSize,
  detectionProbability,
  openingsFor,
} from '../../../src/domain/protocol/parameters.js';
import { propertyOptions } from '../../property-options.js';

const wish = { loss: defaults.auditLoss, confidence: defaults.auditConfidence };

test('openings follow from the wish: 44 at the defaults', () => {
  assert.equal(openingsFor(16384, wish), 44);
  assert.equal(openingsFor(44, wish), 44);
  assert.equal(openingsFor(43, wish), 43);
  assert.equal(openingsFor(1, wish), 1);
  assert.equal(openingsFor(65536, { loss: 1e-9, confidence: 0.999999 }), limits.openingsMax);
  assert.equal(openingsFor(65536, { loss: 0.999, confidence: 1e-9 }), 1);
  for (const bad of [0, 1, -0.1, 1.1, Number.NaN]) {
    assert.throws(() => openingsFor(10, { ...wish, loss: bad }), FileTaoError);
    assert.throws(() => openingsFor(10, { ...wish, confidence: bad }), FileTaoError);
  }
});

test('no fewer openings would do, and that many do', (t) => {
  fc.assert(
    fc.property(
      fc.double({ min: 0.01, max: 0.9, noNaN: true }),
      fc.double({ min: 0.01, max: 0.9999, noNaN: true }),
      (loss, confidence) => {
        const openings = openingsFor(65536, { loss, confidence });
        if (openings === limits.openingsMax) return;
        assert.ok(1 - (1 - loss) ** openings >= confidence - 1e-12);
        assert.ok(openings === 1 || 1 - (1 - loss) ** (openings - 1) < confidence + 1e-12);
      },
    ),
    propertyOptions(t, 500),
  );
});

test('a round at the default catches a loss of a tenth with 99 % at least', () => {
  for (const count of [50, 1000, 16384, 65536]) {
    assert.ok(detectionProbability(count, chunksOfShare(count, 0.1), openingsFor(count, wish)) >= 0.99);
  }
});

/** C(n, k) exactly. */
const choose = (n: bigint, k: bigint): bigint =>
  k > n ? 0n : k === 0n ? 1n : (choose(n - 1n, k - 1n) * n) / k;

test('the detection probability is the hypergeometric one', () => {
  for (let count = 1; count <= 14; count++) {
    for (let lost = 0; lost <= count; lost++) {
      for (let openings = 1; openings <= count; openings++) {
        const missed = choose(BigInt(count - lost), BigInt(openings));
        const exact = 1 - Number(missed) / Number(choose(BigInt(count), BigInt(openings)));
        const given = detectionProbability(count, lost, openings);
        assert.ok(Math.abs(given - exact) < 1e-12, `${count} ${lost} ${openings}: ${given} ${exact}`);
      }
    }
  }
  assert.equal(detectionProbability(10, 0, 5), 0);
  assert.equal(detectionProbability(10, 6, 5), 1);
});

test('a share of chunks is the smallest number that makes it up', () => {
  for (let count = 1; count <= 1000; count++) {
    for (const [numerator, denominator] of [
      [1, 10],
      [1, 100],
      [7, 100],
      [1, 3],
      [29, 100],
      [1, 2],
    ] as const) {
      const exact = Math.ceil((count * numerator) / denominator);
      assert.equal(
        chunksOfShare(count, numerator / denominator),
        exact,
        `${count} ${numerator}/${denominator}`,
      );
    }
  }
});

test('default chunk sizes', () => {
  const t44 = (size: number) => defaultChunkSize(size, 44);
  assert.equal(t44(1), kibibyte);
  assert.equal(t44(16 * mebibyte), kibibyte);
  assert.equal(t44(16 * mebibyte + 1), 2 * kibibyte);
  assert.equal(t44(32 * mebibyte), 2 * kibibyte);
  assert.equal(t44(64 * mebibyte), 4 * kibibyte);
  // at 1024 openings no more than a 64th may be shown: the count rises to 65536
  assert.equal(defaultChunkSize(64 * mebibyte, 1024), kibibyte);
  assert.equal(chunkCount(64 * mebibyte, kibibyte), limits.chunkCountMax);
  // below 64 KiB · t the second rule does not bind
  assert.equal(defaultChunkSize(64 * mebibyte - 1, 1024), 4 * kibibyte);
});

test('the default chunk size keeps every rule of the protocol', (t) => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: limits.replicaSizeMax }),
      fc.integer({ min: 1, max: limits.openingsMax }),
      (size, wished) => {
        const chunkSize = defaultChunkSize(size, wished);
        const count = chunkCount(size, chunkSize);
        const openings = Math.min(wished, count);
        assert.equal(checkRoundShape({ size, chunkSize, openings }), count);
        const shows = size < 64 * kibibyte * wished || wished * chunkSize <= size / 64;
        assert.ok(shows, 'a transcript publishes no more than a 64th');
        // the smallest that keeps the first rule, unless the second asks for a smaller one
        const smallest = Math.max(kibibyte, 2 ** Math.ceil(Math.log2(size / 16384)));
        assert.ok(chunkSize <= smallest);
        if (size < 64 * kibibyte * wished || wished * smallest <= size / 64)
          assert.equal(chunkSize, smallest);
      },
    ),
    propertyOptions(t, 2000),
  );
});

test('chunks cover the replica exactly', (t) => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 5_000_000 }), fc.integer({ min: 0, max: 10 }), (size, k) => {
      const chunkSize = 1024 << k;
      const count = chunkCount(size, chunkSize);
      let total = 0;
      for (let j = 0; j < count; j++) {
        const length = chunkLength(size, chunkSize, j);
        assert.ok(length >= 1 && length <= chunkSize && (j === count - 1 || length === chunkSize));
        total += length;
      }
      assert.equal(total, size);
    }),
    propertyOptions(t, 100),
  );
});

test('a round outside the limits is refused, at each bound and one beyond', () => {
  const max = limits.replicaSizeMax;
  const refused = (code: string, size: number, chunkSize: number, openings: number) =>
    assert.throws(
      () => checkRoundShape({ size, chunkSize, openings }),
      (error) => error instanceof FileTaoError && error.code === code,
    );
  assert.equal(checkRoundShape({ size: max, chunkSize: 1024, openings: 1024 }), 65536);
  refused('too-large', max + 1, 1024, 1);
  assert.equal(checkRoundShape({ size: 5 * 1024, chunkSize: 1024, openings: 5 }), 5);
  refused('bad-message', 5 * 1024, 1024, 6);
  assert.equal(checkRoundShape({ size: 1, chunkSize: mebibyte, openings: 1 }), 1);
  for (const chunkSize of [0, 1000, 1025, 1536, 3 * 1024]) refused('bad-message', 5000, chunkSize, 1);
  // the opening's limit of 8 MiB
  assert.equal(checkRoundShape({ size: max, chunkSize: mebibyte, openings: 7 }), 64);
  refused('too-large', max, mebibyte, 8);
  refused('too-large', max, 8192, 1024);
});

test('deadlines grow with the bytes', () => {
  assert.equal(deadlineMs({ baseMs: 10_000, bytesPerSecond: 4 * mebibyte }, 16 * mebibyte), 14_000);
  assert.equal(deadlineMs({ baseMs: 10_000, bytesPerSecond: 4 * mebibyte }, 0), 10_000);
});
