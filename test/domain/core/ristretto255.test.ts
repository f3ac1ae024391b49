// ristretto255 in both builds: the vectors of RFC 9496, appendix A, and @noble/curves.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, test } from 'node:test';
import { ristretto255, ristretto255_hasher } from '@noble/curves/ed25519.js';
import fc from 'fast-check';
import { propertyOptions } from '../../property-options.js';
import { DERIVED, DERIVED_ALIKE, INVALID, MULTIPLES } from '../../vectors/rfc9496.js';
import { BUILDS, bytesOf, concat, hex, integerOf, makeGroup, P, random, SEED, unhex } from './group_core.js';

const { Point } = ristretto255;

for (const build of BUILDS) {
  describe(`ristretto255, ${build}`, () => {
    const { group } = makeGroup(build);
    const rng = random(SEED);

    test('A.1: small multiples of the generator, by addition, doubling and commitment', () => {
      const generator = unhex(MULTIPLES[1]);
      let sum = unhex(MULTIPLES[0]);
      MULTIPLES.forEach((encoding, k) => {
        assert.equal(hex(sum), encoding, `${k} B`);
        assert.equal(
          hex(group.commit(bytesOf(BigInt(k)), new Uint8Array(32))),
          encoding,
          `${k} B by commitment`,
        );
        assert.ok(group.isValid(sum));
        if (2 * k < MULTIPLES.length) assert.equal(hex(group.double(sum)), MULTIPLES[2 * k], `2 * ${k} B`);
        sum = group.add(sum, generator);
      });
    });

    test('A.2: invalid encodings are rejected in every lane', () => {
      const good = unhex(MULTIPLES[5]);
      for (const encoding of INVALID) {
        const bad = unhex(encoding);
        assert.throws(() => Point.fromBytes(bad), `${encoding} is invalid for the reference too`);
        for (let lane = 0; lane < 5; lane++) {
          const batch = concat(Array.from({ length: 5 }, (_, i) => (i === lane ? bad : good)));
          assert.equal(group.isValid(batch), false, `${encoding} at ${lane}`);
        }
        assert.throws(() => group.add(good, bad), RangeError);
        assert.throws(() => group.add(bad, good), RangeError);
        assert.throws(() => group.double(bad), RangeError);
        assert.equal(group.isSum(good, bad, good), false);
      }
    });

    test('A.3: element derivation', () => {
      const inputs = DERIVED.map(([label]) => new Uint8Array(createHash('sha512').update(label).digest()));
      assert.deepEqual(hex(group.derive(concat(inputs))), DERIVED.map(([, encoding]) => encoding).join(''));
      for (const input of DERIVED_ALIKE.inputs)
        assert.equal(hex(group.derive(unhex(input))), DERIVED_ALIKE.output);
    });

    test('decoding accepts exactly what the reference accepts, also near 0, p and 2^255', () => {
      const candidates: bigint[] = [];
      for (let k = 0n; k < 40n; k++)
        candidates.push(k, P - k, P + k, (1n << 255n) - 1n - k, (1n << 256n) - 1n - k);
      for (let i = 0; i < 100; i++) candidates.push(integerOf(rng.bytes(32)) >> 1n);
      for (const candidate of candidates) {
        const encoding = bytesOf(candidate % (1n << 256n));
        let expected = true;
        try {
          Point.fromBytes(encoding);
        } catch {
          expected = false;
        }
        assert.equal(group.isValid(encoding), expected, hex(encoding));
      }
    });

    test('derivation, addition, doubling and equality agree with the reference', (t) => {
      fc.assert(
        fc.property(
          fc.array(fc.uint8Array({ minLength: 64, maxLength: 64 }), { minLength: 2, maxLength: 7 }),
          (items) => {
            const points = items.map((item) => ristretto255_hasher.deriveToCurve!(item));
            const elements = group.derive(concat(items));
            assert.equal(hex(elements), points.map((point) => point.toHex()).join(''));
            assert.ok(group.isValid(elements));
            assert.equal(hex(group.double(elements)), points.map((point) => point.double().toHex()).join(''));
            const turned = concat([elements.subarray(32), elements.subarray(0, 32)]);
            const sums = group.add(elements, turned);
            const expected = points.map((point, i) => point.add(points[(i + 1) % points.length]!));
            assert.equal(hex(sums), expected.map((point) => point.toHex()).join(''));
            // The decoded sum and the added points are different representatives of one element.
            assert.ok(group.isSum(elements, turned, sums));
            assert.equal(group.isSum(elements, turned, elements), false);
          },
        ),
        propertyOptions(t, 25),
      );
    });

    test('the identity, inverses and doubling through addition', () => {
      const zero = new Uint8Array(32);
      const element = unhex(MULTIPLES[7]);
      const negative = Point.fromBytes(element).negate().toBytes();
      assert.equal(hex(group.add(element, negative)), hex(zero));
      assert.equal(hex(group.add(element, element)), hex(group.double(element)));
      assert.equal(hex(group.add(element, zero)), hex(element));
      assert.equal(hex(group.double(zero)), hex(zero));
      assert.ok(group.isSum(element, negative, zero));
    });

    test('the identity in every position of batches of doubles', () => {
      const n = 35;
      const elements = Array.from({ length: n }, (_, i) => unhex(MULTIPLES[1 + (i % 7)]!));
      const doubles = elements.map((_, i) => MULTIPLES[2 * (1 + (i % 7))]!);
      for (let at = 0; at < n; at++) {
        const batch = elements.map((element, i) => (i === at ? new Uint8Array(32) : element));
        const expected = doubles.map((encoding, i) => (i === at ? MULTIPLES[0] : encoding));
        assert.equal(hex(group.double(concat(batch))), expected.join(''), `identity at ${at}`);
      }
    });

    test('wrong lengths are refused', () => {
      assert.throws(() => group.derive(new Uint8Array(63)), RangeError);
      assert.throws(() => group.isValid(new Uint8Array(33)), RangeError);
      assert.throws(() => group.add(new Uint8Array(32), new Uint8Array(64)), RangeError);
      assert.throws(
        () => group.isSum(new Uint8Array(32), new Uint8Array(32), new Uint8Array(64)),
        RangeError,
      );
    });
  });
}
