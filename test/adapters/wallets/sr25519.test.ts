import assert from 'node:assert/strict';
import { generateKeyPairSync, sign as nodeSign } from 'node:crypto';
import { test } from 'node:test';
import { ristretto255 } from '@noble/curves/ed25519.js';
import {
  developmentPhrase,
  generatePhrase,
  keyPairFromPhrase,
  keyPairFromPrivateKey,
  keyPairFromSeed,
  keyPairFromUri,
  seedFromPhrase,
  signerFromPhrase,
  signerFromPrivateKey,
  signerFromSeed,
  signerFromUri,
  verifySr25519,
} from '../../../src/adapters/wallets/sr25519.js';
import { toExpandedSecret } from '../../../src/domain/identity/keys.js';
import { encodeSs58 } from '../../../src/domain/identity/ss58.js';
import { fromHex, toHex, utf8 } from '../../../src/domain/model/bytes.js';
import { contexts } from '../../../src/domain/model/constants.js';
import { FileTaoError } from '../../../src/domain/model/errors.js';

const seedHex = 'fac7959dbfe72f052e5a0c3c8d6530f202b02fd8f9f5ca3580ec8deb7797479e';
const publicHex = '46ebddef8cd9bb167dc30878d7113b7e168e6f0646beffd77d69d39bad76b47a';

test('the development phrase gives the published seed, key and address', () => {
  assert.equal(toHex(seedFromPhrase(developmentPhrase)), seedHex);
  const { publicKey } = keyPairFromPhrase(`  ${developmentPhrase.replaceAll(' ', '  ')}\n`);
  assert.equal(toHex(publicKey), publicHex);
  assert.equal(encodeSs58(publicKey), '5DfhGyQdFobKM8NsWvEeAKk5EQQgYe9AydgJ7rMB6E1EqRzV');
});

test('derivation paths give the published accounts, hard, soft, numeric and hashed', () => {
  // sp-keyring's accounts
  const accounts = {
    '//Alice': '5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY',
    '//Bob': '5FHneW46xGXgs5mUiveU4sbTyGBzmstUspZC92UhjJM694ty',
    '//Alice//stash': '5GNJqTPyNqANBkUVMN1LPPrxXnFouWXoe2wNSmmEoLctxiZY',
    [`${developmentPhrase}//Charlie`]: '5FLSigC9HGRKVhB9FiEo4Y3koPsNmBmLJbpXg2mp1hXcS59Y',
  };
  for (const [uri, address] of Object.entries(accounts)) {
    assert.equal(encodeSs58(keyPairFromUri(uri).publicKey), address, uri);
  }
  // sr25519-crust and polkadot-js/wasm, soft derivation with the chain code of "foo"
  assert.equal(
    toHex(keyPairFromUri('/foo').publicKey),
    '40b9675df90efa6069ff623b0fdfcf706cd47ca7452a5056c7ad58194d23440a',
  );
  const message = utf8('soft and long parts sign too');
  for (const uri of ['/soft', '//1/2', `//${'x'.repeat(40)}`]) {
    const signer = signerFromUri(uri);
    assert.equal(verifySr25519(message, signer.sign(message), signer.publicKey), true, uri);
  }
  for (const uri of ['//Alice///password', '///password', 'foo//', '//', `//${2n ** 64n}`]) {
    assert.throws(() => keyPairFromUri(uri), FileTaoError, uri);
  }
});

test('the secret scalar is canonical: times G it is the public key (noble)', () => {
  for (const keyPair of [
    keyPairFromPhrase(developmentPhrase),
    keyPairFromUri('//Alice'),
    keyPairFromUri('/soft/er'),
  ]) {
    const scalar = BigInt(`0x${toHex(keyPair.secretKey.slice(0, 32).reverse())}`);
    assert.deepEqual(ristretto255.Point.BASE.multiply(scalar).toBytes(), keyPair.publicKey);
  }
});

test('phrase, seed and stored private key give one signer and the same derived secrets', () => {
  const { publicKey, secretKey } = keyPairFromPhrase(developmentPhrase);
  const signers = [
    signerFromPhrase(developmentPhrase),
    signerFromSeed(fromHex(seedHex)),
    signerFromPrivateKey(secretKey, publicKey),
    signerFromPrivateKey(toExpandedSecret(secretKey), publicKey), // as polkadot-js exports it
  ];
  for (const signer of signers) {
    assert.equal(toHex(signer.publicKey), publicHex);
    assert.equal(
      toHex(signer.deriveSecret(contexts.replicaSecret)),
      '0b70f1c302fcf21b234046e7088b69b7b195dc136cdfe37274ce6e7b3bbc9478',
    );
    assert.equal(
      toHex(signer.deriveSecret(contexts.ageIdentity)),
      'bda4c6990497cf49a2c427dc1e25680530b1803c14828e75bb55f604d47a67a4',
    );
    for (const other of signers) {
      const message = utf8('any of them');
      assert.equal(verifySr25519(message, signer.sign(message), other.publicKey), true);
    }
  }
});

test("verifies polkadot-js's published signature", () => {
  // polkadot-js/wasm, packages/wasm-crypto/test: sr25519 verifyExisting
  const signature = fromHex(
    '4e172314444b8f820bb54c22e95076f220ed25373e5c178234aa6c211d29271244b947e3ff3418ff6b45fd1df1140c8cbff69fc58ee6dc96df70936a2bb74b82',
  );
  const message = utf8('this is a message');
  assert.equal(verifySr25519(message, signature, fromHex(publicHex)), true);
  assert.equal(verifySr25519(utf8('this is a massage'), signature, fromHex(publicHex)), false);
});

test('every flipped byte of signature, message or key is refused', () => {
  const signer = signerFromPhrase(developmentPhrase);
  const message = utf8('0123456789');
  const signature = signer.sign(message);
  const flipped = (bytes: Uint8Array, at: number): Uint8Array =>
    bytes.map((byte, i) => (i === at ? byte ^ 1 : byte));
  for (let i = 0; i < 64; i++)
    assert.equal(verifySr25519(message, flipped(signature, i), signer.publicKey), false);
  for (let i = 0; i < 10; i++)
    assert.equal(verifySr25519(flipped(message, i), signature, signer.publicKey), false);
  for (let i = 0; i < 32; i++)
    assert.equal(verifySr25519(message, signature, flipped(signer.publicKey, i)), false);
});

test('wrapped text and other key types are refused', () => {
  const signer = signerFromPhrase(developmentPhrase);
  const bare = utf8('message');
  const wrapped = utf8('<Bytes>message</Bytes>');
  assert.equal(verifySr25519(bare, signer.sign(wrapped), signer.publicKey), false);
  assert.equal(verifySr25519(wrapped, signer.sign(bare), signer.publicKey), false);

  const ed25519 = generateKeyPairSync('ed25519');
  const publicKey = new Uint8Array(ed25519.publicKey.export({ type: 'spki', format: 'der' }).subarray(-32));
  assert.equal(
    verifySr25519(bare, new Uint8Array(nodeSign(null, bare, ed25519.privateKey)), publicKey),
    false,
  );
});

test('malformed input is false, never an exception, and the verifier still works after it', () => {
  const signer = signerFromPhrase(developmentPhrase);
  const message = utf8('x');
  const signature = signer.sign(message);
  const strange = [
    null,
    undefined,
    'text',
    7,
    {},
    [],
    new Uint8Array(0),
    new Uint8Array(63),
    new Uint8Array(65),
  ];
  for (const value of strange) {
    const bytes = value as Uint8Array;
    assert.equal(verifySr25519(message, bytes, signer.publicKey), false);
    assert.equal(verifySr25519(message, signature, bytes), false);
    if (!(value instanceof Uint8Array))
      assert.equal(verifySr25519(bytes, signature, signer.publicKey), false);
  }
  for (const fill of [0, 1, 0x80, 0xff]) {
    assert.equal(verifySr25519(message, new Uint8Array(64).fill(fill), signer.publicKey), false);
    assert.equal(verifySr25519(message, signature, new Uint8Array(32).fill(fill)), false);
  }
  assert.equal(verifySr25519(message, signature, signer.publicKey), true);
});

test('bad phrases, seeds and private keys are typed errors, and signing works after them', () => {
  const { publicKey, secretKey } = keyPairFromPhrase(developmentPhrase);
  const other = keyPairFromUri('//Bob').publicKey;
  const wrong = [
    () => keyPairFromPhrase(''),
    () => keyPairFromPhrase('foo bar'),
    () => keyPairFromPhrase(developmentPhrase.replace('walk', 'lonely')),
    () => keyPairFromSeed(new Uint8Array(31)),
    () => keyPairFromPrivateKey(secretKey, other),
    () => keyPairFromPrivateKey(secretKey.subarray(0, 32), publicKey),
    () => keyPairFromPrivateKey(new Uint8Array(64), publicKey),
    () => keyPairFromPrivateKey(new Uint8Array(64).fill(255), publicKey),
  ];
  for (const attempt of wrong) {
    assert.throws(
      attempt,
      (error: unknown) => error instanceof FileTaoError && error.code === 'wrong-wallet',
    );
  }
  const message = utf8('still well');
  assert.equal(verifySr25519(message, signerFromSeed(fromHex(seedHex)).sign(message), publicKey), true);
});

test('new phrases are valid and different', () => {
  const phrases = Array.from({ length: 20 }, generatePhrase);
  assert.equal(new Set(phrases).size, 20);
  for (const phrase of phrases) {
    assert.equal(phrase.split(' ').length, 12);
    seedFromPhrase(phrase);
  }
});

test('each process draws its own randomness: a fresh WebAssembly makes another phrase', async () => {
  // It asks for randomness once and goes on from there, so one instance alone would look random without any.
  const module = new URL('../../../src/adapters/wallets/schnorrkel.js', import.meta.url).href;
  const fresh = await Promise.all(['?1', '?2'].map((query) => import(`${module}${query}`)));
  const phrases = fresh.map(({ bip39Generate }) => bip39Generate(12));
  assert.notEqual(phrases[0], phrases[1]);
});
