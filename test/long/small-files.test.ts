// Many small files in one `store put`, at three replicas, every node and the client a process of its own
// (FILETAO_SMALL_FILES, default 5000): the rate, the processor time each process takes for a file, and how much of that
// the signatures alone are. docs/bench.md says what the limit is. No rate is required: it is the machine's.
import assert from 'node:assert/strict';
import { randomBytes, randomInt } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { signerFromSeed, verifySr25519 } from '../../src/adapters/wallets/sr25519.js';
import { createWallet } from '../../src/adapters/wallets/wallet-files.js';
import { temporaryFolder } from '../adapters/temporary-folder.js';
import { runCli } from '../cli/run-cli.js';
import { startNodeProcess } from '../nodes/processes.js';
import { ProcessorWatch, processorMs } from './processor-time.js';

const given = Number(process.env.FILETAO_SMALL_FILES);
const count = given > 0 ? given : 5000;
const copies = 3;
const miners = 4;
/** Of one file, encrypted: the client's, the node's and the miners'. */
const signed = 3 + 2 * copies + copies;
const verified = 3 + copies + copies;

/** Milliseconds of this processor for the signatures of one file. */
function signatureMs(): number {
  const signer = signerFromSeed(randomBytes(32));
  const message = randomBytes(64);
  const rounds = 300;
  const took = (work: () => unknown): number => {
    const before = process.cpuUsage();
    for (let i = 0; i < rounds; i++) work();
    return process.cpuUsage(before).user / 1000 / rounds;
  };
  took(() => signer.sign(message)); // the compiler's time is not counted
  const signature = signer.sign(message);
  const sign = took(() => signer.sign(message));
  const verify = took(() => assert(verifySr25519(message, signature, signer.publicKey)));
  return signed * sign + verified * verify;
}

test(`${count} small files in one put`, { timeout: 7_000_000 }, async (t) => {
  const home = await temporaryFolder(t);
  const wallets = join(home, '.bittensor', 'wallets');
  const minerNames = Array.from({ length: miners }, (_, i) => `miner${i}`);
  for (const name of ['default', 'validator', ...minerNames])
    await createWallet({ path: wallets, name, hotkey: 'default' }, { unencrypted: true });
  const common = ['--subtensor.network', 'dev', '--proving.workers', '1', '--logging.level', 'warn'];
  const holders = [];
  for (const name of minerNames) {
    const directory = ['--database.directory', join(home, name)];
    holders.push(
      await startNodeProcess(t, home, [
        'miner',
        ...common,
        ...directory,
        '--wallet.name',
        name,
        '--axon.port',
        '0',
      ]),
    );
  }
  const api = await startNodeProcess(t, home, [
    'api',
    ...common,
    '--wallet.name',
    'validator',
    '--api.port',
    '0',
    '--neuron.replicas',
    String(copies),
  ]);
  const url = ['--api.url', `http://127.0.0.1:${api.address.port}`];
  const folder = join(home, 'files');
  await mkdir(folder);
  const nameOf = (i: number): string => `${String(i).padStart(6, '0')}.bin`;
  for (let i = 0; i < count; i++)
    await writeFile(join(folder, nameOf(i)), randomBytes(1024 + randomInt(9 * 1024)));

  const nodes = { api: [api.child.pid!], miners: holders.map(({ child }) => child.pid!) };
  const spent = (pids: readonly number[]): number => pids.reduce((sum, pid) => sum + processorMs(pid), 0);
  const before = { api: spent(nodes.api), miners: spent(nodes.miners) };
  const started = performance.now();
  let client: ProcessorWatch | null = null;
  const put = await runCli(['store', 'put', '--filepath', folder, ...url, '--accept-terms', '--json'], {
    home,
    onStart: ({ pid }) => {
      client = new ProcessorWatch(pid!);
    },
  });
  const seconds = (performance.now() - started) / 1000;
  const clientMs = (client as unknown as ProcessorWatch).end();
  assert.equal(put.code, 0, put.stderr);
  const perFile = {
    client: clientMs / count,
    api: (spent(nodes.api) - before.api) / count,
    miners: (spent(nodes.miners) - before.miners) / count,
  };
  const all = perFile.client + perFile.api + perFile.miners;
  t.diagnostic(
    `${(count / seconds).toFixed(1)} files/s in ${seconds.toFixed(1)} s at a load of ${loadavg()[0]!.toFixed(1)}; ` +
      `processor time of a file ${all.toFixed(1)} ms: client ${perFile.client.toFixed(1)}, API node ` +
      `${perFile.api.toFixed(1)}, miners ${perFile.miners.toFixed(1)}; of it ${signed} signatures made and ` +
      `${verified} checked: ${signatureMs().toFixed(1)} ms`,
  );

  const stored = put.stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { cid: string; name: string; replicas: number });
  assert.equal(stored.length, count);
  assert.equal(new Set(stored.map(({ cid }) => cid)).size, count);
  assert(stored.every(({ replicas }) => replicas >= copies));
  for (const { cid, name } of [stored[0]!, stored[randomInt(count)]!, stored.at(-1)!]) {
    const target = join(home, `again-${name.replaceAll('/', '-')}`);
    const got = await runCli(['retrieve', 'get', '--data_hash', cid, '-o', target, ...url], { home });
    assert.equal(got.code, 0, got.stderr);
    assert.deepEqual(await readFile(target), await readFile(join(folder, name.split('/').at(-1)!)), name);
  }
  for (const { end } of [api, ...holders]) await end(); // before the folder goes
});
