// At the real cost, once: some 8 s of one core.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { xsalsa20poly1305 } from '@noble/ciphers/salsa.js';
import { deriveKey, sensitiveCost } from '../../../src/adapters/wallets/argon2-key.js';
import { openKeyfile } from '../../../src/adapters/wallets/encrypted-keyfile.js';
import { parseKeyfile } from '../../../src/adapters/wallets/keyfile.js';
import { concatBytes, fromHex, toHex, utf8 } from '../../../src/domain/model/bytes.js';

/** PyNaCl's argon2i of "whatever" at the sensitive limits under Bittensor's salt. */
const publishedKey = fromHex('dfc77427de1c447e041c5fc6b3ee0fab03ae4fa843dadd545bf1ac0a6455babf');

test('a key file sealed by other code under the published key of "whatever" opens, off the main thread', async () => {
  assert.deepEqual(sensitiveCost, { passes: 8, memory_bytes: 536_870_912 });
  const publicKey = `0x${'46'.repeat(32)}`;
  const nonce = Uint8Array.from({ length: 24 }, (_, i) => i);
  const box = xsalsa20poly1305(publishedKey, nonce).encrypt(utf8(JSON.stringify({ publicKey })));
  const file = concatBytes(utf8('$NACL'), nonce, box);

  let ticks = 0;
  const ticking = setInterval(() => ticks++, 50);
  const events: string[] = [];
  const unlock = {
    env: { FILETAO_WALLET_PASSWORD: 'whatever' },
    watch: { began: () => void events.push('began'), ended: () => void events.push('ended') },
  };
  const before = process.memoryUsage.rss();
  const opened = await openKeyfile(file, 'coldkey', unlock);
  clearInterval(ticking);
  assert.equal(toHex(parseKeyfile(opened, 'coldkey').publicKey), '46'.repeat(32));
  assert.ok(ticks > 10, `the main thread ran ${ticks} times meanwhile`);
  assert.deepEqual(events, ['began', 'ended']);
  const kept = process.memoryUsage.rss() - before;
  assert.ok(kept < 128 * 2 ** 20, `${kept} bytes were not given back`);

  assert.deepEqual(await deriveKey('whatever', unlock.watch), publishedKey);
  assert.deepEqual(events, ['began', 'ended'], 'a password is paid for once');
});
