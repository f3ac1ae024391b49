// 200 downloads at once of 40 objects from one API node, every node a process of its own: how evenly they are served,
// and the memory of the node meanwhile. docs/bench.md has the figures.
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
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
  for (let i = 0; i < objects; i++) {
    const data = randomBytes(size);
    const file = join(home, 'file');
    await writeFile(file, data);
    const put = await runCli(['store', 'put', '--filepath', file, ...url], { home });
    assert.equal(put.code, 0, put.stderr);
    const sha256 = createHash('sha256').update(data).digest('hex');
    stored.push({ path: `/objects/${put.stdout.trim()}`, size, sha256 });
  }
  const before = peakMemoryMib(api.child.pid!);
  const wanted = Array.from({ length: readers }, (_, i) => stored[i % objects]!);
  const shared = await downloadAtOnce(api, wanted).catch((error) => {
    throw new Error(`${(error as Error).message}\n${api.logged()}`);
  });
  const peak = peakMemoryMib(api.child.pid!);
  const { fairness, firstMs, lastMs, atFirstEnd } = shared;
  t.diagnostic(
    `fairness ${fairness.toFixed(3)} when the first is done (${firstMs.toFixed(0)} ms), the last after ${lastMs.toFixed(0)} ms; ` +
      `least and most received by then ${Math.min(...atFirstEnd)} and ${Math.max(...atFirstEnd)} bytes; ` +
      `${((readers * size) / mebibyte / (lastMs / 1000)).toFixed(0)} MiB/s; API node ${peak.toFixed(0)} MiB at most, ` +
      `${before.toFixed(0)} before; load ${loadavg()[0]!.toFixed(1)}`,
  );
  assert.ok(!(peak > 400 * (1e6 / mebibyte)), `${peak} MiB`);
  for (const node of [api, ...miners]) assert.equal(await node.end(), 0);
});
