// Real processes: the stored object opened by Debian's age, what users are told when something is wrong, and nodes
// that are killed or told to end in the middle of their work.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { openWallet } from '../../src/adapters/wallets/wallet-files.js';
import { temporaryFolder } from '../adapters/temporary-folder.js';
import { type Finished, runCli } from '../cli/run-cli.js';
import { eventually } from './network.js';
import { type NodeProcess, startNodeProcess } from './processes.js';

interface Setting {
  readonly home: string;
  readonly miners: readonly NodeProcess[];
  readonly validator: NodeProcess;
  readonly api: NodeProcess;
  startMiner(i: number, ...flags: string[]): Promise<NodeProcess>;
  startValidator(...flags: string[]): Promise<NodeProcess>;
  filetao(...args: string[]): Promise<Finished>;
}

async function startAll(t: TestContext, minerCount: number): Promise<Setting> {
  const home = await temporaryFolder(t);
  const wallet = async (...names: string[]) => {
    const made = await runCli(['wallet', 'create', '--no-password', ...names], { home });
    assert.equal(made.code, 0, made.stderr);
  };
  await wallet();
  await wallet('--wallet.name', 'validator');
  for (let i = 0; i < minerCount; i++) await wallet('--wallet.name', 'miners', '--wallet.hotkey', `m${i}`);
  const workers = ['--proving.workers', '1'];
  const startMiner = (i: number, ...flags: string[]) =>
    startNodeProcess(t, home, [
      'miner',
      '--wallet.name',
      'miners',
      '--wallet.hotkey',
      `m${i}`,
      '--axon.port',
      '0',
      ...workers,
      ...flags,
    ]);
  const startValidator = (...flags: string[]) =>
    startNodeProcess(t, home, [
      'validator',
      '--wallet.name',
      'validator',
      '--validator.port',
      '0',
      '--neuron.challenge_every',
      '0',
      ...workers,
      ...flags,
    ]);
  const [validator, api, ...miners] = await Promise.all([
    startValidator(),
    startNodeProcess(t, home, ['api', '--wallet.name', 'validator', '--api.port', '0', ...workers]),
    ...Array.from({ length: minerCount }, (_, i) => startMiner(i)),
  ]);
  const env = { FILETAO_API_URL: `http://127.0.0.1:${api.address.port}` };
  const filetao = (...args: string[]) => runCli(args, { home, env });
  return { home, miners, validator, api, startMiner, startValidator, filetao };
}

/** One line on stderr, nothing on stdout, the documented exit code. */
function refused(finished: Finished, code: number, says: RegExp): void {
  assert.match(finished.stderr, says);
  assert.match(finished.stderr, /^filetao: [^\n]*\n$/);
  assert.equal(finished.stdout, '');
  assert.equal(finished.code, code, finished.stderr);
}

test('put, open with age, and what users are told when something is wrong', {
  timeout: 300_000,
}, async (t) => {
  const { home, miners, api, startMiner, filetao } = await startAll(t, 3);
  const data = randomBytes(300_000);
  writeFileSync(join(home, 'photo.jpg'), data);
  const put = await filetao('store', 'put', '--filepath', 'photo.jpg');
  assert.equal(put.code, 0, put.stderr);
  const cid = put.stdout.trim();

  await t.test('the ciphertext opens with Debian’s age and the wallet’s identity', async (t) => {
    if (spawnSync('age', ['--version']).error !== undefined) {
      return t.skip('NOT TESTED: no `age` here; install it with: apt-get install age');
    }
    const response = await fetch(`http://127.0.0.1:${api.address.port}/objects/${cid}`);
    writeFileSync(join(home, 'object.age'), new Uint8Array(await response.arrayBuffer()));
    const wallet = await openWallet({
      path: join(home, '.bittensor', 'wallets'),
      name: 'default',
      hotkey: 'default',
    });
    writeFileSync(join(home, 'identity'), `${await wallet.ageIdentity()}\n`, { mode: 0o600 });
    const age = spawnSync('age', ['--decrypt', '-i', 'identity', '-o', 'plain', 'object.age'], { cwd: home });
    assert.equal(age.status, 0, age.stderr.toString());
    assert.ok(readFileSync(join(home, 'plain')).equals(data));
  });

  writeFileSync(join(home, 'unread'), randomBytes(300_000));
  const unread = await filetao('store', 'put', '--filepath', 'unread');
  assert.equal(unread.code, 0, unread.stderr);
  mkdirSync(join(home, 'folder'));
  refused(await filetao('store', 'put', '--filepath', 'missing'), 3, /missing/);
  refused(await filetao('store', 'put', '--filepath', 'folder'), 2, /no regular file is in folder/);
  refused(await filetao('retrieve', 'get', '--data_hash', 'nonsense'), 2, /CID/);
  const gone = await filetao('retrieve', 'get', '--data_hash', cid.replace(/.{6}$/, 'aaaaaa'), '-o', 'out');
  assert.ok(gone.code === 3 || gone.code === 2, gone.stderr);
  const other = await runCli(['wallet', 'create', '--no-password', '--wallet.name', 'other'], { home });
  assert.equal(other.code, 0);
  refused(
    await filetao('retrieve', 'get', '--data_hash', cid, '--wallet.name', 'other', '-o', 'out'),
    1,
    /wallet/,
  );
  refused(
    await filetao('challenge', '--wallet.name', 'validator', '--validator.port', '1'),
    6,
    /no validator at/,
  );
  await assert.rejects(
    startMiner(0, '--axon.port', String(api.address.port)),
    /ended with 1: .*port \d+ .* is in use/s,
  );
  refused(
    await runCli(['store', 'put', '--filepath', 'photo.jpg', '--api.url', 'http://127.0.0.1:1'], { home }),
    6,
    /no API node at/,
  );
  assert.deepEqual(
    readdirSync(home).filter((name) => name.startsWith('out')),
    [],
    'nothing half-written',
  );

  // A miner that ends in the middle of a put: the others are not enough.
  assert.equal(await miners[0]!.end(), 0);
  writeFileSync(join(home, 'second'), randomBytes(100_000));
  refused(await filetao('store', 'put', '--filepath', 'second'), 4, /2 of 3 replicas/);
  await Promise.all(miners.map((miner) => miner.end('SIGKILL')));
  writeFileSync(join(home, 'third'), randomBytes(100_000));
  refused(await filetao('store', 'put', '--filepath', 'third'), 4, /0 of 3 replicas|no miner/);
  // What was read before may be at hand at the API node still.
  refused(
    await filetao('retrieve', 'get', '--data_hash', unread.stdout.trim(), '-o', 'out'),
    6,
    /do not answer/,
  );
  // Started again, on other ports, everything is there.
  await Promise.all([startMiner(0), startMiner(1), startMiner(2)]);
  await eventually(async () => {
    const get = await filetao('retrieve', 'get', '--data_hash', cid, '-o', 'out', '--overwrite');
    return get.code === 0;
  });
  assert.ok(readFileSync(join(home, 'out')).equals(data));
  assert.equal(await api.end(), 0);
});

test('a validator killed in mid-round spends the number, and the next round passes', {
  timeout: 200_000,
}, async (t) => {
  const { home, validator, startValidator, filetao } = await startAll(t, 3);
  writeFileSync(join(home, 'file'), randomBytes(24 * 1024 * 1024));
  const put = await filetao('store', 'put', '--filepath', 'file');
  assert.equal(put.code, 0, put.stderr);
  const challenge = (node: NodeProcess, rounds: string) =>
    filetao(
      'challenge',
      '--wallet.name',
      'validator',
      '--validator.port',
      String(node.address.port),
      '--json',
      '--rounds',
      rounds,
    );
  const cut = challenge(validator, '100');
  // In the middle of something, whatever it is.
  await new Promise((resolve) => setTimeout(resolve, 1500));
  await validator.end('SIGKILL');
  assert.equal((await cut).code, 6, (await cut).stderr);

  const again = await startValidator();
  const { code, stdout } = await challenge(again, '2');
  assert.equal(code, 0, stdout);
  const summary = JSON.parse(stdout.trim().split('\n').at(-1)!);
  assert.deepEqual([summary.passed, summary.failed, summary.void], [12, 0, 0], 'all replicas, none stuck');

  // SIGTERM in mid-work: a clean end, and again nothing is stuck.
  const ending = challenge(again, '100');
  await new Promise((resolve) => setTimeout(resolve, 1000));
  assert.equal(await again.end('SIGTERM'), 0);
  assert.notEqual((await ending).code, 0);
  assert.doesNotMatch(again.logged(), /"level":"error"/);
  const third = await startValidator();
  assert.equal((await challenge(third, '1')).code, 0);
});
