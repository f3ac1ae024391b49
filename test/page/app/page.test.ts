// The page of an API node in real Chromium against a real network: what a browser puts it gets back, and the command
// line's client gets it too, and the other way round; a closed tab goes on; transcripts are replayed.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { Browser } from 'playwright-core';
import { generatePhrase, signerFromPhrase, verifySr25519 } from '../../../src/adapters/wallets/sr25519.js';
import { FileTaoClient } from '../../../src/client/client.js';
import type { UserWallet } from '../../../src/client/runtime.js';
import { FrameReader, openFrame } from '../../../src/domain/audit/transcript.js';
import { manifestKind } from '../../../src/domain/content/manifest.js';
import { ageIdentityOf, ageRecipientOf } from '../../../src/domain/identity/age-identity.js';
import { openSealed } from '../../../src/domain/identity/sealed.js';
import { encodeSs58 } from '../../../src/domain/identity/ss58.js';
import { toHex } from '../../../src/domain/model/bytes.js';
import type { RunningNode } from '../../../src/nodes/running-node.js';
import { challengeReplica } from '../../../src/nodes/validator/challenging.js';
import { eventually, startNetwork, type TestNetwork } from '../../nodes/network.js';
import { accessible, newProfile, openPage, startChromium } from '../chromium.js';
import { countingProxy } from './counting-proxy.js';
import { chooseFile, downloadOf, makeKeys, type Phrases, putRow, replay, storeFile } from './user.js';

const walletOf = ({ hotkey, coldkey }: Phrases): UserWallet => {
  const identity = ageIdentityOf(signerFromPhrase(coldkey));
  return {
    name: 'same-keys',
    hotkey: signerFromPhrase(hotkey),
    ageRecipient: () => ageRecipientOf(identity),
    ageIdentity: async () => identity,
  };
};

interface Stage {
  readonly browser: Browser;
  readonly network: TestNetwork;
  readonly api: RunningNode;
}

const scenes: Readonly<Record<string, (t: TestContext, stage: Stage) => Promise<void>>> = {
  'store and fetch back; the command line with the same keys gets it, and the page what that put': async (
    t,
    { browser, network, api },
  ) => {
    const url = `http://127.0.0.1:${api.address.port}`;
    const profile = await newProfile(browser);
    const { page, complaints } = await openPage(profile, `${url}/app`);
    assert.equal(new URL(page.url()).pathname, '/app/');
    const phrases = await makeKeys(page);

    // several pieces, the last one short
    const data = randomBytes(200_001);
    const path = join(network.folder, 'photo.bin');
    await writeFile(path, data);
    const cid = await storeFile(page, path);
    await page.getByRole('button', { name: 'Fetch back and verify' }).click();
    assert.deepEqual(await downloadOf(page), data);

    const wallet = walletOf(phrases);
    const client = new FileTaoClient({ url, wallet, hashFolder: join(network.folder, 'hashes') });
    t.after(() => client.close());
    const file = await client.getToFile(cid, join(network.folder, 'from-page'));
    assert.deepEqual(await readFile(file.path), data);

    const other = randomBytes(150_000);
    const put = await client.put(other);
    await page.getByLabel('CID of the object').fill(put.cid);
    await page.getByRole('button', { name: 'Fetch and verify' }).click();
    assert.deepEqual(await downloadOf(page), other);

    // an empty file is a file too, and what was put is listed with the newest first
    const empty = join(network.folder, 'empty.txt');
    await writeFile(empty, '');
    const emptyCid = await storeFile(page, empty);
    await page.getByRole('button', { name: 'Fetch empty.txt' }).click();
    assert.equal((await downloadOf(page)).length, 0);
    const names = await page.locator('#object-rows th').allInnerTexts();
    assert.equal(names.length, 2);
    assert.ok(names[0]!.startsWith('empty.txt') || names[1]!.startsWith('empty.txt'), emptyCid);
    assert.deepEqual(complaints, []);
  },

  'a tab closed in the middle goes on in the next: the same ciphertext, nothing confirmed is sent again':
    async (t, { browser, network, api }) => {
      const proxy = await countingProxy(t, api.address);
      const profile = await newProfile(browser);
      const first = await openPage(profile, `${proxy.url}/app/`);
      const phrases = await makeKeys(first.page);
      const data = randomBytes(640 * 1024);
      const path = join(network.folder, 'film.bin');
      await writeFile(path, data);

      proxy.pass = 4;
      await chooseFile(first.page, path);
      await putRow(first.page).getByText('4 of 11 pieces confirmed').waitFor();
      await eventually(() => proxy.sent.length > 4);
      await first.page.close({ runBeforeUnload: false });
      const confirmed = new Set(proxy.confirmed);
      assert.equal(confirmed.size, 4);
      assert.deepEqual(first.complaints, []);

      proxy.sent.length = 0;
      proxy.pass = Number.POSITIVE_INFINITY;
      const second = await openPage(profile, `${proxy.url}/app/`);
      await second.page.getByText('film.bin (640 KiB): 4 of 11 pieces confirmed.').waitFor();
      const cid = await storeFile(second.page, path);
      const again = proxy.sent.filter((pieceId) => confirmed.has(pieceId));
      assert.deepEqual(again, [], 'a confirmed piece was sent again');
      await putRow(second.page).getByText('256 KiB were there already from an earlier try').waitFor();
      await second.page.locator('#unfinished').waitFor({ state: 'hidden' });

      // the pieces of the first try are pieces of what is stored: it was not encrypted anew
      const client = new FileTaoClient({
        url: proxy.url,
        wallet: walletOf(phrases),
        hashFolder: join(network.folder, 'hashes'),
      });
      t.after(() => client.close());
      const { manifest, plaintext, cancel } = await client.open(cid);
      const parts: Uint8Array[] = [];
      for await (const part of plaintext) parts.push(part);
      await cancel();
      assert.deepEqual(Buffer.concat(parts), data);
      const pieceIds = openSealed(manifestKind, manifest, verifySr25519).value.pieceIds.map(toHex);
      assert.equal(pieceIds.length, 11);
      assert.deepEqual(
        [...confirmed].filter((pieceId) => !pieceIds.includes(pieceId)),
        [],
      );
      assert.equal(proxy.sent.length, 7);

      // what a node or somebody on the way changes never becomes a file
      proxy.tamper = (route, part) => {
        if (!route.startsWith('/objects/bafk') || route.includes('/manifest')) return part;
        const changed = Buffer.from(part);
        changed[0] = changed[0]! ^ 1;
        return changed;
      };
      await second.page.getByRole('button', { name: 'Fetch film.bin' }).click();
      await second.page.locator('#fetched').getByText('What came is not what was stored').waitFor();
      assert.equal(await second.page.locator('#save').count(), 0);
      assert.deepEqual(second.complaints, []);
    },

  'transcripts are replayed round by round, and a changed one is refused': async (
    t,
    { browser, network, api },
  ) => {
    const validator = await network.validator({ processId: 'auditor' });
    const { pieceId } = await network.storePiece(validator, 100_000, 2);
    for (let n = 0; n < 3; n++)
      for (const replica of await validator.index.replicasOfPiece(pieceId))
        assert.equal((await challengeReplica(validator, replica))?.outcome, 'pass');
    const folder = join(network.folder, 'validator', 'transcripts');
    const [name] = (await readdir(folder)).filter((file) => /-auditor-\d+\.transcript$/.test(file));
    const transcript = await readFile(join(folder, name!));

    const profile = await newProfile(browser);
    const { page, complaints } = await openPage(profile, `http://127.0.0.1:${api.address.port}/app/`);
    assert.match(await replay(page, { name: name!, buffer: transcript }), /^Everything holds/);
    assert.equal(await page.locator('tr.good summary').count(), 8, 'two stores and six rounds');
    assert.equal(await page.getByRole('rowheader', { name: 'round 3' }).count(), 2);

    // one bit, somewhere behind the first length field
    const at = 4 + Math.floor(Math.random() * (transcript.length - 4));
    const changed = Buffer.from(transcript);
    changed[at] = changed[at]! ^ 1;
    t.diagnostic(`bit of byte ${at} of ${transcript.length}`);
    assert.match(await replay(page, { name: name!, buffer: changed }), /^This does not hold/);
    // a round in the middle that was left out
    const frames = [...new FrameReader().push(transcript)];
    const second = frames.find((frame) => openFrame(frame).head.value.n === 2)!;
    const cut = Buffer.concat([
      transcript.subarray(0, second.offset),
      transcript.subarray(second.offset + second.length),
    ]);
    assert.match(await replay(page, { name: name!, buffer: cut }), /^This does not hold: 1 finding/);
    await page.getByText('round 2 is missing').waitFor();
    // and what is no transcript at all
    assert.match(
      await replay(page, { name: 'noise.transcript', buffer: randomBytes(999) }),
      /^This does not hold/,
    );
    assert.deepEqual(complaints, []);
  },
  'keys brought along, a file dropped before them, a node that does not serve, the keyboard alone': async (
    _t,
    { browser, network },
  ) => {
    const api = await network.api({ openAccess: false, processId: 'closed-api' });
    const profile = await newProfile(browser, { colorScheme: 'dark', viewport: { width: 390, height: 800 } });
    const { page, complaints } = await openPage(profile, `http://127.0.0.1:${api.address.port}/app/`);
    // dropped, not chosen, and before there are keys: it waits for them
    await page.locator('#drop').evaluate((zone) => {
      const transfer = new DataTransfer();
      transfer.items.add(new File(['dropped'], 'note.txt'));
      zone.dispatchEvent(new DragEvent('drop', { dataTransfer: transfer, bubbles: true, cancelable: true }));
    });
    await putRow(page).getByText('Waiting for your keys').waitFor();
    await accessible(page);

    // the focus is where the keys are asked for; from here on nothing but keys is pressed
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.keyboard.type('no such phrase');
    await page.keyboard.press('Tab');
    await page.keyboard.type('AGE-SECRET-KEY-1WRONG');
    await page.keyboard.press('Enter');
    await page.getByText('These are not the right keys.').waitFor();
    await accessible(page);
    const phrases = { hotkey: generatePhrase(), coldkey: generatePhrase() };
    await page.keyboard.press('Control+A');
    await page.keyboard.type(ageIdentityOf(signerFromPhrase(phrases.coldkey)));
    await page.keyboard.press('Shift+Tab');
    await page.keyboard.press('Control+A');
    await page.keyboard.type(phrases.hotkey);
    await page.keyboard.press('Enter');
    const address = encodeSs58(signerFromPhrase(phrases.hotkey).publicKey);
    await page.locator('#keys').getByText(address).waitFor();

    // the file that waited is refused by this node, in words that say what to do
    await putRow(page).getByText('This node does not serve your address.').waitFor();
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 390, 'nothing sticks out');
    await accessible(page);

    // kept in this browser, until they are removed
    await page.reload();
    await page.locator('#keys').getByText(address).waitFor();
    await page.getByRole('button', { name: 'Remove the keys' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click();
    await page.getByRole('button', { name: 'Make new keys' }).waitFor();
    // Chromium reports every answer of 400 and above in the console; nothing else may be there.
    assert.deepEqual(
      complaints.filter((complaint) => !/the server responded with a status of 403/.test(complaint)),
      [],
    );
  },
};

test('the page of an API node', async (t) => {
  const browser = await startChromium(t);
  const network = await startNetwork(t, { miners: 3 });
  const api = await network.api();
  const stage = { browser, network, api };
  for (const [name, scene] of Object.entries(scenes)) await t.test(name, (context) => scene(context, stage));
});
