import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodeSs58, encodeSs58, publicKeyFromSs58 } from '../../../src/domain/identity/ss58.js';
import { fromHex, toHex } from '../../../src/domain/model/bytes.js';
import { FileTaoError } from '../../../src/domain/model/errors.js';
import { propertyOptions } from '../../property-options.js';

// Substrate's well-known accounts (sp-keyring) and the address format page's own example.
const published = [
  [
    42,
    'd43593c715fdd31c61141abd04a99fd6822c8558854ccde39a5684e7a56da27d',
    '5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY',
  ],
  [
    42,
    '8eaf04151687736326c9fea17e25fc5287613693c912909cb226aa4794f26a48',
    '5FHneW46xGXgs5mUiveU4sbTyGBzmstUspZC92UhjJM694ty',
  ],
  [
    0,
    'd43593c715fdd31c61141abd04a99fd6822c8558854ccde39a5684e7a56da27d',
    '15oF4uVJwmo4TdGW7VfQxNLavjCXviqxT9S1MgbjMNHr6Sp5',
  ],
  [
    2,
    'd43593c715fdd31c61141abd04a99fd6822c8558854ccde39a5684e7a56da27d',
    'HNZata7iMYWmk5RvZRTiAsSDhV8366zq2YGb3tLH5Upf74F',
  ],
] as const;

test('encodes and decodes the published addresses', () => {
  for (const [prefix, key, address] of published) {
    assert.equal(encodeSs58(fromHex(key), prefix), address);
    const decoded = decodeSs58(address);
    assert.deepEqual([decoded.prefix, toHex(decoded.publicKey)], [prefix, key]);
  }
});

test('every prefix and key survives the round trip, two-byte prefixes included', (t) => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 16383 }).filter((prefix) => prefix !== 46 && prefix !== 47),
      fc.uint8Array({ minLength: 32, maxLength: 32 }),
      (prefix, key) => {
        const decoded = decodeSs58(encodeSs58(key, prefix));
        assert.equal(decoded.prefix, prefix);
        assert.deepEqual(decoded.publicKey, key);
      },
    ),
    propertyOptions(t, 100),
  );
});

test('any single changed character is noticed', () => {
  const address = published[0][2];
  for (let i = 0; i < address.length; i++) {
    const wrong = `${address.slice(0, i)}${address[i] === '2' ? '3' : '2'}${address.slice(i + 1)}`;
    assert.throws(() => decodeSs58(wrong), FileTaoError, `position ${i}`);
  }
});

test('another network is read, and explained with the address to use instead', () => {
  assert.throws(
    () => publicKeyFromSs58(published[2][2]),
    (error: unknown) =>
      error instanceof FileTaoError &&
      error.code === 'bad-input' &&
      error.message.includes('Polkadot') &&
      error.message.includes(published[0][2]),
  );
  assert.equal(toHex(publicKeyFromSs58(published[0][2])), published[0][1]);
});

test('malformed text is a bad-input error', () => {
  for (const text of [
    '',
    '5',
    'not an address',
    '0OIl',
    `${published[0][2]}1`,
    '1'.repeat(48),
    'z'.repeat(64),
    'z'.repeat(1e6),
  ]) {
    assert.throws(
      () => decodeSs58(text),
      (error: unknown) => error instanceof FileTaoError && error.code === 'bad-input',
    );
  }
});

test('the encoder refuses what is no key or prefix', () => {
  assert.throws(() => encodeSs58(new Uint8Array(31)), RangeError);
  for (const prefix of [-1, 46, 47, 16384, 1.5])
    assert.throws(() => encodeSs58(new Uint8Array(32), prefix), RangeError);
});
