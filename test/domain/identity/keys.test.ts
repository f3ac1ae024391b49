import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  deriveSecret,
  fromExpandedSecret,
  hasCanonicalScalar,
  toExpandedSecret,
} from '../../../src/domain/identity/keys.js';
import { fromHex, toHex } from '../../../src/domain/model/bytes.js';
import { contexts } from '../../../src/domain/model/constants.js';
import { FileTaoError } from '../../../src/domain/model/errors.js';
import { propertyOptions } from '../../property-options.js';

const order = 2n ** 252n + 27742317777372353535851937790883648493n;
const little = (value: bigint): string => toHex(fromHex(value.toString(16).padStart(64, '0')).reverse());
const secret = (scalar: bigint, nonce = '07'.repeat(32)): Uint8Array => fromHex(little(scalar) + nonce);

test('times 8 and back is exact for every scalar, the largest included', (t) => {
  const scalars = fc.bigInt({ min: 1n, max: order - 1n });
  fc.assert(
    fc.property(scalars, (scalar) => {
      const expanded = toExpandedSecret(secret(scalar));
      assert.deepEqual(expanded, secret(8n * scalar));
      assert.deepEqual(fromExpandedSecret(expanded), secret(scalar));
    }),
    { ...propertyOptions<[bigint]>(t, 100), examples: [[1n], [order - 1n], [2n ** 252n]] },
  );
});

test('scalars out of range and inexact divisions are refused', () => {
  for (const scalar of [0n, order, 2n ** 256n - 1n]) {
    assert.equal(hasCanonicalScalar(secret(scalar)), false);
    assert.throws(() => toExpandedSecret(secret(scalar)), FileTaoError);
  }
  for (const expanded of [0n, 1n, 12n, 8n * order]) {
    assert.throws(() => fromExpandedSecret(secret(expanded)), FileTaoError);
  }
  for (const length of [0, 32, 63, 65]) {
    assert.throws(() => fromExpandedSecret(new Uint8Array(length).fill(8)), FileTaoError);
    assert.throws(() => toExpandedSecret(new Uint8Array(length).fill(8)), FileTaoError);
    assert.throws(() => deriveSecret('x', new Uint8Array(length)), FileTaoError);
  }
});

test('each context gives another secret', () => {
  const key = secret(5n);
  const derived = Object.values(contexts).map((context) => toHex(deriveSecret(context, key)));
  assert.equal(new Set(derived).size, derived.length);
  assert.equal(deriveSecret(contexts.replicaSecret, key).length, 32);
});
