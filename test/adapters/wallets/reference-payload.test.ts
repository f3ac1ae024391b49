import assert from 'node:assert/strict';
import { test } from 'node:test';
import { xsalsa20poly1305 } from '@noble/ciphers/salsa.js';
import { argon2i } from 'hash-wasm';
import { useCostForTests } from '../../../src/adapters/wallets/argon2-key.js';
import {
  openReferencePayload,
  parseReferencePayload,
} from '../../../src/adapters/wallets/reference-payload.js';
import {
  developmentPhrase,
  keyPairFromPhrase,
  keyPairFromUri,
} from '../../../src/adapters/wallets/sr25519.js';
import { fromHex, toHex, utf8 } from '../../../src/domain/model/bytes.js';
import { isFileTaoError } from './is-error.js';

const cost = { passes: 3, memory_bytes: 65_536 };
useCostForTests(cost);

const coldkey = keyPairFromPhrase(developmentPhrase);
const inner = { aes_key: '01'.repeat(32), nonce: '02'.repeat(16), tag: '03'.repeat(16) };

/** A payload as the reference's `encrypt_data` makes it, by other libraries; Python's separators. */
async function payloadOf(plaintext: string): Promise<string> {
  const key = await argon2i({
    password: toHex(coldkey.secretKey),
    salt: fromHex('137183dff15a09bc9c90b5518739e9b1'),
    iterations: cost.passes,
    memorySize: cost.memory_bytes / 1024,
    parallelism: 1,
    hashLength: 32,
    outputType: 'binary',
  });
  const nonce = Uint8Array.from({ length: 24 }, (_, i) => i);
  const ciphertext = xsalsa20poly1305(key, nonce).encrypt(utf8(plaintext));
  return `{"nonce": "${toHex(nonce)}", "ciphertext": "${toHex(ciphertext)}"}`;
}

const python = (value: object): string =>
  JSON.stringify(value).replaceAll('":"', '": "').replaceAll('","', '", "');

test('a payload sealed for the coldkey opens, also as text within JSON', async () => {
  assert.equal(python(inner).length, 167);
  const payload = await payloadOf(python(inner));
  assert.equal(payload.length, 445);
  for (const text of [payload, ` ${payload}\n`, JSON.stringify(payload)]) {
    const { key, nonce, tag } = await openReferencePayload(parseReferencePayload(text), coldkey);
    assert.deepEqual({ aes_key: toHex(key), nonce: toHex(nonce), tag: toHex(tag) }, inner);
  }
});

test('another coldkey, damage and foreign text are typed errors', async () => {
  const payload = await payloadOf(python(inner));
  await assert.rejects(
    openReferencePayload(parseReferencePayload(payload), keyPairFromUri('//Bob')),
    isFileTaoError('wrong-wallet', 'another coldkey'),
  );
  const { nonce, ciphertext } = parseReferencePayload(payload);
  const damaged = { nonce, ciphertext: ciphertext.map((byte, i) => (i === 20 ? byte ^ 1 : byte)) };
  await assert.rejects(openReferencePayload(damaged, coldkey), isFileTaoError('wrong-wallet', 'damaged'));
  const cut = { nonce, ciphertext: ciphertext.subarray(0, 10) };
  await assert.rejects(openReferencePayload(cut, coldkey), isFileTaoError('wrong-wallet'));

  for (const text of [
    '',
    '{',
    '[]',
    'null',
    '7',
    '"{}"',
    '{"nonce": "00", "ciphertext": "00"}',
    `{"nonce": "${'00'.repeat(24)}"}`,
    `{"nonce": "${'00'.repeat(24)}", "ciphertext": "0"}`,
    `{"nonce": "${'0g'.repeat(24)}", "ciphertext": "00"}`,
    `"${' '.repeat(70_000)}"`,
  ]) {
    assert.throws(
      () => parseReferencePayload(text),
      isFileTaoError('bad-input', 'payload'),
      text.slice(0, 40),
    );
  }
  for (const plaintext of [
    'no JSON',
    '[]',
    python({ ...inner, tag: '03' }),
    python({ ...inner, nonce: '' }),
    python({ aes_key: inner.aes_key }),
  ]) {
    const parsed = parseReferencePayload(await payloadOf(plaintext));
    await assert.rejects(openReferencePayload(parsed, coldkey), isFileTaoError('bad-input', 'payload'));
  }
});
