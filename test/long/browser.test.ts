// What takes longer in a browser: a file of many pieces in bounded memory, and Chromium killed in the middle of a put.
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type BrowserContext, chromium } from 'playwright-core';
import { mebibyte } from '../../src/domain/model/constants.js';
import { eventually, startNetwork } from '../nodes/network.js';
import { countingProxy } from '../page/app/counting-proxy.js';
import { chooseFile, makeKeys, putRow, storeFile } from '../page/app/user.js';
import { openPage } from '../page/chromium.js';
import { findChromium } from '../page/find-chromium.js';

const sizeMiB = 512;
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

/** Resident bytes of the largest renderer: the page with its workers. (Chromium resets the kernel's own high-water mark.) */
async function rendererBytes(folder: string): Promise<number> {
  let most = 0;
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const command = await readFile(`/proc/${name}/cmdline`, 'utf8').catch(() => '');
    if (!command.includes('--type=renderer') || !command.includes(folder)) continue;
    const status = await readFile(`/proc/${name}/status`, 'utf8').catch(() => '');
    const [, kilobytes = '0'] = /^VmRSS:\s+(\d+) kB/m.exec(status) ?? [];
    most = Math.max(most, 1024 * Number(kilobytes));
  }
  return most;
}

test('a large file goes and comes in bounded memory', { timeout: waitMs }, async (t) => {
  const network = await startNetwork(t, { miners: 1 });
  const api = await network.api({ pieceSize: 16 * mebibyte, replicas: 1 });
  const folder = join(network.folder, 'profile');
  const { profile } = await launch(t, folder);
  const { page, complaints } = await openPage(profile, `http://127.0.0.1:${api.address.port}/app/`);
  await makeKeys(page);
  const path = join(network.folder, 'large.bin');
  const digest = await randomFile(path, sizeMiB * mebibyte);
  const before = await rendererBytes(folder);
  let most = before;
  const sampling = setInterval(async () => {
    most = Math.max(most, await rendererBytes(folder));
  }, 250);
  t.after(() => clearInterval(sampling));
  const putFrom = performance.now();
  await storeFile(page, path);
  const putSeconds = (performance.now() - putFrom) / 1000;
  const mostPutting = most;
  const getFrom = performance.now();
  await page.getByRole('button', { name: 'Fetch back and verify' }).click();
  const save = page.locator('#save');
  await save.waitFor();
  const getSeconds = (performance.now() - getFrom) / 1000;
  clearInterval(sampling);
  const [download] = await Promise.all([page.waitForEvent('download'), save.click()]);
  assert.equal(await digestOf(await download.path()), digest);
  const mib = (bytes: number): string => `${Math.round(bytes / mebibyte)} MiB`;
  t.diagnostic(
    `${sizeMiB} MiB: put ${(sizeMiB / putSeconds).toFixed(1)} MiB/s, get ${(sizeMiB / getSeconds).toFixed(1)} MiB/s; renderer ${mib(before)} before, at most ${mib(mostPutting)} putting, ${mib(most)} in all`,
  );
  assert.ok(before > 0, 'a renderer was found');
  // Pieces under way, and what the engine has not collected yet: less than the file, which both ways would be twice in it.
  assert.ok(most - before < sizeMiB * mebibyte, `${mib(before)} became ${mib(most)}`);
  assert.deepEqual(complaints, []);
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
