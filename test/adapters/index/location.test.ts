// Where an index is: addresses taken apart, options put together, and no secret told.
import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { resolveConfig } from '../../../src/adapters/config/resolve.js';
import { configuredIndex, locationOf } from '../../../src/adapters/index/configured.js';
import { describeLocation, directoryOf, parseRedisUrl } from '../../../src/adapters/index/location.js';
import { redactText } from '../../../src/adapters/observe/redact.js';
import { FileTaoError } from '../../../src/domain/model/errors.js';
import { temporaryFolder } from '../temporary-folder.js';

const secret = 'hunter2';
const refused = (error: unknown): boolean => {
  assert.ok(error instanceof FileTaoError && error.code === 'config');
  assert.ok(!error.message.includes(secret), error.message);
  return true;
};

test('a Redis URL is taken apart', () => {
  assert.deepEqual(parseRedisUrl('redis://localhost'), {
    host: 'localhost',
    port: 6379,
    database: 0,
    tls: false,
  });
  assert.deepEqual(parseRedisUrl('rediss://me:p%40ss@[::1]:7000/3?prefix=miner-5F'), {
    host: '::1',
    port: 7000,
    database: 3,
    user: 'me',
    password: 'p@ss',
    tls: true,
    prefix: 'miner-5F',
  });
  const wrong = [
    'x',
    'http://h',
    'redis://',
    'redis://h/x',
    'redis://h/999999',
    'redis://h?timeout=1',
    'redis://h/1#a',
  ];
  for (const text of [...wrong, `redis://:${secret}@h/x`, `redis://:${secret}%@h`])
    assert.throws(() => parseRedisUrl(text), refused, text);
  assert.equal(directoryOf('lmdb:///var/x'), '/var/x');
  assert.throws(() => directoryOf('mongodb://x'), refused);
});

test('options say where a node keeps its index', async () => {
  const at = async (role: 'miner' | 'validator' | 'api', flags: Record<string, string>, env = {}) =>
    configuredIndex(resolveConfig(role, { flags, env }) as Parameters<typeof configuredIndex>[0], '5Hot');
  const folder = { 'database.directory': '/data/node' };
  assert.deepEqual(await at('miner', folder), { backend: 'lmdb', directory: '/data/node/index' });
  assert.deepEqual(await at('miner', { 'database.url': 'lmdb:///elsewhere' }), {
    backend: 'lmdb',
    directory: '/elsewhere',
  });
  const local = { host: '127.0.0.1', port: 6379, database: 1, tls: null };
  assert.deepEqual(await at('miner', { ...folder, 'database.index': '1' }), {
    backend: 'redis',
    place: { ...local, prefix: 'miner-5Hot' },
  });
  for (const role of ['validator', 'api'] as const)
    assert.deepEqual(
      await at(role, { 'database.url': 'redis://127.0.0.1/1' }, { REDIS_PASSWORD: secret }),
      { backend: 'redis', place: { ...local, password: secret, prefix: 'validator-5Hot' } },
      'an API node shares the index of its validator',
    );
  const own = await at(
    'miner',
    {
      'database.host': 'db.example',
      'database.port': '7001',
      'database.redis_password': 'given',
      'database.prefix': 'mine',
    },
    { REDIS_PASSWORD: secret },
  );
  assert.deepEqual(own, {
    backend: 'redis',
    place: { host: 'db.example', port: 7001, database: 0, password: 'given', tls: null, prefix: 'mine' },
  });
  await assert.rejects(at('miner', { 'database.url': 'redis://h', 'database.port': '1' }), refused);
  await assert.rejects(
    at('miner', { 'database.url': 'rediss://h', 'database.tls_ca': '/none.pem' }),
    refused,
  );
  assert.throws(() => resolveConfig('miner', { flags: { 'database.url': `http://:${secret}@h` } }), refused);
});

test('maintenance commands take URLs and folders; what is shown holds no secret', async (context) => {
  const folder = await temporaryFolder(context);
  assert.deepEqual(await locationOf(folder, {}), { backend: 'lmdb', directory: join(folder, 'index') });
  await mkdir(join(folder, 'index'));
  const index = await locationOf(join(folder, 'index'), {});
  assert.deepEqual(index, { backend: 'lmdb', directory: join(folder, 'index') });
  await assert.rejects(locationOf(`redis://:${secret}@h`, {}), refused);
  const location = await locationOf('redis://h/2?prefix=a', { REDIS_PASSWORD: secret });
  assert.ok(location.backend === 'redis' && location.place.password === secret);
  assert.equal(describeLocation(location), 'redis://h:6379/2?prefix=a');
  for (const text of [`redis://me:${secret}@h/1`, `see rediss://:${secret}@h`])
    assert.ok(!redactText(text).includes(secret), redactText(text));
  assert.equal(redactText('http://127.0.0.1:8092/a@b'), 'http://127.0.0.1:8092/a@b');
});
