// The demo with its indexes in a Redis it is given: it leaves documented keys under its printed prefix, no secret is
// said, and the command it prints takes the keys away.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { holdingKeys, placementKeys } from '../../../src/adapters/index/redis/keys.js';
import { startRedis } from '../../adapters/index/redis-server.js';

const program = fileURLToPath(new URL('../../../src/cli/main.js', import.meta.url));

test('filetao demo --database.url redis://…', async (context) => {
  const password = 'hunter2-hunter2';
  const redis = await startRedis(context, { password, config: ['appendonly yes'] });
  redis.cli('-n', '1', 'set', 'of-somebody-else', 'x');
  const { FILETAO_CONFIG: _, ...env } = process.env;
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [
      program,
      'demo',
      '--miners',
      '3',
      '--size',
      '256KiB',
      '--rounds',
      '1',
      '--database.url',
      `redis://127.0.0.1:${redis.port}/1`,
    ],
    { encoding: 'utf8', env: { ...env, REDIS_PASSWORD: password }, timeout: 120_000 },
  );
  assert.equal(status, 0, stdout + stderr);
  assert.ok(!`${stdout}${stderr}`.includes(password), 'no secret is said');
  const [, prefix] = /keys filetao:\{(demo-[0-9a-f]{8}-)\*/u.exec(stdout)!;
  const keys = redis.cli('-n', '1', '--scan', '--pattern', 'filetao:*').split('\n');
  const of = new Map<string, Set<string>>();
  for (const key of keys) {
    const [, node, name] = /^filetao:\{([^}]+)\}:(.+)$/u.exec(key)!;
    assert.ok(node!.startsWith(prefix!), key);
    assert.ok(
      Object.hasOwn(node!.endsWith('validator') ? placementKeys : holdingKeys, name!),
      `${key} is documented`,
    );
    of.set(node!, (of.get(node!) ?? new Set()).add(name!));
  }
  assert.deepEqual(
    [...of.keys()].sort(),
    ['miner-1', 'miner-2', 'miner-3', 'validator'].map((node) => prefix + node),
  );
  for (const name of ['objects', 'pieces', 'replicas', 'miner-statistics'])
    assert.ok(of.get(`${prefix}validator`)!.has(name), name);
  context.diagnostic(`${keys.length} keys, ${[...of.get(`${prefix}validator`)!].sort().join(' ')}`);

  const command = stdout
    .split('\n')
    .filter((line) => /^ {2}(export|redis-cli) /u.test(line))
    .join('\n');
  spawnSync('sh', ['-c', command], { env: { ...env, REDIS_PASSWORD: password } });
  assert.equal(
    redis.cli('-n', '1', '--scan'),
    'of-somebody-else',
    'the printed command takes the demo’s keys and no others',
  );
});
