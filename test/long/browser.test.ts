// What takes longer in a browser: a file of many pieces in bounded memory, and Chromium killed in the middle of a put.
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type BrowserContext, chromium } from 'playwright-core';
import { systemClock } from '../../src/adapters/system/clock.js';
import { mebibyte } from '../../src/domain/model/constants.js';
import { eventually, startNetwork } from '../nodes/network.js';
import { countingProxy } from '../page/app/counting-proxy.js';
import { chooseFile, makeKeys, putRow, storeFile } from '../page/app/user.js';
import { openPage } from '../page/chromium.js';
import { findChromium } from '../page/find-chromium.js';
import { openUnwatched } from '../page/unwatched-page.js';

const sizeMiB = 512;
const pieceSize = 16 * mebibyte;
/**
 * Three pieces under way and one that is filled, copies of those three in their requests, and what the engine has not
 * collected yet: 188 MiB was the most that was seen, of 128 MiB of file as of 512.
 */
const growthMax = 18 * pieceSize;
const waitMs = 1_800_000;

async function randomFile(path: string, bytes: number): Promise<string> {
  const hash = createHash('sha256');
  const file = await open(path, 'w');
  for (let at = 0; at < bytes; at += mebibyte) {
    const part = randomBytes(Math.min(mebibyte, bytes - at));
    hash.update(part);
    await file.write(part);
  }
  await file.close();
  return hash.digest('hex');
}

async function digestOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const part of createReadStream(path)) hash.update(part as Buffer);
  return hash.digest('hex');
}

/** A browser whose profile lies in a folder, so that it outlives the process. */
async function launch(t: TestContext, folder: string): Promise<{ profile: BrowserContext; pid: number }> {
  const profile = await chromium.launchPersistentContext(folder, {
    executablePath: await findChromium(),
    args: ['--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu'],
    acceptDownloads: true,
  });
  profile.setDefaultTimeout(waitMs);
  t.after(() => profile.close().catch(() => {}));
  return { profile, pid: await mainProcess(folder) };
}

/** The process that was started with this profile and is nobody's child of its kind. */
async function mainProcess(folder: string): Promise<number> {
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const command = await readFile(`/proc/${name}/cmdline`, 'utf8').catch(() => '');
    if (command.includes(`--user-data-dir=${folder}`) && !command.includes('--type=')) return Number(name);
  }
  throw new Error('Chromium has no process');
}

test('a large file goes and comes in bounded memory', { timeout: waitMs }, async (t) => {
  const network = await startNetwork(t, { miners: 1 });
  const api = await network.api({ pieceSize, replicas: 1 });
  const [profile, downloads] = [join(network.folder, 'profile'), join(network.folder, 'downloads')];
  const page = await openUnwatched(t, `http://127.0.0.1:${api.address.port}/app/`, { profile, downloads });
  await page.click('Make new keys');
  await page.click('I have them in a safe place');
  await page.click('Continue');
  await page.until(`document.body.innerText.includes('Your address:')`);
  const path = join(network.folder, 'large.bin');
  const digest = await randomFile(path, sizeMiB * mebibyte);

  const idle = await page.memory();
  /** Does it, and says how fast it went and what it took. */
  const measured = async (name: string, act: () => Promise<void>): Promise<void> => {
    let most = idle;
    let samples = 0;
    const from = performance.now();
    let isOver = false;
    const acting = act().finally(() => {
      isOver = true;
    });
    for (; !isOver; samples++) {
      const { page: ofPage, all } = await page.memory();
      most = { page: Math.max(most.page, ofPage), all: Math.max(most.all, all) };
      await Promise.race([acting.catch(() => {}), systemClock.sleep(250)]);
    }
    await acting;
    const seconds = (performance.now() - from) / 1000;
    const mib = (bytes: number): string => `${Math.round(bytes / mebibyte)} MiB`;
    t.diagnostic(
      `${sizeMiB} MiB: ${name} ${(sizeMiB / seconds).toFixed(1)} MiB/s; the page's own memory ${mib(idle.page)} before, at most ${mib(most.page)}; the whole browser's ${mib(idle.all)}, at most ${mib(most.all)}`,
    );
    assert.ok(idle.page > 0 && samples > 10, 'memory was measured');
    assert.ok(most.page - idle.page < growthMax, `${mib(idle.page)} became ${mib(most.page)}`);
    assert.ok(most.all - idle.all < growthMax, `${mib(idle.all)} became ${mib(most.all)}`);
  };
  await measured('put', async () => {
    await page.chooseFile('#file', path);
    await page.until(`document.querySelector('#puts').innerText.includes('Stored.')`);
  });
  await measured('get', async () => {
    await page.click('Fetch back and verify');
    await page.until(`document.querySelector('#save') !== null`);
  });
  await page.click('Save large.bin');
  const saved = join(downloads, 'large.bin');
  await eventually(async () => (await stat(saved).catch(() => null))?.size === sizeMiB * mebibyte);
  assert.equal(await digestOf(saved), digest);
});

test('Chromium killed in the middle of a put goes on after its restart', { timeout: waitMs }, async (t) => {
  const network = await startNetwork(t, { miners: 2 });
  const api = await network.api({ replicas: 2 });
  const proxy = await countingProxy(t, api.address);
  const folder = join(network.folder, 'profile');
  const path = join(network.folder, 'film.bin');
  await randomFile(path, 40 * 64 * 1024);
  const first = await launch(t, folder);
  const before = await openPage(first.profile, `${proxy.url}/app/`);
  await makeKeys(before.page);
  const confirmed = new Set<string>();
  let pid = first.pid;
  let { page } = before;
  for (const pass of [1, 7, 15]) {
    proxy.sent.length = 0;
    proxy.pass = pass;
    await chooseFile(page, path);
    await eventually(() => proxy.sent.length > pass && proxy.confirmed.size === confirmed.size + pass);
    process.kill(pid, 'SIGKILL');
    assert.deepEqual(
      proxy.sent.filter((pieceId) => confirmed.has(pieceId)),
      [],
      'a confirmed piece was sent again',
    );
    for (const pieceId of proxy.confirmed) confirmed.add(pieceId);
    const next = await launch(t, folder);
    pid = next.pid;
    page = (await openPage(next.profile, `${proxy.url}/app/`)).page;
    await page.getByText('Your address:').waitFor();
  }
  proxy.sent.length = 0;
  proxy.pass = Number.POSITIVE_INFINITY;
  await storeFile(page, path);
  await putRow(page).getByText('were there already').waitFor();
  assert.equal(confirmed.size, 23);
  assert.equal(proxy.sent.length, 41 - 23, 'what was confirmed in three tries was not sent again');
});
