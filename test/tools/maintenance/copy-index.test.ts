// Copying an index between the backends: the same records there, whatever interrupts it.
import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { IndexLocation } from '../../../src/adapters/index/location.js';
import { openHoldingIndex, openPlacementIndex } from '../../../src/adapters/index/open-index.js';
import { copyIndex } from '../../../src/tools/maintenance/copy-index.js';
import { redisPlaceOf } from '../../adapters/index/backends.js';
import { all } from '../../adapters/index/consistency.js';
import { counted } from '../../adapters/index/counted.js';
import { replica } from '../../adapters/index/records.js';
import { startRedis } from '../../adapters/index/redis-server.js';
import { assertHolding, assertPlacement, fillHolding, fillPlacement } from '../../adapters/index/sample.js';
import { temporaryFolder } from '../../adapters/temporary-folder.js';

async function prepare(context: TestContext) {
  const folder = await temporaryFolder(context);
  const redis = await startRedis(context);
  return {
    folder,
    journals: join(folder, 'journals'),
    lmdb: (name: string): IndexLocation => ({ backend: 'lmdb', directory: join(folder, name) }),
    redis: (): IndexLocation => ({ backend: 'redis', place: redisPlaceOf(redis.place()) }),
  };
}

test('LMDB to Redis and back again, placement and holding', async (context) => {
  const { journals, lmdb, redis } = await prepare(context);
  const [first, second, third] = [lmdb('a'), redis(), lmdb('b')];
  const index = await openPlacementIndex(first);
  await fillPlacement(index);
  const [statistics] = await index.listStatistics();
  for (const passed of [true, false]) await index.count(counted(statistics!.minerKey, 'challenge', passed));
  await index.putStatistics(statistics!);
  await index.close();
  const there = await copyIndex({ from: first, to: second, journals });
  const back = await copyIndex({ from: second, to: third, journals });
  assert.deepEqual(back, there, 'counts and digests are the same both ways');
  assert.deepEqual(
    there.parts.map(({ name, items }) => [name, items]),
    [
      ['objects', 2],
      ['pieces', 3],
      ['replicas', 3],
      ['answers', 2],
      ['statistics', 1],
    ],
  );
  for (const location of [second, third]) {
    const copy = await openPlacementIndex(location);
    await assertPlacement(copy);
    await copy.close();
  }
  const [held, heldCopy] = [redis(), lmdb('held')];
  const holding = await openHoldingIndex(held);
  await fillHolding(holding);
  await holding.close();
  await copyIndex({ from: held, to: heldCopy, journals });
  const copy = await openHoldingIndex(heldCopy);
  await assertHolding(copy);
  await copy.close();
  assert.deepEqual(await readdir(journals), [], 'no journal is left');

  await assert.rejects(copyIndex({ from: first, to: second, journals }), { code: 'exists' });
  await assert.rejects(copyIndex({ from: first, to: heldCopy, journals }), { code: 'config' });
  await assert.rejects(copyIndex({ from: first, to: first, journals }), { code: 'bad-input' });
  await assert.rejects(copyIndex({ from: lmdb('none'), to: redis(), journals }), { code: 'not-found' });
});

test('an interrupted copy goes on where it was; a difference is found at the end', async (context) => {
  const { journals, lmdb, redis } = await prepare(context);
  const [from, to] = [lmdb('from'), redis()];
  const source = await openPlacementIndex(from);
  const count = 2300;
  await source.addReplicas(Array.from({ length: count }, (_, n) => replica(n, { expiry: 9000 + n })));
  await source.close();
  for (const stopAt of [1000, 2000]) {
    const stop = new AbortController();
    const copying = copyIndex({
      from,
      to,
      journals,
      signal: stop.signal,
      onProgress: (_, items) => {
        if (items >= stopAt) stop.abort(new Error('stopped'));
      },
    });
    await assert.rejects(copying, /stopped/);
  }
  let first = 0;
  const copied = await copyIndex({ from, to, journals, onProgress: (_, items) => (first ||= items) });
  assert.equal(copied.resumedAt, 2000);
  assert.ok(first > 2000, 'what had been copied was not copied again');
  const copy = await openPlacementIndex(to);
  assert.equal((await all((cursor, limit) => copy.listReplicas(cursor, limit), 1000)).length, count);
  await copy.close();

  const other = lmdb('other');
  const stop = new AbortController();
  await assert.rejects(
    copyIndex({
      from,
      to: other,
      journals,
      signal: stop.signal,
      onProgress: () => stop.abort(new Error('stopped')),
    }),
    /stopped/,
  );
  const meanwhile = await openPlacementIndex(other);
  await meanwhile.addReplica(replica(9999, { expiry: 1 }));
  await meanwhile.close();
  await assert.rejects(copyIndex({ from, to: other, journals }), { code: 'integrity' });
});
