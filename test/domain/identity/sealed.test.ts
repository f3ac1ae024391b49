import assert from 'node:assert/strict';
import { test } from 'node:test';
import { signerFromUri, verifySr25519 } from '../../../src/adapters/wallets/sr25519.js';
import { bytes, text } from '../../../src/domain/identity/codec.js';
import {
  defineMessage,
  openSealed,
  readSealed,
  sealMessage,
  signedText,
} from '../../../src/domain/identity/sealed.js';
import { concatBytes, equalBytes, utf8 } from '../../../src/domain/model/bytes.js';
import { FileTaoError } from '../../../src/domain/model/errors.js';
import type { Signer } from '../../../src/domain/ports/signer.js';

const alice = signerFromUri('//Alice');
const bob = signerFromUri('//Bob');
const shape = { sender: bytes(32), words: text(100) } as const;
const letter = defineMessage('letter', shape, (body) => body.sender, 300);
const parcel = defineMessage('parcel', shape, (body) => body.sender, 300);
const body = { sender: alice.publicKey, words: 'good morning' };
const sealed = sealMessage(letter, body, alice);

const refusedWith = (code: string, run: () => unknown, what = code) =>
  assert.throws(run, (error) => error instanceof FileTaoError && error.code === code, what);

test('a sealed message opens to what was sealed', () => {
  const opened = openSealed(letter, sealed, verifySr25519);
  assert.deepEqual({ ...opened.value }, body);
  assert.deepEqual(concatBytes(opened.signature, opened.body), sealed);
  assert.deepEqual(opened.bytes, sealed);
});

test('a signature of another type, key or text does not pass', () => {
  const other = sealMessage(parcel, body, alice);
  refusedWith('bad-signature', () => openSealed(letter, other, verifySr25519), 'another type');
  const forged = sealMessage(letter, body, bob);
  refusedWith('bad-signature', () => openSealed(letter, forged, verifySr25519), 'another key');
  const encoded = sealed.subarray(64);
  const signWith = (message: Uint8Array) => concatBytes(alice.sign(message), encoded);
  const good = signedText('letter', encoded);
  assert.doesNotThrow(() => openSealed(letter, signWith(good), verifySr25519));
  for (const [what, message] of Object.entries({
    'wrapped as browser wallets wrap': concatBytes(utf8('<Bytes>'), good, utf8('</Bytes>')),
    'the body itself': encoded,
    'another version': concatBytes(utf8('filetao v2 letter\n'), good.subarray(-32)),
    'no line end': concatBytes(utf8('filetao v1 letter'), good.subarray(-32)),
    nothing: new Uint8Array(),
  })) {
    refusedWith('bad-signature', () => openSealed(letter, signWith(message), verifySr25519), what);
  }
  const empty = concatBytes(new Uint8Array(64), encoded);
  refusedWith('bad-signature', () => openSealed(letter, empty, verifySr25519));
});

test('no type is the beginning of another’s signed text', () => {
  // the line end closes the type; it cannot stand in one
  const a = signedText('store', new Uint8Array(1));
  const b = signedText('store-receipt', new Uint8Array(1));
  assert.equal(equalBytes(a.subarray(0, 18), b.subarray(0, 18)), false);
});

test('every changed byte is rejected', () => {
  for (let at = 0; at < sealed.length; at++) {
    const changed = Uint8Array.from(sealed);
    changed[at]! ^= 1 << (at % 8);
    assert.throws(() => openSealed(letter, changed, verifySr25519), FileTaoError, String(at));
  }
});

test('every other length is rejected', () => {
  for (let length = 0; length < sealed.length; length++) {
    refusedWith('bad-message', () => readSealed(letter, sealed.subarray(0, length)));
  }
  refusedWith('bad-message', () => readSealed(letter, concatBytes(sealed, new Uint8Array(1))));
  refusedWith('too-large', () => readSealed(letter, new Uint8Array(301)));
  refusedWith('bad-message', () => readSealed(letter, new Uint8Array(300)));
});

test('what cannot be read is not sent', () => {
  const limits = [60, 64 + 32 + 25];
  for (const [i, maxBytes] of limits.entries()) {
    const narrow = defineMessage('letter', shape, (value) => value.sender, maxBytes);
    refusedWith('too-large', () => sealMessage(narrow, body, alice), String(i));
  }
  const words = 'x'.repeat(101);
  refusedWith('bad-message', () => sealMessage(letter, { ...body, words }, alice));
  const silent: Signer = { ...alice, sign: () => assert.fail('signed') };
  refusedWith('bad-message', () => sealMessage(letter, { ...body, words }, silent));
});
