// 200 downloads at once of 40 objects from one API node, every node a process of its own: how evenly they are served,
// and the memory of the node meanwhile. docs/bench.md has the figures.
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { createWallet } from '../../src/adapters/wallets/wallet-files.js';
import { temporaryFolder } from '../adapters/temporary-folder.js';
import { runCli } from '../cli/run-cli.js';
import { downloadAtOnce, type WantedObject } from '../nodes/api/downloads-at-once.js';
import { peakMemoryMib, startNodeProcess } from '../nodes/processes.js';

const mebibyte = 1024 * 1024;
const size = 8 * mebibyte;
const objects = 40;
const readers = 200;

test(`${readers} downloads at once share the node, whose memory stays bounded`, {
  timeout: 3_600_000,
}, async (t) => {
  const home = await temporaryFolder(t);
  const path = join(home, '.bittensor', 'wallets');
  const names = ['miner0', 'miner1'];
  for (const name of ['default', 'validator', ...names])
    await createWallet({ path, name, hotkey: 'default' }, { unencrypted: true });
  const common = ['--subtensor.network', 'dev', '--proving.workers', '1', '--logging.level', 'warn'];
  const miners = [];
  for (const name of names) {
    const own = ['--wallet.name', name, '--axon.port', '0', '--database.directory', join(home, name)];
    miners.push(await startNodeProcess(t, home, ['miner', ...common, ...own]));
  }
  const own = [
    '--wallet.name',
    'validator',
    '--api.port',
    '0',
    '--api.open_access',
    '--neuron.replicas',
    '1',
  ];
  const api = await startNodeProcess(t, home, ['api', ...common, ...own]);
  const url = ['--api.url', `http://127.0.0.1:${api.address.port}`, '--accept-terms', '--no-encrypt'];
  const stored: WantedObject[] = [];
  const folder = join(home, 'objects');
  await mkdir(folder);
  for (let i = 0; i < objects; i++) await writeFile(join(folder, `${i}`), randomBytes(size));
  const put = await runCli(['store', 'put', '--filepath', folder, '--json', ...url], { home });
  assert.equal(put.code, 0, put.stderr);
  for (const line of put.stdout.trimEnd().split('\n')) {
    const { cid, name } = JSON.parse(line) as { cid: string; name: string };
    const sha256 = createHash('sha256')
      .update(await readFile(join(home, name)))
      .digest('hex');
    stored.push({ path: `/objects/${cid}`, size, sha256 });
  }
  assert.equal(stored.length, objects);
  const before = peakMemoryMib(api.child.pid!);
  const wanted = Array.from({ length: readers }, (_, i) => stored[i % objects]!);
  const shared = await downloadAtOnce(api, wanted).catch((error) => {
    throw new Error(`${(error as Error).message}\n${api.logged()}`);
  });
  const peak = peakMemoryMib(api.child.pid!);
  const { fairness, rateFairness, firstMs, lastMs, atFirstEnd, postponed } = shared;
  t.diagnostic(
    `fairness of the rates ${rateFairness.toFixed(3)}, the last is done after ${lastMs.toFixed(0)} ms, the first after ` +
      `${firstMs.toFixed(0)} ms; then fairness of the bytes ${fairness.toFixed(3)}, least and most ` +
      `${Math.min(...atFirstEnd)} and ${Math.max(...atFirstEnd)}; postponed ${postponed}; ` +
      `${((readers * size) / mebibyte / (lastMs / 1000)).toFixed(0)} MiB/s; API node ${peak.toFixed(0)} MiB at most, ` +
      `${before.toFixed(0)} before; load ${loadavg()[0]!.toFixed(1)}`,
  );
  // An object is one piece here: who asks for a later one has nothing until it is there, and gets it all the faster.
  assert.ok(rateFairness > 0.5, `fairness of the rates ${rateFairness}`);
  assert.ok(!(peak > 400 * (1e6 / mebibyte)), `${peak} MiB`);
  for (const node of [api, ...miners]) assert.equal(await node.end(), 0);
});
