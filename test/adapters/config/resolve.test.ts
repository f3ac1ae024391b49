import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, before, test } from 'node:test';
import { parseConfigFile, readConfigFile } from '../../../src/adapters/config/config-file.js';
import { resolveConfig } from '../../../src/adapters/config/resolve.js';
import {
  defaultTextOf,
  environmentNameOf,
  type OptionKey,
  optionKeys,
  optionOf,
  options,
  optionsOf,
  otherVariables,
  type Role,
} from '../../../src/adapters/config/schema.js';
import { type ErrorCode, FileTaoError } from '../../../src/domain/model/errors.js';

let folder = '';
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'filetao-config-'));
});
after(async () => {
  await rm(folder, { recursive: true, force: true });
});

const roles: readonly Role[] = ['miner', 'validator', 'api', 'client', 'wallet'];
const fileOf = (content: unknown, path = '/etc/filetao/config.json') =>
  parseConfigFile(JSON.stringify(content), path);
const isError =
  (code: ErrorCode, ...parts: readonly string[]) =>
  (error: unknown): boolean => {
    assert.ok(error instanceof FileTaoError, String(error));
    assert.equal(error.code, code);
    for (const part of parts) assert.ok(error.message.includes(part), `"${error.message}" lacks "${part}"`);
    return true;
  };

test('every option has a help text, a default inside its own range, and an environment name of its own', () => {
  const names = optionKeys.map(environmentNameOf);
  assert.equal(new Set([...names, ...otherVariables]).size, names.length + otherVariables.length);
  for (const name of names) assert.match(name, /^FILETAO_[A-Z_]+$/);
  for (const role of roles) {
    const { values } = resolveConfig(role, {});
    for (const key of optionsOf(role)) {
      const { kind, help } = optionOf(key);
      const value = (values as Record<string, unknown>)[key];
      assert.ok(help.length > 5 && !help.endsWith('.'), key);
      assert.deepEqual(kind.parse(kind.format(value), '/'), value, `${role} ${key}`);
      assert.ok(defaultTextOf(key).length > 0, key);
    }
  }
});

test('the documented defaults', () => {
  const { values } = resolveConfig('validator', {});
  assert.equal(values.netuid, 21);
  assert.equal(values['subtensor.network'], 'dev');
  assert.equal(values['validator.port'], 8093);
  assert.equal(values['neuron.replicas'], 3);
  assert.equal(values['neuron.piece_size'], 16 * 1024 * 1024);
  assert.equal(values['audit.loss'], 0.1);
  assert.equal(values['audit.confidence'], 0.99);
  assert.equal(values['wallet.path'], join(homedir(), '.bittensor', 'wallets'));
  assert.equal(values['database.directory'], join(homedir(), '.filetao', 'validator-default-default'));
  assert.equal(values['transcripts.directory'], join(values['database.directory'], 'transcripts'));
  const miner = resolveConfig('miner', { flags: { 'wallet.name': 'w', 'wallet.hotkey': 'm1' } }).values;
  assert.equal(miner['database.directory'], join(homedir(), '.filetao', 'miner-w-m1'));
  assert.equal(miner['axon.port'], 8091);
  const api = resolveConfig('api', {}).values;
  assert.equal(
    api['database.directory'],
    values['database.directory'],
    'an API node shares its validator’s index',
  );
  assert.equal(api['api.open_access'], true);
  assert.deepEqual([miner['axon.ip'], miner['miner.max_requests_per_window']], ['127.0.0.1', 0]);
  const test = resolveConfig('miner', { flags: { 'subtensor.network': 'test' } }).values;
  assert.equal(test.netuid, 22, 'the testnet in one flag');
  assert.deepEqual([test['axon.ip'], test['miner.max_requests_per_window']], ['0.0.0.0', 50]);
  const finney = resolveConfig('api', { flags: { 'subtensor.network': 'finney' } }).values;
  assert.deepEqual([finney.netuid, finney['api.open_access']], [21, false]);
  assert.equal(api['api.store_timeout'], 60);
});

test('flag over environment over file over default, and each says where it came from', () => {
  const file = fileOf({ axon: { port: 1001, ip: '10.0.0.1' }, netuid: 31, 'storage.quota': '2TB' });
  const env = { FILETAO_AXON_PORT: '1002', FILETAO_NETUID: '32', PATH: '/bin', FILETAO_AXON_IP: '' };
  const { values, origins } = resolveConfig('miner', {
    flags: { 'axon.port': '1003', netuid: undefined },
    env,
    file,
  });
  assert.equal(values['axon.port'], 1003);
  assert.deepEqual(origins['axon.port'], { source: 'flag', name: '--axon.port' });
  assert.equal(values.netuid, 32);
  assert.deepEqual(origins.netuid, { source: 'environment', name: 'FILETAO_NETUID' });
  assert.equal(values['axon.ip'], '10.0.0.1', 'an empty variable is not set');
  assert.deepEqual(origins['axon.ip'], { source: 'file', name: '/etc/filetao/config.json' });
  assert.equal(values['storage.quota'], 2e12);
  assert.deepEqual(origins['wallet.name'], { source: 'default', name: 'default' });
});

test('unknown names are refused with the nearest one, other roles’ options only as flags', () => {
  const attempts: readonly (readonly [() => unknown, string, string])[] = [
    [() => resolveConfig('miner', { flags: { 'axon.prot': '1' } }), '--axon.prot', '--axon.port'],
    [() => resolveConfig('miner', { flags: { 'api.port': '1' } }), '--api.port is no option', 'of miner'],
    [
      () => resolveConfig('miner', { env: { FILETAO_AXON_PROT: '1' } }),
      'FILETAO_AXON_PROT',
      'FILETAO_AXON_PORT',
    ],
    [() => resolveConfig('miner', { file: fileOf({ axon: { prot: 1 } }) }), 'axon.prot', 'axon.port'],
    [() => resolveConfig('miner', { file: fileOf({ wallet: { nmae: 'x' } }) }), 'wallet.nmae', 'wallet.name'],
  ];
  for (const [attempt, what, nearest] of attempts) assert.throws(attempt, isError('config', what, nearest));
  resolveConfig('miner', {
    env: { FILETAO_API_PORT: '1', FILETAO_DEBUG: '1' },
    file: fileOf({ 'api.port': 1 }),
  });
});

test('values out of range or of the wrong kind name their place and the rule', () => {
  const wrong: readonly (readonly [Role, OptionKey, string, string])[] = [
    ['miner', 'axon.port', '65536', 'between 0 and 65535'],
    ['miner', 'axon.port', '80.5', 'whole number'],
    ['miner', 'axon.port', '', 'whole number'],
    ['miner', 'axon.ip', 'localhost', 'IPv4 or IPv6'],
    ['miner', 'storage.quota', '10 parsecs', 'not a size'],
    ['miner', 'storage.quota', '1kB', 'between 1MiB'],
    ['miner', 'proving.workers', '0', 'between 1 and 256'],
    ['miner', 'wallet.name', '../x', 'wallet or hotkey name'],
    ['miner', 'wallet.path', '~other/x', 'home folder'],
    ['miner', 'logging.level', 'loud', 'one of trace'],
    ['miner', 'logging.json', 'maybe', 'neither true nor false'],
    ['miner', 'subtensor.network', 'mainnet', 'none of dev, finney, test, local, archive'],
    ['miner', 'subtensor.network', 'http://127.0.0.1:9944', 'no address such as ws://'],
    ['miner', 'subtensor.chain_endpoint', 'ws://a,localhost', 'holds localhost'],
    ['validator', 'neuron.replicas', '0', 'between 1 and 16'],
    ['validator', 'neuron.piece_size', '65MiB', 'between 1KiB and 64MiB'],
    ['validator', 'audit.loss', '0', 'above 0 and below 1'],
    ['validator', 'audit.confidence', '1', 'above 0 and below 1'],
    ['validator', 'audit.confidence', '100%', 'above 0 and below 1'],
    ['validator', 'transcripts.keep', 'forever', 'not a duration'],
    ['api', 'api.store_timeout', '0', 'between'],
  ];
  for (const [role, key, text, rule] of wrong) {
    assert.throws(
      () => resolveConfig(role, { flags: { [key]: text } }),
      isError('config', `--${key}`, rule),
      key,
    );
    if (text === '') continue;
    assert.throws(
      () => resolveConfig(role, { env: { [environmentNameOf(key)]: text } }),
      isError('config', environmentNameOf(key)),
    );
    assert.throws(
      () => resolveConfig(role, { file: fileOf({ [key]: text }) }),
      isError('config', `config.json: ${key}`),
    );
  }
});

test('values are read by kind', () => {
  const flags = {
    'neuron.piece_size': '1MiB',
    'audit.loss': '5%',
    'transcripts.keep': '36h',
    'logging.json': 'yes',
    'subtensor.block_seconds': '250ms',
    'database.directory': '~/x',
    'wallet.path': 'relative/wallets',
  };
  const { values } = resolveConfig('validator', { flags });
  assert.equal(values['neuron.piece_size'], 1048576);
  assert.equal(values['audit.loss'], 0.05);
  assert.equal(values['transcripts.keep'], 129600);
  assert.equal(values['logging.json'], true);
  assert.equal(values['subtensor.block_seconds'], 0.25);
  assert.equal(values['database.directory'], join(homedir(), 'x'));
  assert.equal(values['wallet.path'], resolve('relative/wallets'));
  const fromFile = resolveConfig('validator', {
    file: fileOf({ 'wallet.path': 'w', logging: { json: false } }),
  }).values;
  assert.equal(fromFile['wallet.path'], '/etc/filetao/w', 'relative to the file');
  assert.equal(fromFile['logging.json'], false);
  assert.equal(
    resolveConfig('api', { flags: { 'api.open_access': false } }).values['api.open_access'],
    false,
  );
});

test('a role has the options of its own and no others, in values and types', () => {
  const { values } = resolveConfig('miner', {});
  assert.deepEqual(Object.keys(values), optionsOf('miner'));
  assert.ok(!('api.port' in values));
  // @ts-expect-error a miner's configuration has no api.port
  assert.equal(values['api.port'], undefined);
  assert.equal(Object.keys(options).length, optionKeys.length);
});

test('a configuration file is read from disk; trouble with it is one sentence', async () => {
  const path = join(folder, 'config.json');
  await writeFile(path, '{"netuid": 7, "axon": {"port": 5}}');
  const file = await readConfigFile(path);
  assert.deepEqual(
    [...file!.entries],
    [
      ['netuid', 7],
      ['axon.port', 5],
    ],
  );
  await assert.rejects(readConfigFile(join(folder, 'none.json')), isError('not-found', 'none.json'));
  await assert.rejects(readConfigFile(folder), isError('config', 'a folder'));
  const broken: readonly (readonly [string, string])[] = [
    ['', 'is not JSON'],
    ['{"a": }', 'is not JSON'],
    ['[]', 'not a JSON object'],
    ['7', 'not a JSON object'],
    ['{"netuid": null}', 'netuid is neither'],
    ['{"netuid": [1]}', 'netuid is neither'],
    ['{"axon.port": 1, "axon": {"port": 2}}', 'axon.port twice'],
  ];
  for (const [text, part] of broken) {
    await writeFile(path, text);
    await assert.rejects(readConfigFile(path), isError('config', part));
  }
});
