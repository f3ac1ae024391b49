// Scalars mod L in both builds against BigInt.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { propertyOptions } from '../../property-options.js';
import { BUILDS, bytesOf, concat, integerOf, L, makeGroup } from './group_core.js';

const TOP = (1n << 512n) - 1n;

/** Values around every multiple of L and power of two where a carry or a fold could be lost. */
function wideEdges(): bigint[] {
  const edges = [0n, 1n, TOP, TOP - 1n];
  for (let bit = 0n; bit <= 512n; bit += 1n)
    edges.push((1n << bit) - 1n, (1n << bit) % (TOP + 1n), ((1n << bit) + 1n) % TOP);
  for (let k = 0n; k < 260n; k++)
    for (const by of [-2n, -1n, 0n, 1n, 2n])
      edges.push((L << k) + by, (TOP / L - k) * L + by, (k + 1n) * L + by);
  const ones28 = (1n << 28n) - 1n;
  for (let k = 0n; k < 18n; k++) edges.push(ones28 << (28n * k), TOP ^ (ones28 << (28n * k)));
  return edges.filter((edge) => edge >= 0n && edge <= TOP);
}

for (const build of BUILDS) {
  describe(`scalars, ${build}`, () => {
    const { group } = makeGroup(build);

    test('wide reduction at the edges', () => {
      const edges = wideEdges();
      const reduced = group.reduceWide(concat(edges.map((edge) => bytesOf(edge, 64))));
      edges.forEach((edge, i) => {
        assert.equal(integerOf(reduced.subarray(32 * i, 32 * i + 32)), edge % L, `${edge}`);
      });
    });

    test('wide reduction of any 64 bytes', (t) => {
      fc.assert(
        fc.property(
          fc.array(fc.uint8Array({ minLength: 64, maxLength: 64 }), { minLength: 1, maxLength: 9 }),
          (items) => {
            const reduced = group.reduceWide(concat(items));
            items.forEach((item, i) => {
              assert.equal(integerOf(reduced.subarray(32 * i, 32 * i + 32)), integerOf(item) % L);
            });
          },
        ),
        propertyOptions(t, 300),
      );
    });

    test('canonical means below L', (t) => {
      const word = 1n << 64n;
      const edges = [0n, 1n, L - 1n, L - 2n, 1n << 252n, (1n << 252n) - 1n, L % (word * word)];
      for (const edge of edges) assert.equal(group.isCanonicalScalar(bytesOf(edge)), true, `${edge}`);
      const above = [
        L,
        L + 1n,
        L + word,
        L + word ** 2n,
        L + word ** 3n,
        2n * L,
        (1n << 255n) - 1n,
        (1n << 256n) - 1n,
      ];
      for (const edge of above) assert.equal(group.isCanonicalScalar(bytesOf(edge)), false, `${edge}`);
      fc.assert(
        fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (item) => {
          assert.equal(group.isCanonicalScalar(item), integerOf(item) < L);
          assert.equal(group.isCanonicalScalar(bytesOf(integerOf(item) % L)), true);
        }),
        propertyOptions(t, 300),
      );
    });

    test('wrong lengths are refused', () => {
      assert.throws(() => group.isCanonicalScalar(new Uint8Array(31)), RangeError);
      assert.throws(() => group.reduceWide(new Uint8Array(65)), RangeError);
      assert.equal(group.reduceWide(new Uint8Array(0)).length, 0);
    });
  });
}
