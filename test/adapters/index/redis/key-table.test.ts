// docs/index.md and the keys that exist: the page's table is the code's, and a filled index has no other keys.
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { test } from 'node:test';
import { keyTable } from '../../../../src/adapters/index/redis/key-table.js';
import { holdingKeys, keyOf, placementKeys } from '../../../../src/adapters/index/redis/keys.js';
import { openHoldingAt, openPlacementAt } from '../backends.js';
import { counted } from '../counted.js';
import { miner, root } from '../records.js';
import { startRedis } from '../redis-server.js';
import { fillHolding, fillPlacement } from '../sample.js';

const page = new URL('../../../../../docs/index.md', import.meta.url);
const between = /(<!-- keys:[^\n]*-->\n)[\s\S]*(<!-- \/keys -->)/u;

test('docs/index.md has the table of keys (FILETAO_WRITE_DOCS=1 writes it)', async () => {
  const text = await readFile(page, 'utf8');
  assert.match(text, between);
  const wanted = text.replace(
    between,
    (_, start: string, end: string) => `${start}\n${keyTable()}\n\n${end}`,
  );
  if (process.env.FILETAO_WRITE_DOCS === '1') await writeFile(page, wanted);
  else assert.equal(text, wanted);
});

test('every documented key is used, with its type, and no other', async (context) => {
  const redis = await startRedis(context);
  const index = await openPlacementAt(`${redis.url}?prefix=v`);
  await fillPlacement(index);
  const promise = { minerKey: miner(1), id: root(1), bytes: 1, until: 9000 };
  assert.equal(await index.promise(promise, 0, 10_000), true);
  await index.count(counted(miner(1), 'store', true));
  await index.close();
  const held = await openHoldingAt(`${redis.url}?prefix=m`);
  await fillHolding(held);
  await held.close();
  const expected = [
    ...Object.entries(placementKeys).map(([name, { type }]) => [keyOf('v', name as 'schema'), type]),
    ...Object.entries(holdingKeys).map(([name, { type }]) => [keyOf('m', name as 'schema'), type]),
  ].filter(([name]) => name !== keyOf('v', 'pieces-short'));
  const found = redis
    .cli('--scan')
    .split('\n')
    .map((name) => [name, redis.cli('type', name)]);
  assert.deepEqual(found.filter(([name]) => name !== keyOf('v', 'pieces-short')).sort(), expected.sort());
});
