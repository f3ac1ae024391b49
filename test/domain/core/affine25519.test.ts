// Batched affine addition in both builds against BigInt, and its detection of the additions it cannot do.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { BUILDS, bytesOf, instantiate, integerOf, mod, P, random, SEED } from './group_core.js';

type Affine = readonly [bigint, bigint];

const power = (base: bigint, exponent: bigint): bigint => {
  let [result, square] = [1n, mod(base, P)];
  for (let e = exponent; e > 0n; e >>= 1n) {
    if (e & 1n) result = (result * square) % P;
    square = (square * square) % P;
  }
  return result;
};
const inverse = (x: bigint) => power(x, P - 2n);

/** y^2 = x^3 + a x + b, curve25519 with x = u + A/3. */
const THIRD = 486662n * inverse(3n);
const CURVE_A = mod(1n - 486662n * THIRD, P);
const negate = ([x, y]: Affine): Affine => [x, mod(-y, P)];
const chord = ([x1, y1]: Affine, [x2]: Affine, lambda: bigint): Affine => {
  const x = mod(lambda * lambda - x1 - x2, P);
  return [x, mod(lambda * (x1 - x) - y1, P)];
};
const add = (p: Affine, q: Affine): Affine => chord(p, q, mod((q[1] - p[1]) * inverse(q[0] - p[0]), P));
const double = (p: Affine): Affine => chord(p, p, mod((3n * p[0] * p[0] + CURVE_A) * inverse(2n * p[1]), P));

/** The base point of RFC 7748, and multiples of it. */
const BASE: Affine = [
  mod(9n + THIRD, P),
  14781619447589544791020593568409986887264606134616475288964881837755586237401n,
];
const MULTIPLES: Affine[] = [BASE, double(BASE)];
while (MULTIPLES.length < 40) MULTIPLES.push(add(MULTIPLES.at(-1)!, BASE));

for (const build of BUILDS) {
  describe(`affine25519, ${build}`, () => {
    const core = instantiate(build);
    const bytes = new Uint8Array(core.memory.buffer);
    const lanes = core.fieldLanes();
    const size = 40 * lanes;
    const rng = random(SEED);
    const [BYTES, X, Y, MASK, ENTRIES, SLOTS] = [0, 256, 512, 768, 1024, 2048].map(
      (at) => ((core.heapBase() + 255) & ~255) + at,
    ) as [number, number, number, number, number, number];

    const store = (x: number, y: number, points: readonly Affine[]) => {
      for (let lane = 0; lane < lanes; lane++)
        for (const [element, value] of [
          [x, points[lane]![0]],
          [y, points[lane]![1]],
        ] as [number, bigint][]) {
          bytes.set(bytesOf(value), BYTES);
          core.fieldFromBytes(element, lane, BYTES);
        }
    };
    const read = (x: number, y: number): Affine[] => {
      const coordinate = (element: number) => {
        core.fieldToBytes(BYTES, element);
        return Array.from({ length: lanes }, (_, lane) =>
          integerOf(bytes.subarray(BYTES + 32 * lane, BYTES + 32 * lane + 32)),
        );
      };
      const [xs, ys] = [coordinate(x), coordinate(y)];
      return xs.map((value, lane) => [value, ys[lane]!] as const);
    };
    const slot = (i: number) => SLOTS + i * core.affineSlotBytes();
    const pick = (): Affine[] => Array.from({ length: lanes }, () => MULTIPLES[rng.below(20)]!);
    /** Distinct from anything `pick` gives, up to sign. */
    const pickOther = (): Affine[] => Array.from({ length: lanes }, () => MULTIPLES[20 + rng.below(20)]!);

    /** Runs a batch through one of the two forward passes; returns whether it was finished. */
    const batch = (left: Affine[][], right: Affine[][], packed: boolean): boolean => {
      left.forEach((points, i) => {
        store(slot(i), slot(i) + size, points);
        if (packed) {
          // Every second lane through the negative of its entry.
          const width = 16 / lanes;
          store(
            X,
            Y,
            right[i]!.map((point, lane) => (lane % 2 === 1 ? negate(point) : point)),
          );
          for (let lane = 0; lane < lanes; lane++) {
            core.fieldPack(ENTRIES + 80 * lane, X, lane);
            core.fieldPack(ENTRIES + 80 * lane + 40, Y, lane);
            bytes.fill(lane % 2 === 1 ? 255 : 0, MASK + width * lane, MASK + width * (lane + 1));
          }
          core.affineForwardEntries(slot(i), ENTRIES, MASK, i === 0);
        } else {
          store(X, Y, right[i]!);
          core.affineForwardPoint(slot(i), X, Y, i === 0);
        }
      });
      return core.affineFinishBatch(SLOTS, left.length) !== 0;
    };

    test('sums of 1 to 9 slots, from points and from packed entries', () => {
      for (let count = 1; count <= 9; count++)
        for (const packed of [false, true]) {
          const left = Array.from({ length: count }, pick);
          const right = Array.from({ length: count }, pickOther);
          assert.equal(batch(left, right, packed), true);
          left.forEach((points, i) => {
            assert.deepEqual(
              read(slot(i), slot(i) + size),
              points.map((point, lane) => add(point, right[i]![lane]!)),
              `slot ${i} of ${count}, seed ${SEED}`,
            );
          });
        }
    });

    test('an equal or opposite pair in any slot and lane is reported, and nothing is changed', () => {
      const count = 5;
      for (let at = 0; at < count; at++)
        for (let lane = 0; lane < lanes; lane++)
          for (const packed of [false, true])
            for (const relation of [(p: Affine) => p, negate]) {
              const left = Array.from({ length: count }, pick);
              const right = Array.from({ length: count }, pickOther);
              right[at]![lane] = relation(left[at]![lane]!);
              assert.equal(batch(left, right, packed), false, `slot ${at}, lane ${lane}`);
              left.forEach((points, i) => {
                assert.deepEqual(read(slot(i), slot(i) + size), points);
              });
            }
    });

    test('doubling', () => {
      const points = pick();
      store(X, Y, points);
      core.affineDoublePoint(X, Y);
      assert.deepEqual(read(X, Y), points.map(double));
    });
  });
}
