import assert from 'node:assert/strict';
import { test } from 'node:test';
import { xsalsa20poly1305 } from '@noble/ciphers/salsa.js';
import { argon2i } from 'hash-wasm';
import { deriveKey, useCostForTests } from '../../../src/adapters/wallets/argon2-key.js';
import { openKeyfile, sealKeyfile } from '../../../src/adapters/wallets/encrypted-keyfile.js';
import { openSecretbox, sealSecretbox } from '../../../src/adapters/wallets/secretbox.js';
import { concatBytes, fromHex, toHex, utf8 } from '../../../src/domain/model/bytes.js';
import { isFileTaoError } from './is-error.js';

const cost = { passes: 3, memory_bytes: 65_536 };
useCostForTests(cost);

const salt = fromHex('137183dff15a09bc9c90b5518739e9b1');
const nonce = Uint8Array.from({ length: 24 }, (_, i) => i);
const text = JSON.stringify({ publicKey: `0x${'46'.repeat(32)}` });

/** The same derivation by another library. */
const otherKey = (password: string): Promise<Uint8Array> =>
  argon2i({
    password,
    salt,
    iterations: cost.passes,
    memorySize: cost.memory_bytes / 1024,
    parallelism: 1,
    hashLength: 32,
    outputType: 'binary',
  });

const withPassword = (password: string) => ({ env: { FILETAO_WALLET_PASSWORD: password } });

test("the secretbox is PyNaCl's, in both directions", () => {
  const key = fromHex('dfc77427de1c447e041c5fc6b3ee0fab03ae4fa843dadd545bf1ac0a6455babf');
  const plaintext = utf8('this is so secret, you cannot believe');
  const box = sealSecretbox(key, nonce, plaintext);
  assert.equal(
    toHex(box),
    'ff5d25d0c1d3d0fc6d92a1e5a55358bc82faf5efe97fc2efb1585e81829d4cec395753289a7da21c4fc6006c561ce2360cb55469a2',
  );
  assert.deepEqual(openSecretbox(key, nonce, box), plaintext);
  for (let i = 0; i < box.length; i++) {
    assert.equal(
      openSecretbox(
        key,
        nonce,
        box.map((byte, at) => (at === i ? byte ^ 1 : byte)),
      ),
      null,
    );
  }
  for (const length of [0, 15, 16]) assert.equal(openSecretbox(key, nonce, box.subarray(0, length)), null);
  assert.equal(openSecretbox(key, nonce.subarray(1), box), null);
});

test('other libraries open what we seal, and we open what they seal', async () => {
  for (const password of ['whatever', ' with blanks ', 'pässwörd – 密码 🔑', 'x'.repeat(300)]) {
    const key = await otherKey(password);
    assert.deepEqual(await deriveKey(password), key, password);

    const ours = await sealKeyfile(text, password);
    assert.equal(new TextDecoder().decode(ours.subarray(0, 5)), '$NACL');
    const box = xsalsa20poly1305(key, ours.subarray(5, 29));
    assert.equal(new TextDecoder().decode(box.decrypt(ours.subarray(29))), text);

    const theirs = concatBytes(utf8('$NACL'), nonce, xsalsa20poly1305(key, nonce).encrypt(utf8(text)));
    assert.deepEqual(await openKeyfile(theirs, 'coldkey', withPassword(password)), utf8(text));
  }
});

test('two files of one password share no nonce', async () => {
  const [first, second] = await Promise.all([sealKeyfile(text, 'same'), sealKeyfile(text, 'same')]);
  assert.notDeepEqual(first.subarray(5, 29), second.subarray(5, 29));
});

test('a wrong password and a damaged file are one sentence that names the source of the password', async () => {
  const file = await sealKeyfile(text, 'right');
  const cases = [file, file.map((byte, i) => (i === 40 ? byte ^ 1 : byte)), file.subarray(0, 60)];
  for (const [i, data] of cases.entries()) {
    const unlock = withPassword(i === 0 ? 'wrong' : 'right');
    await assert.rejects(
      openKeyfile(data, '/w/coldkey', unlock),
      isFileTaoError(
        'wallet-locked',
        'the password in FILETAO_WALLET_PASSWORD does not open /w/coldkey: it is wrong, or the file is damaged',
      ),
    );
  }
});

test('a file cut before its text is refused before anyone is asked', async () => {
  const file = await sealKeyfile(text, 'right');
  const ask = (): Promise<string> => assert.fail('asked');
  for (const length of [5, 6, 29, 44, 45]) {
    await assert.rejects(
      openKeyfile(file.subarray(0, length), '/w/coldkey', { ask, env: {} }),
      isFileTaoError('wrong-wallet', `cut after ${length} bytes`),
    );
  }
});

test('keys are derived one after another, each once; a failure is not remembered', async () => {
  const events: string[] = [];
  const watch = { began: () => void events.push('began'), ended: () => void events.push('ended') };
  await Promise.all(['one', 'two', 'one', 'three', 'two'].map((password) => deriveKey(password, watch)));
  assert.deepEqual(events, ['began', 'ended', 'began', 'ended', 'began', 'ended']);

  useCostForTests({ passes: 3, memory_bytes: 2 ** 41 });
  for (let i = 0; i < 2; i++) {
    await assert.rejects(deriveKey('huge', watch), isFileTaoError('full', 'MiB of free memory'));
  }
  useCostForTests(cost);
  assert.equal(events.length, 10);
  assert.deepEqual(await deriveKey('after'), await otherKey('after'));
});
