// Databases as schema version 1 wrote them, opened by today's code. A later version adds its own beside them and
// migrates these; they are never written again. Made by freeze.ts.
import assert from 'node:assert/strict';
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { indexAt } from '../../../src/adapters/index/kind-at.js';
import { openLmdbHoldingIndex } from '../../../src/adapters/index/lmdb/holding-index.js';
import { openLmdbPlacementIndex } from '../../../src/adapters/index/lmdb/placement-index.js';
import { openRedisPlacementIndex } from '../../../src/adapters/index/redis/placement-index.js';
import { migrateIndex } from '../../../src/tools/maintenance/migrate-index.js';
import { temporaryFolder } from '../temporary-folder.js';
import { openHoldingAt, openPlacementAt, redisPlaceOf } from './backends.js';
import { startRedis } from './redis-server.js';
import { assertHolding, assertPlacement } from './sample.js';

const frozen = new URL('../../../../test/fixtures/index-v1/', import.meta.url).pathname;

async function unpack(name: string, folder: string): Promise<string> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'data.mdb'), gunzipSync(await readFile(join(frozen, `${name}.mdb.gz`))));
  return folder;
}

test('LMDB of schema version 1', async (context) => {
  const folder = await temporaryFolder(context);
  const placement = await unpack('placement', join(folder, 'placement'));
  const holding = await unpack('holding', join(folder, 'holding'));
  assert.deepEqual(await indexAt({ backend: 'lmdb', directory: placement }), {
    kind: 'placement index',
    version: 1,
  });
  const plan = await migrateIndex({ backend: 'lmdb', directory: holding }, false);
  assert.deepEqual(plan, { kind: 'holding index', from: 1, to: 1, steps: [] });
  const index = await openLmdbPlacementIndex(placement);
  await assertPlacement(index, 'Bronze');
  await index.close();
  const held = await openLmdbHoldingIndex(holding);
  await assertHolding(held);
  await held.close();
  assert.equal(await indexAt({ backend: 'lmdb', directory: join(folder, 'nothing') }), null);
});

test('Redis of schema version 1', async (context) => {
  const redis = await startRedis(context);
  await redis.kill();
  await copyFile(join(frozen, 'redis.rdb'), join(redis.folder, 'dump.rdb'));
  await redis.start();
  const address = (prefix: string) => `${redis.url}?prefix=${prefix}`;
  const index = await openPlacementAt(address('frozen-validator'));
  await assertPlacement(index, 'Bronze');
  await index.close();
  const held = await openHoldingAt(address('frozen-miner'));
  await assertHolding(held);
  await held.close();
  const place = redisPlaceOf(address('frozen-miner'));
  assert.equal((await migrateIndex({ backend: 'redis', place }, false)).steps.length, 0);
  await assert.rejects(openRedisPlacementIndex(place), { code: 'config' });

  redis.cli('set', 'filetao:{frozen-miner}:schema', '{"kind":"holding index","version":99}');
  await assert.rejects(openHoldingAt(address('frozen-miner')), { code: 'schema' });
  await assert.rejects(migrateIndex({ backend: 'redis', place }, true), { code: 'schema' });
  redis.cli('set', 'filetao:{frozen-miner}:schema', 'x');
  await assert.rejects(openHoldingAt(address('frozen-miner')), { code: 'damaged' });
});
