// The reference's keys at the real cost, 8 s of one core and 512 MiB each.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deriveKey } from '../../src/adapters/wallets/argon2-key.js';
import { toHex } from '../../src/domain/model/bytes.js';

test("PyNaCl's argon2i of a private key's hexadecimal text and of a password", async () => {
  const [privateKey, password] = await Promise.all([deriveKey('0'.repeat(128)), deriveKey('whatever')]);
  assert.equal(toHex(privateKey), '8870b702964229158caee13c7660ef247559f78995b1a3a065f7719edc11e103');
  assert.equal(toHex(password), 'dfc77427de1c447e041c5fc6b3ee0fab03ae4fa843dadd545bf1ac0a6455babf');
});
