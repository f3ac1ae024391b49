// The page of an API node in real Chromium against a real network: what a browser puts it gets back, and the command
// line's client gets it too, and the other way round.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { FileTaoClient } from '../../../src/client/client.js';
import { ageIdentityOf, ageRecipientOf } from '../../../src/domain/identity/age-identity.js';
import { signerFromPhrase } from '../../../src/adapters/wallets/sr25519.js';
import type { UserWallet } from '../../../src/client/runtime.js';
import { startNetwork } from '../../nodes/network.js';
import { newProfile, openPage, startChromium } from '../chromium.js';
import { downloadOf, makeKeys, storeFile } from './user.js';

test('store, fetch back, and both with the same keys from the command line', async (t) => {
  const browser = await startChromium(t);
  if (browser === null) return;
  const network = await startNetwork(t, { miners: 3 });
  const api = await network.api();
  const url = `http://127.0.0.1:${api.address.port}`;
  const profile = await newProfile(browser);
  const { page, complaints } = await openPage(profile, `${url}/app`);
  const phrases = await makeKeys(page);

  // several pieces, the last one short
  const data = randomBytes(200_001);
  const path = join(network.folder, 'photo.bin');
  await writeFile(path, data);
  const cid = await storeFile(page, path);
  await page.getByRole('button', { name: 'Fetch back and verify' }).click();
  assert.deepEqual(await downloadOf(page), data);

  const coldkey = signerFromPhrase(phrases.coldkey);
  const identity = ageIdentityOf(coldkey);
  const wallet: UserWallet = {
    name: 'same-keys',
    hotkey: signerFromPhrase(phrases.hotkey),
    ageRecipient: () => ageRecipientOf(identity),
    ageIdentity: async () => identity,
  };
  const client = new FileTaoClient({ url, wallet, hashFolder: join(network.folder, 'hashes') });
  t.after(() => client.close());
  const file = await client.getToFile(cid, join(network.folder, 'from-page'));
  assert.deepEqual(await readFile(file.path), data);

  const other = randomBytes(150_000);
  const put = await client.put(other);
  await page.getByLabel('CID of the object').fill(put.cid);
  await page.getByRole('button', { name: 'Fetch and verify' }).click();
  assert.deepEqual(await downloadOf(page), other);
  assert.deepEqual(complaints, []);
});
