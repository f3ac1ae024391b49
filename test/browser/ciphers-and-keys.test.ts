// What a browser puts behind the ports gives the same bytes as what Node does.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { nodeCipher } from '../../src/adapters/cipher/node.js';
import * as wasm from '../../src/adapters/wallets/sr25519.js';
import { browserCipher } from '../../src/browser/cipher.js';
import { importKeys, walletOf } from '../../src/browser/keys.js';
import { browserRandom } from '../../src/browser/runtime.js';
import * as sr25519 from '../../src/browser/sr25519.js';
import { ageIdentityOf } from '../../src/domain/identity/age-identity.js';
import { toHex, utf8 } from '../../src/domain/model/bytes.js';
import { FileTaoError } from '../../src/domain/model/errors.js';
import { propertyOptions } from '../property-options.js';

test('ciphers: the same bytes as node:crypto, however the data is cut', (t) => {
  const parts = fc.array(fc.uint8Array({ maxLength: 100 }), { maxLength: 8 });
  const key = fc.uint8Array({ minLength: 32, maxLength: 32 });
  const nonce = fc.uint8Array({ minLength: 12, maxLength: 12 });
  fc.assert(
    fc.property(key, nonce, parts, (secret, once, data) => {
      const streams = [browserCipher, nodeCipher].map((cipher) => cipher.aes256Ctr(secret));
      const hashes = [browserCipher, nodeCipher].map((cipher) => cipher.sha256());
      for (const part of data) {
        const [ours, theirs] = streams.map((stream) => toHex(stream.apply(part)));
        assert.equal(ours, theirs);
        for (const hash of hashes) hash.update(part);
        const [seal, reference] = [browserCipher, nodeCipher].map((cipher) =>
          cipher.chacha20Poly1305(secret),
        );
        const sealed = seal!.seal(once, part);
        assert.equal(toHex(sealed), toHex(reference!.seal(once, part)));
        assert.equal(toHex(seal!.open(once, sealed)!), toHex(part));
        const changed = sealed.slice();
        changed[changed.length - 1]! ^= 1;
        assert.equal(seal!.open(once, changed), null);
        assert.equal(seal!.open(once, sealed.subarray(0, 15)), null);
      }
      const [ours, theirs] = hashes.map((hash) => toHex(hash.digest()));
      assert.equal(ours, theirs);
    }),
    propertyOptions(t, 100),
  );
});

test('sr25519: phrases and seeds make the same keys as in Node, and each verifies what the other signs', () => {
  for (let i = 0; i < 5; i++) {
    const phrase = i % 2 === 0 ? wasm.generatePhrase() : sr25519.generatePhrase(browserRandom);
    const ours = sr25519.keyPairFromPhrase(`  ${phrase.toUpperCase()} `);
    const theirs = wasm.keyPairFromPhrase(phrase);
    assert.equal(toHex(ours.secretKey), toHex(theirs.secretKey));
    assert.equal(toHex(ours.publicKey), toHex(theirs.publicKey));
    const message = randomBytes(i * 50);
    const [mine, other] = [sr25519.signerOf(ours), wasm.signerOf(theirs)];
    assert.equal(toHex(mine.deriveSecret('x')), toHex(other.deriveSecret('x')));
    assert.ok(wasm.verifySr25519(message, mine.sign(message), ours.publicKey));
    const signature = other.sign(message);
    assert.ok(sr25519.verifySr25519(message, signature, ours.publicKey));
    for (const at of [0, 31, 32, 63]) {
      const changed = signature.slice();
      changed[at]! ^= 1;
      assert.equal(sr25519.verifySr25519(message, changed, ours.publicKey), false);
      assert.equal(wasm.verifySr25519(message, changed, ours.publicKey), false);
    }
    assert.equal(sr25519.verifySr25519(utf8('other'), signature, ours.publicKey), false);
  }
});

test('sr25519: what is malformed is false in both, as is the mark of an old signature', () => {
  const { publicKey, secretKey } = sr25519.keyPairFromSeed(randomBytes(32));
  const message = utf8('message');
  const signature = sr25519.signerOf({ publicKey, secretKey }).sign(message);
  const unmarked = signature.slice();
  unmarked[63]! &= 127;
  const zero = new Uint8Array(64);
  zero[63] = 128;
  const cases: readonly (readonly [Uint8Array, Uint8Array])[] = [
    [unmarked, publicKey],
    [signature.subarray(1), publicKey],
    [new Uint8Array(64).fill(255), publicKey],
    [zero, publicKey],
    [zero, new Uint8Array(32)],
    [signature, new Uint8Array(32)],
    [signature, new Uint8Array(32).fill(255)],
    [signature, publicKey.subarray(1)],
  ];
  for (const [signed, key] of cases) {
    assert.equal(sr25519.verifySr25519(message, signed, key), wasm.verifySr25519(message, signed, key));
    assert.equal(sr25519.verifySr25519(message, signed, key), false);
  }
  // The text that wallets wrap around what they sign is no signature of the message.
  const wrapped = sr25519.signerOf({ publicKey, secretKey }).sign(utf8('<Bytes>message</Bytes>'));
  assert.equal(sr25519.verifySr25519(message, wrapped, publicKey), false);
});

test('keys are brought along as phrase, seed or age identity, and nonsense is told', async () => {
  const hotkey = wasm.generatePhrase();
  const coldkey = wasm.generatePhrase();
  const identity = ageIdentityOf(wasm.signerFromPhrase(coldkey));
  const seed = toHex(wasm.seedFromPhrase(coldkey));
  for (const reading of [
    coldkey,
    seed,
    `0x${seed.toUpperCase()}`,
    identity,
    ` ${identity.toLowerCase()}\n`,
  ]) {
    const keys = importKeys(hotkey, reading);
    assert.equal(keys.ageIdentity, identity);
    const wallet = await walletOf(keys);
    assert.match(await wallet.ageRecipient(), /^age1/);
    assert.equal(toHex(wallet.hotkey.publicKey), toHex(wasm.signerFromPhrase(hotkey).publicKey));
  }
  const wrong = (error: unknown): boolean => error instanceof FileTaoError && error.code === 'wrong-wallet';
  for (const [first, second] of [
    ['', identity],
    [hotkey, ''],
    [hotkey.split(' ').slice(1).join(' '), identity],
    [hotkey, 'AGE-SECRET-KEY-2'],
  ] as const)
    assert.throws(() => importKeys(first, second), wrong);
  await assert.rejects(walletOf(importKeys(hotkey, `${identity.slice(0, -1)}Q`)), wrong);
});
