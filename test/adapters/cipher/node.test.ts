import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nodeCipher } from '../../../src/adapters/cipher/node.js';
import { fromHex, toHex } from '../../../src/domain/model/bytes.js';

test('ChaCha20-Poly1305: known tag of the empty message; any changed bit, nonce or length is refused', () => {
  const aead = nodeCipher.chacha20Poly1305(
    fromHex('80ba3192c803ce965ea371d5ff073cf0f43b6a2ab576b208426e11409c09b9b0'),
  );
  const nonce = fromHex('4da5bf8dfd5852c1ea12379d');
  assert.equal(toHex(aead.seal(nonce, new Uint8Array(0))), '76acb342cf3166a5b63c0c0ea1383c8d');
  const sealed = aead.seal(nonce, new TextEncoder().encode('twelve bytes'));
  assert.equal(new TextDecoder().decode(aead.open(nonce, sealed)!), 'twelve bytes');
  for (let i = 0; i < sealed.length; i++) {
    const bent = sealed.slice();
    bent[i]! ^= 1;
    assert.equal(aead.open(nonce, bent), null);
  }
  assert.equal(aead.open(new Uint8Array(12), sealed), null);
  assert.equal(aead.open(nonce, sealed.subarray(0, 15)), null);
});

test('AES-256-CTR starts at a zero counter and goes on across calls', () => {
  const key = new Uint8Array(32);
  // AES-256 of the zero block under the zero key: FIPS 197 / NIST known answer.
  const whole = nodeCipher.aes256Ctr(key).apply(new Uint8Array(48));
  assert.equal(toHex(whole.subarray(0, 16)), 'dc95c078a2408989ad48a21492842087');
  const stream = nodeCipher.aes256Ctr(key);
  const parts = [stream.apply(new Uint8Array(5)), stream.apply(new Uint8Array(43))];
  assert.equal(parts.map(toHex).join(''), toHex(whole));
});

test('SHA-256 by parts equals the FIPS 180-4 vector', () => {
  const hash = nodeCipher
    .sha256()
    .update(new Uint8Array([0x61]))
    .update(new Uint8Array([0x62, 0x63]));
  assert.equal(toHex(hash.digest()), 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
});
