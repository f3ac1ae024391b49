// Least privilege: every role runs as a real process with known secrets, at the most talkative level, through work and
// through failure; no secret is in a log, an error, a process list or a file that others may read.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { lstatSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createWallet, openWallet } from '../../src/adapters/wallets/wallet-files.js';
import { flipByte } from '../../src/tools/demo/damage.js';
import { temporaryFolder } from '../adapters/temporary-folder.js';
import { runCli } from '../cli/run-cli.js';
import { startNodeProcess } from '../nodes/processes.js';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const redisPassword = 'correct-horse-battery-staple';

/** Every secret in the key files below a folder, as it is written there. */
function secretsBelow(folder: string): string[] {
  const secrets: string[] = [];
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    const path = join(folder, name);
    if (!lstatSync(path).isFile() || name.endsWith('.txt')) continue;
    const key = JSON.parse(readFileSync(path, 'utf8')) as Record<string, string>;
    for (const field of ['privateKey', 'secretPhrase', 'secretSeed'])
      if (typeof key[field] === 'string') secrets.push(key[field].replace(/^0x/, ''));
  }
  return secrets;
}

function* filesBelow(folder: string): Generator<string> {
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true }))
    yield join(entry.parentPath, entry.name);
}

test('no role lets a secret out, and no file is for others to read', { timeout: 300_000 }, async (t) => {
  const home = await temporaryFolder(t);
  mkdirSync(join(home, '.filetao'), { mode: 0o700 });
  const wallets = join(home, '.bittensor', 'wallets');
  let said = '';
  const filetao = async (args: string[], env: Record<string, string> = {}) => {
    const run = await runCli(args, { home, env });
    said += run.stderr;
    return run;
  };
  for (const name of ['default', 'validator', 'miner'])
    await createWallet({ path: wallets, name, hotkey: 'default' }, { unencrypted: true });
  const user = await openWallet({ path: wallets, name: 'default', hotkey: 'default' });
  const secrets = [...secretsBelow(wallets), await user.ageIdentity(), redisPassword];
  assert.ok(secrets.length >= 12, `${secrets.length} secrets`);

  const talkative = ['--logging.level', 'trace', '--proving.workers', '1'];
  const [miner, validator, api] = await Promise.all([
    startNodeProcess(t, home, ['miner', '--wallet.name', 'miner', '--axon.port', '0', ...talkative]),
    startNodeProcess(t, home, [
      'validator',
      '--wallet.name',
      'validator',
      '--validator.port',
      '0',
      ...talkative,
    ]),
    startNodeProcess(t, home, [
      'api',
      '--wallet.name',
      'validator',
      '--api.port',
      '0',
      '--neuron.replicas',
      '1',
      ...talkative,
    ]),
  ]);
  const env = { FILETAO_API_URL: `http://127.0.0.1:${api.address.port}` };
  writeFileSync(join(home, 'plain'), randomBytes(50_000));
  const put = await filetao(['store', 'put', '--filepath', 'plain', '--copies', '1'], env);
  assert.equal(put.code, 0, put.stderr);
  const lists = [miner, validator, api].map(({ child }) => {
    try {
      return readFileSync(`/proc/${child.pid}/cmdline`, 'utf8');
    } catch {
      return ''; // no /proc
    }
  });

  // Failures: a damaged replica, a lost one, a Redis that is not there, a configuration file and keys that are broken.
  const replicas = join(home, '.filetao', 'miner-miner-default', 'replicas');
  const file = [...filesBelow(replicas)].find(
    (path) => /[0-9a-f]{64}$/.test(path) && lstatSync(path).isFile(),
  )!;
  await flipByte(file, lstatSync(file).size);
  const get = await filetao(['retrieve', 'get', '--data_hash', put.stdout.trim(), '-o', 'out'], env);
  assert.equal(get.code, 5, get.stderr);
  const scrubbed = await filetao(['miner', 'scrub', '--wallet.name', 'miner', '--json']);
  assert.equal(scrubbed.code, 5, scrubbed.stderr);
  const lines = scrubbed.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  assert.deepEqual([lines[0].fault, lines[1].faults.damaged, lines.length], ['damaged', 1, 2]);

  const redis = ['run', 'miner', '--wallet.name', 'miner', '--axon.port', '0', ...talkative];
  const noRedis = await filetao([...redis, '--database.host', '127.0.0.1', '--database.port', '1'], {
    REDIS_PASSWORD: redisPassword,
  });
  assert.notEqual(noRedis.code, 0);
  const badUrl = await filetao([...redis, '--database.url', `redis://user:${redisPassword}@:bad`]);
  assert.notEqual(badUrl.code, 0);
  const config = join(home, 'config.json');
  writeFileSync(config, `{"database": {"redis_password": "${redisPassword}" x}}`);
  assert.notEqual((await filetao([...redis, '--config', config])).code, 0);
  const hotkey = join(wallets, 'miner', 'hotkeys', 'default');
  const keys = readFileSync(hotkey, 'utf8');
  writeFileSync(hotkey, keys.slice(0, -5).replace(/"publicKey":"0x../, '"publicKey":"0xff'));
  assert.notEqual((await filetao(redis)).code, 0);
  assert.deepEqual([await miner.end(), await validator.end(), await api.end()], [0, 0, 0]);

  const everything = {
    log: [miner, validator, api].map(({ logged }) => logged()).join(''),
    said,
    lists: lists.join(''),
  };
  for (const [where, text] of Object.entries(everything))
    for (const secret of secrets)
      assert.ok(!text.includes(secret), `a secret (${secret.slice(0, 4)}…) is in: ${where}`);
  assert.ok(everything.log.length > 1000, 'they did talk');
  assert.doesNotMatch(said, /\n {4}at /, 'no stack trace in an error');
  for (const path of filesBelow(join(home, '.filetao'))) {
    const { mode } = lstatSync(path);
    // LMDB makes its files with the mode of the process; the folder above is closed.
    if (!/\.mdb$/.test(path)) assert.equal(mode & 0o077, 0, `${path} is open to others`);
  }
  for (const path of filesBelow(wallets)) {
    const isPublic = /(coldkeypub|age-recipient|pub)\.txt$/.test(path);
    if (!isPublic) assert.equal(lstatSync(path).mode & 0o077, 0, `${path} is open to others`);
  }
});

test('dependencies are pinned, and nothing runs when they are installed', () => {
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  for (const group of ['dependencies', 'devDependencies'])
    for (const [name, version] of Object.entries(manifest[group] as Record<string, string>))
      assert.match(version, /^\d+\.\d+\.\d+$/, `${name} is not pinned`);
  assert.deepEqual(
    Object.keys(manifest.scripts).filter((name) => /^(pre|post)?install$|^prepare$/.test(name)),
    [],
  );
  const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));
  const packages = Object.entries(lock.packages as Record<string, Record<string, unknown>>).filter(
    ([path]) => path !== '',
  );
  assert.ok(packages.length > 100);
  for (const [path, entry] of packages) {
    assert.match(String(entry.integrity), /^sha512-/, `${path} has no digest`);
    assert.equal(entry.resolved, undefined, `${path} names a registry`);
  }
  assert.match(readFileSync(join(root, '.npmrc'), 'utf8'), /^ignore-scripts=true$/m);
  const scripted = packages
    .filter(([, entry]) => entry.hasInstallScript === true)
    .map(([path]) => path.replace(/^.*node_modules\//, ''));
  assert.deepEqual([...new Set(scripted)].sort(), knownScripts);
});

/** Their native parts come prebuilt as packages of their own: the scripts would only build them anew. */
const knownScripts: readonly string[] = ['esbuild', 'lmdb', 'msgpackr-extract'];
