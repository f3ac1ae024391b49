// Pedersen commitments in both builds against @noble/curves: random and chosen scalars in every position of a batch, the
// exceptional additions, and the vectors of PROTOCOL section 9.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ristretto255, ristretto255_hasher } from '@noble/curves/ed25519.js';
import { blake3 } from '@noble/hashes/blake3.js';
import fc from 'fast-check';
import type { Window } from '../../../src/domain/core/group.js';
import { propertyOptions } from '../../property-options.js';
import {
  BUILDS,
  type Build,
  bytesOf,
  concat,
  hex,
  integerOf,
  L,
  makeGroup,
  random,
  SEED,
  unhex,
} from './group_core.js';

const { Point } = ristretto255;
const ascii = (text: string) => new TextEncoder().encode(text);
const derive = (context: string, dkLen = 32) => blake3(new Uint8Array(0), { context: ascii(context), dkLen });
const G = Point.BASE;
const H = ristretto255_hasher.deriveToCurve!(derive('filetao v1 pedersen H', 64));

G.precompute(8, false);
H.precompute(8, false);
const times = (point: typeof G, scalar: bigint) =>
  scalar % L === 0n ? Point.ZERO : point.multiplyUnsafe(scalar % L);
const known = new Map<string, string>();
/** The reference commitment, remembered: the same pairs meet every build and window. */
const commitment = (m: bigint, r: bigint): string => {
  const key = `${m} ${r}`;
  let encoding = known.get(key);
  if (encoding === undefined) {
    encoding = times(G, m).add(times(H, r)).toHex();
    known.set(key, encoding);
  }
  return encoding;
};

/** Values whose digits, sign, parity or reduction are at an edge. */
const CHOSEN: bigint[] = [
  0n,
  1n,
  2n,
  3n,
  L - 1n,
  L - 2n,
  L - 3n,
  (L - 1n) / 2n,
  (L + 1n) / 2n,
  L,
  L + 1n,
  2n * L - 1n,
  15n * L,
  15n * L + 1n,
  (1n << 256n) - 1n,
  (1n << 255n) - 19n,
  1n << 252n,
  (1n << 252n) - 1n,
  1n << 255n,
];
for (const bits of [11n, 13n])
  for (const k of [1n, 2n, 10n, 18n, 19n])
    CHOSEN.push((1n << (bits * k)) % (1n << 256n), (1n << (bits * k)) - 1n, L - (1n << (bits * k - 1n)));

/** The signed odd digits of an odd integer 0 < s < 2^bits, lowest first. */
function digitsOf(s: bigint, window: number): bigint[] {
  const count = Math.ceil(253 / window);
  const width = BigInt(window);
  const biased = (s - 1n) / 2n + (1n << (width * BigInt(count) - 1n));
  return Array.from({ length: count }, (_, i) => {
    const c = (biased >> (width * BigInt(i))) & ((1n << width) - 1n);
    return 2n * c + 1n - (1n << width);
  });
}

/**
 * Scalars for which the last addition of a batch split into `parts` partial sums is a doubling in one generator: its two
 * sides have A - B = k L for an odd k, so the scalar's digits are those of k L with side B negated.
 */
function doublingScalars(window: number, generator: 0 | 1, parts: number): bigint[] {
  const count = Math.ceil(253 / window);
  const side = sidesOf(2 * count, parts);
  const found: bigint[] = [];
  for (let multiple = L; multiple < 1n << BigInt(window * count); multiple += 2n * L) {
    const digits = digitsOf(multiple, window);
    assert.equal(sumOf(digits, window), multiple);
    const value = sumOf(
      digits.map((digit, i) => (side[2 * i + generator] === 0 ? digit : -digit)),
      window,
    );
    if (value > -L && value < L) found.push(value);
  }
  return found;
}

const sumOf = (digits: readonly bigint[], window: number): bigint =>
  digits.reduce((sum, digit, i) => sum + (digit << BigInt(window * i)), 0n);

/** Which of the last two partial sums each table ends in: part p has the tables p, p + parts, ..; parts fold in halves. */
function sidesOf(tables: number, parts: number): number[] {
  let sums = Array.from({ length: parts }, (_, part) =>
    Array.from({ length: tables }, (_, table) => table).filter((table) => table % parts === part),
  );
  while (sums.length > 2) {
    const kept = (sums.length + 1) >> 1;
    sums = sums.slice(0, kept).map((sum, i) => [...sum, ...(sums[kept + i] ?? [])]);
  }
  const side: number[] = [];
  sums.forEach((sum, i) => {
    for (const table of sum) side[table] = i;
  });
  return side;
}

test('H is the derived element and the generators are the protocol ones', () => {
  assert.equal(H.toHex(), '9efec94515fc68cbc70d6153d5aa6c8543cf4506d17dd4d818eeb50ef144d07e');
  for (const build of BUILDS) {
    const { group } = makeGroup(build);
    assert.equal(hex(group.derive(derive('filetao v1 pedersen H', 64))), H.toHex());
    const zeroOne = concat([bytesOf(0n), bytesOf(1n)]);
    const oneZero = concat([bytesOf(1n), bytesOf(0n)]);
    assert.equal(hex(group.commit(zeroOne, oneZero)), H.toHex() + G.toHex());
  }
});

for (const build of BUILDS) {
  for (const window of [11, 13] as Window[]) {
    describe(`pedersen, ${build}, window ${window}`, () => {
      const { exports, free, regions, group } = makeGroup(build, { window, subBatch: 64 });
      const bytes = new Uint8Array(exports.memory.buffer);

      /** Commits through the low-level call and returns the encodings and how many sub-batches were exceptional. */
      const commit = (
        m: readonly bigint[],
        r: readonly bigint[],
      ): { encodings: string[]; exceptional: number } => {
        const n = m.length;
        bytes.set(concat(m.map((value) => bytesOf(value))), free);
        bytes.set(concat(r.map((value) => bytesOf(value))), free + 32 * n);
        const out = free + 64 * n;
        bytes.fill(0xa5, out, out + 32 * n + 64);
        const exceptional = group.commitBatch(free, free + 32 * n, n, out);
        assert.ok(
          bytes.subarray(out + 32 * n, out + 32 * n + 64).every((byte) => byte === 0xa5),
          'nothing is written past the last commitment',
        );
        return {
          encodings: Array.from({ length: n }, (_, i) =>
            hex(bytes.subarray(out + 32 * i, out + 32 * i + 32)),
          ),
          exceptional,
        };
      };

      test('PROTOCOL section 9: c_0 of 1 KiB and, through the tree root, of 8 KiB', () => {
        const m = unhex('c9caca71622a10cde79f271151b7fa153a35ba55544c0cf9076bc6f75eabd40a');
        assert.equal(
          hex(group.commit(m, bytesOf(1n))),
          'ca75f47938ea6de1cc27e4b4e8f1e92d833a8cef14bcbb9943f2963cc522db14',
        );
        const single = group.commit(
          unhex('af7367331eaab17cd995a113ee4c1cc817fb0433da389915fb73851766db4e9f'),
          bytesOf(1n),
        );
        const root = blake3(single, { key: derive('filetao v1 commitment leaf') });
        assert.equal(hex(root), 'd471c5ee922577cfb44f94b938d5c02d1c544e2ef72c3412bf89c97251377675');
      });

      test('any scalars, any count', (t) => {
        fc.assert(
          fc.property(
            fc.array(
              fc.tuple(
                fc.uint8Array({ minLength: 32, maxLength: 32 }),
                fc.uint8Array({ minLength: 32, maxLength: 32 }),
              ),
              {
                minLength: 1,
                maxLength: 9,
              },
            ),
            (pairs) => {
              const [m, r] = [0, 1].map((i) => pairs.map((pair) => integerOf(pair[i]!))) as [
                bigint[],
                bigint[],
              ];
              const { encodings, exceptional } = commit(m, r);
              assert.deepEqual(
                encodings,
                m.map((value, i) => commitment(value, r[i]!)),
              );
              assert.equal(exceptional, 0);
            },
          ),
          propertyOptions(t, 12),
        );
      });

      test('chosen scalars on both sides', () => {
        const r = CHOSEN.map((_, i) => CHOSEN[(i * 7 + 3) % CHOSEN.length]!);
        const pairs: [bigint, bigint][] = [];
        CHOSEN.forEach((value, i) => {
          pairs.push([value, r[i]!], [value, value], [value, L - (value % L)]);
        });
        const { encodings } = commit(
          pairs.map(([m]) => m),
          pairs.map(([, second]) => second),
        );
        pairs.forEach(([m, second], i) => {
          assert.equal(encodings[i], commitment(m, second), `m = ${m}, r = ${second}`);
        });
      });

      // One special pair among ordinary ones, in every position of batches around the lane and sub-batch sizes.
      const ordinary = (i: number): [bigint, bigint] => [BigInt(i % 5) + 17n, L - 3n - BigInt(i % 5)];
      const everywhere = (
        special: [bigint, bigint],
        sizes: readonly number[],
        expectExceptional: number | undefined,
      ) => {
        const expected = commitment(...special);
        const others = Array.from({ length: 5 }, (_, i) => commitment(...ordinary(i)));
        for (const n of sizes) {
          const positions =
            n < 20
              ? Array.from({ length: n }, (_, i) => i)
              : [0, 1, 2, 3, 62, 63, 64, 65, 66, 67, 126, 127, 128, n - 2, n - 1];
          for (const position of positions.filter((at) => at < n)) {
            const pairs = Array.from({ length: n }, (_, i) => (i === position ? special : ordinary(i)));
            const { encodings, exceptional } = commit(
              pairs.map(([m]) => m),
              pairs.map(([, r]) => r),
            );
            encodings.forEach((encoding, i) => {
              assert.equal(
                encoding,
                i === position ? expected : others[i % 5],
                `n ${n}, special at ${position}, item ${i}`,
              );
            });
            if (expectExceptional !== undefined)
              assert.equal(exceptional, expectExceptional, `n ${n}, position ${position}`);
          }
        }
      };

      test('the identity element anywhere: every zero of m and r', () => {
        everywhere([0n, 0n], [1, 2, 3, 4, 5, 9, 65, 131], 1);
        everywhere([L, 2n * L], [1, 3], 1);
      });

      test('m = 0 or r = 0 alone anywhere', () => {
        everywhere([0n, 5n], [1, 2, 3, 5, 9, 65, 131], 0);
        everywhere([L, L - 1n], [1, 3, 65], 0);
        everywhere([7n, 0n], [1, 2, 3, 5, 9, 65, 131], 0);
        everywhere([L - 1n, 3n * L], [1, 3, 65], 0);
      });

      test('no scalar makes the last addition a doubling, however the windows are split', () => {
        // L = 2^252 + c with a small c leaves no such digits: the identity is the only exceptional result.
        for (let parts = 3; parts <= 23; parts += 2)
          for (const generator of [0, 1] as const)
            assert.deepEqual(doublingScalars(window, generator, parts), []);
      });

      test('the same pair all over, and pairs that cancel', () => {
        const m = Array.from({ length: 67 }, (_, i) => (i % 2 === 0 ? 12345n : L - 12345n));
        const r = Array.from({ length: 67 }, (_, i) => (i % 2 === 0 ? 678n : L - 678n));
        const expected = [commitment(12345n, 678n), commitment(L - 12345n, L - 678n)];
        commit(m, r).encodings.forEach((encoding, i) => {
          assert.equal(encoding, expected[i % 2]);
        });
      });

      test('the complete path alone gives the same bytes', () => {
        const rng = random(SEED);
        const random_ = () => integerOf(rng.bytes(32));
        const m = [0n, 0n, 1n, L - 1n, random_(), random_(), L, random_(), random_()];
        const r = [0n, 1n, 0n, L - 1n, random_(), random_(), 5n, random_(), random_()];
        const complete = commit(m, r);
        assert.equal(complete.exceptional, 1);
        assert.deepEqual(
          complete.encodings,
          m.map((value, i) => commitment(value, r[i]!)),
          `seed ${SEED}`,
        );
      });

      test('regions too small, wrong lengths', () => {
        assert.equal(group.window, window);
        assert.throws(() => group.commit(new Uint8Array(32), new Uint8Array(64)), RangeError);
        assert.throws(() => group.commit(new Uint8Array(31), new Uint8Array(31)), RangeError);
        assert.equal(group.commit(new Uint8Array(0), new Uint8Array(0)).length, 0);
        assert.ok(regions.tables.bytes >= exports.pedersenTableBytes(window));
      });
    });
  }
}

test('both builds, both windows and the transfer in slices give the same bytes over many sub-batches', () => {
  const rng = random(SEED);
  const n = 2053;
  const m = rng.bytes(32 * n);
  const r = rng.bytes(32 * n);
  const setups: [Build, Window, number][] = [
    ['fma', 11, 64],
    ['simd', 13, 1024],
    ['fma', 13, 2048],
    ['simd', 11, 2048],
  ];
  const results = setups.map(([build, window, subBatch]) =>
    hex(makeGroup(build, { window, subBatch }).group.commit(m, r)),
  );
  for (const result of results) assert.equal(result, results[0], `seed ${SEED}`);
  for (let i = 0; i < n; i += 41) {
    const at = 32 * i;
    const expected = commitment(integerOf(m.subarray(at, at + 32)), integerOf(r.subarray(at, at + 32)));
    assert.equal(results[0]!.slice(2 * at, 2 * at + 64), expected, `item ${i}, seed ${SEED}`);
  }
});

test('a window that does not fit its region is refused', () => {
  const { group } = makeGroup('simd', { window: 11, subBatch: 4 });
  assert.throws(() => group.buildTables(13), RangeError);
  assert.equal(group.window, undefined);
  group.buildTables(11);
  assert.equal(group.window, 11);
});
