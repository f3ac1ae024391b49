// GF(2^255 - 19) in both representations against BigInt, with limbs at the extremes of the stated bounds.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { BUILDS, type Build, bytesOf, instantiate, integerOf, mod, P, random, SEED } from './group_core.js';

/** How a build lays out limbs: bit offsets, the limit of a reduced limb, access to limb k of a lane. */
interface Layout {
  lanes: number;
  offsets: number[];
  reduced: number[];
  get(view: DataView, element: number, lane: number, k: number): number;
  set(view: DataView, element: number, lane: number, k: number, value: number): void;
}

const LAYOUTS: Record<Build, Layout> = {
  fma: {
    lanes: 2,
    offsets: [0, 51, 102, 153, 204],
    reduced: Array(5).fill(2 ** 50 + 2 ** 13),
    get: (view, element, lane, k) => view.getFloat64(element + 16 * k + 8 * lane, true),
    set: (view, element, lane, k, value) => view.setFloat64(element + 16 * k + 8 * lane, value, true),
  },
  simd: {
    lanes: 4,
    offsets: [0, 26, 51, 77, 102, 128, 153, 179, 204, 230],
    reduced: Array.from({ length: 10 }, (_, k) => (k % 2 === 0 ? 2 ** 25 : 2 ** 24) + 2 ** 14),
    get: (view, element, lane, k) => view.getInt32(element + 16 * k + 4 * lane, true),
    set: (view, element, lane, k, value) => view.setInt32(element + 16 * k + 4 * lane, value, true),
  },
};

for (const build of BUILDS) {
  describe(`field25519, ${build}`, () => {
    const core = instantiate(build);
    const layout = LAYOUTS[build];
    const [A, B, O, MASK, PACKED] = [0, 1, 2, 3, 4].map(
      (i) => ((core.heapBase() + 255) & ~255) + 256 * i,
    ) as [number, number, number, number, number];
    const view = new DataView(core.memory.buffer);
    const bytes = new Uint8Array(core.memory.buffer);
    const rng = random(SEED);
    const lanes = Array.from({ length: layout.lanes }, (_, lane) => lane);

    const elementOf = (element: number, lane: number): bigint =>
      layout.offsets.reduce(
        (sum, offset, k) => sum + (BigInt(layout.get(view, element, lane, k)) << BigInt(offset)),
        0n,
      );

    /** Fills every lane with limbs chosen by `choose(limit)` where limit is `scale` times the reduced limit. */
    const fill = (
      element: number,
      scale: number,
      choose: (limit: number, lane: number, k: number) => number,
    ): bigint[] => {
      for (const lane of lanes)
        layout.reduced.forEach((limit, k) => {
          layout.set(view, element, lane, k, choose(scale * limit, lane, k));
        });
      return lanes.map((lane) => elementOf(element, lane));
    };

    /** Extreme limbs: mostly +-limit, some 0, 1 and values in between. */
    const extreme = (limit: number): number => {
      const kind = rng.below(8);
      const magnitude = kind < 5 ? limit : kind === 5 ? 0 : kind === 6 ? 1 : rng.below(limit);
      return rng.below(2) === 0 ? magnitude : -magnitude || 0;
    };

    const check = (expected: (lane: number) => bigint, what: string, reduced = true): void => {
      for (const lane of lanes) {
        assert.equal(
          mod(elementOf(O, lane), P),
          mod(expected(lane), P),
          `${what}, lane ${lane}, seed ${SEED}`,
        );
        if (!reduced) continue;
        layout.reduced.forEach((limit, k) => {
          const limb = Math.abs(layout.get(view, O, lane, k));
          assert.ok(
            limb <= limit,
            `${what}: limb ${k} of lane ${lane} is ${limb}, limit ${limit}, seed ${SEED}`,
          );
        });
      }
    };

    test('has the lanes its layout says', () => assert.equal(core.fieldLanes(), layout.lanes));

    test('reduced * loose, every sign of equal extreme limbs and random extremes', () => {
      const run = (what: string, a: bigint[], b: bigint[]) => {
        core.fieldMul(O, A, B);
        check((lane) => a[lane]! * b[lane]!, what);
        core.fieldMul(O, B, A);
        check((lane) => a[lane]! * b[lane]!, `${what}, factors swapped`);
      };
      for (let signs = 0; signs < 1024; signs++) {
        const count = layout.reduced.length;
        const a = fill(A, 1, (limit, _, k) => ((signs >> (k % count)) & 1 ? -limit : limit));
        const b = fill(B, 3, (limit, lane, k) =>
          ((signs >> (count === 5 ? k + 5 : 9 - k)) & 1) !== (lane & 1) ? limit : -limit,
        );
        run(`signs ${signs}`, a, b);
      }
      for (let i = 0; i < 2000; i++) run(`case ${i}`, fill(A, 1, extreme), fill(B, 3, extreme));
    });

    test('the square of a reduced element', () => {
      for (let i = 0; i < 3000; i++) {
        const a = fill(A, 1, i < 1024 ? (limit, _, k) => ((i >> k) & 1 ? -limit : limit) : extreme);
        core.fieldSquare(O, A);
        check((lane) => a[lane]! ** 2n, `case ${i}`);
      }
    });

    test('outputs may be inputs', () => {
      const a = fill(O, 1, extreme);
      core.fieldMul(O, O, O);
      check((lane) => a[lane]! ** 2n, 'o = o * o');
      const b = lanes.map((lane) => elementOf(O, lane));
      core.fieldSquare(O, O);
      check((lane) => b[lane]! ** 2n, 'o = o^2');
    });

    test('sums and differences are exact, carries bring them back', () => {
      for (let i = 0; i < 500; i++) {
        const a = fill(A, 3, extreme);
        const b = fill(B, 3, extreme);
        core.fieldAdd(O, A, B);
        check((lane) => a[lane]! + b[lane]!, 'sum', false);
        core.fieldCarry(O, O);
        check((lane) => a[lane]! + b[lane]!, 'sum, carried');
        core.fieldSub(O, A, B);
        core.fieldCarry(O, O);
        check((lane) => a[lane]! - b[lane]!, 'difference, carried');
      }
    });

    test('canonical bytes, sign and zero at the edges of [0, p) and of the limbs', () => {
      const expectForms = (a: bigint[], what: string) => {
        core.fieldToBytes(O, A);
        for (const lane of lanes)
          assert.equal(integerOf(bytes.subarray(O + 32 * lane, O + 32 * lane + 32)), mod(a[lane]!, P), what);
        core.fieldIsNegative(MASK, A);
        core.fieldIsZero(O, A);
        const width = 16 / layout.lanes;
        for (const lane of lanes) {
          const isOdd = mod(a[lane]!, P) % 2n === 1n;
          const isZero = mod(a[lane]!, P) === 0n;
          for (let i = 0; i < width; i++) {
            assert.equal(bytes[MASK + width * lane + i], isOdd ? 255 : 0, `${what}: odd`);
            assert.equal(bytes[O + width * lane + i], isZero ? 255 : 0, `${what}: zero`);
          }
        }
        core.fieldAbsolute(O, A);
        check((lane) => (mod(a[lane]!, P) % 2n === 1n ? -a[lane]! : a[lane]!), `${what}: absolute`);
      };
      for (let i = 0; i < 1500; i++)
        expectForms(
          fill(A, 1, i < 1024 ? (limit, _, k) => ((i >> k) & 1 ? -limit : limit) : extreme),
          `case ${i}`,
        );
      const edges = [
        0n,
        1n,
        2n,
        18n,
        19n,
        20n,
        P - 20n,
        P - 19n,
        P - 2n,
        P - 1n,
        P,
        P + 1n,
        P + 18n,
        (P - 1n) / 2n,
        1n << 254n,
      ];
      for (const edge of edges)
        for (const lane of lanes) {
          fill(A, 0, () => 0);
          bytes.set(bytesOf(edge), B);
          core.fieldFromBytes(A, lane, B);
          expectForms(
            lanes.map((other) => (other === lane ? edge : 0n)),
            `edge ${edge} in lane ${lane}`,
          );
        }
    });

    test('from bytes: any 255 bits, bit 255 ignored, reduced', () => {
      for (let i = 0; i < 500; i++) {
        const inputs = lanes.map((_, lane) =>
          i === 0 ? (1n << 256n) - 1n : integerOf(rng.bytes(32)) ^ BigInt(lane),
        );
        for (const lane of lanes) {
          bytes.set(bytesOf(inputs[lane]!), B);
          core.fieldFromBytes(O, lane, B);
        }
        check((lane) => inputs[lane]! & ((1n << 255n) - 1n), `case ${i}`);
      }
    });

    test('inverse and the power (p - 5) / 8, in each lane; the inverse of 0 is 0', () => {
      for (let i = 0; i < 20; i++) {
        const a = fill(A, 1, i === 0 ? () => 0 : extreme);
        core.fieldInvert(O, A);
        for (const lane of lanes)
          assert.equal(
            mod(elementOf(O, lane) * a[lane]!, P),
            mod(a[lane]!, P) === 0n ? 0n : 1n,
            `seed ${SEED}`,
          );
        core.fieldPowerP58(O, A);
        const power = (base: bigint, exponent: bigint): bigint => {
          let [result, square] = [1n, mod(base, P)];
          for (let e = exponent; e > 0n; e >>= 1n) {
            if (e & 1n) result = (result * square) % P;
            square = (square * square) % P;
          }
          return result;
        };
        check((lane) => power(a[lane]!, (P - 5n) / 8n), `power, case ${i}`);
      }
    });

    test('lanes are selected, negated, packed and gathered alone', () => {
      const width = 16 / layout.lanes;
      for (let pattern = 0; pattern < 1 << layout.lanes; pattern++) {
        const a = fill(A, 1, extreme);
        const b = fill(B, 1, extreme);
        for (const lane of lanes)
          bytes.fill((pattern >> lane) & 1 ? 255 : 0, MASK + width * lane, MASK + width * (lane + 1));
        const chosen = (lane: number) => ((pattern >> lane) & 1) === 1;
        core.fieldSelect(O, A, B, MASK);
        check((lane) => (chosen(lane) ? a[lane]! : b[lane]!), 'select');
        core.fieldNegateIf(O, A, MASK);
        check((lane) => (chosen(lane) ? -a[lane]! : a[lane]!), 'negate');
        for (const lane of lanes) core.fieldPack(PACKED + 40 * lane, A, lane);
        core.fieldGatherSub(O, PACKED, MASK, B);
        check((lane) => (chosen(lane) ? -a[lane]! : a[lane]!) - b[lane]!, 'gather', false);
      }
    });
  });
}
