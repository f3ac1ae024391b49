// Databases as each schema version wrote them: the newest opened by today's code as it is, the others after migration.
// A later version adds its own beside them; they are never written again. Made by freeze.ts.
import assert from 'node:assert/strict';
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
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

const newest = { lmdb: 3, redis: 2 };
const frozenIn = (version: number): string =>
  new URL(`../../../../test/fixtures/index-v${version}/`, import.meta.url).pathname;

async function unpack(version: number, name: string, folder: string): Promise<string> {
  await mkdir(folder, { recursive: true });
  const packed = await readFile(join(frozenIn(version), `${name}.mdb.gz`));
  await writeFile(join(folder, 'data.mdb'), gunzipSync(packed));
  return folder;
}

const versionsTo = (last: number): number[] => Array.from({ length: last }, (_, i) => i + 1);

for (const version of versionsTo(newest.lmdb))
  test(`LMDB of schema version ${version}`, async (context) => lmdbOf(context, version));

async function lmdbOf(context: TestContext, version: number): Promise<void> {
  const folder = await temporaryFolder(context);
  const placement = await unpack(version, 'placement', join(folder, 'placement'));
  const holding = await unpack(version, 'holding', join(folder, 'holding'));
  assert.deepEqual(await indexAt({ backend: 'lmdb', directory: placement }), {
    kind: 'placement index',
    version,
  });
  if (version < newest.lmdb)
    await assert.rejects(openPlacementAt(`lmdb:${folder}`), { code: 'schema', message: /migrate/ });
  for (const directory of [placement, holding]) {
    const location = { backend: 'lmdb', directory } as const;
    if (version < newest.lmdb) {
      const dry = await migrateIndex(location, true);
      assert.deepEqual([dry.from, dry.to, dry.steps.length], [version, newest.lmdb, newest.lmdb - version]);
      await migrateIndex(location, false);
    }
    assert.deepEqual((await migrateIndex(location, false)).steps, []);
  }
  const index = await openLmdbPlacementIndex(placement);
  // Tiers are kept since some time in version 2.
  await assertPlacement(index, version < 3 ? 'Bronze' : undefined);
  await index.close();
  const held = await openLmdbHoldingIndex(holding);
  await assertHolding(held);
  await held.close();
  assert.equal(await indexAt({ backend: 'lmdb', directory: join(folder, 'nothing') }), null);
}

for (const version of versionsTo(newest.redis))
  test(`Redis of schema version ${version}`, async (context) => redisOf(context, version));

async function redisOf(context: TestContext, version: number): Promise<void> {
  const redis = await startRedis(context);
  await redis.kill();
  await copyFile(join(frozenIn(version), 'redis.rdb'), join(redis.folder, 'dump.rdb'));
  await redis.start();
  const address = (prefix: string) => `${redis.url}?prefix=${prefix}`;
  for (const prefix of ['frozen-validator', 'frozen-miner']) {
    const location = { backend: 'redis', place: redisPlaceOf(address(prefix)) } as const;
    const { steps } = await migrateIndex(location, false);
    assert.equal(steps.length, newest.redis - version);
  }
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
}
