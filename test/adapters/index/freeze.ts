// Makes the frozen databases of the schema version that this code writes: node dist/test/adapters/index/freeze.js
// FOLDER. Run once when a version is new; frozen.test.ts opens what it made for ever after.
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { openHoldingAt, openPlacementAt } from './backends.js';
import { startRedis } from './redis-server.js';
import { fillHolding, fillPlacement } from './sample.js';

const target = process.argv[2]!;
mkdirSync(target, { recursive: true });
const ends: (() => Promise<void>)[] = [];
const redis = await startRedis({ after: (end) => void ends.push(end) });
const folder = mkdtempSync(join(tmpdir(), 'filetao-freeze-'));
for (const [placement, holding] of [
  [`lmdb:${folder}`, `lmdb:${folder}`],
  [`${redis.url}?prefix=frozen-validator`, `${redis.url}?prefix=frozen-miner`],
] as const) {
  const index = await openPlacementAt(placement);
  await fillPlacement(index);
  await index.close();
  const held = await openHoldingAt(holding);
  await fillHolding(held);
  await held.close();
}
for (const name of ['placement', 'holding'])
  writeFileSync(
    join(target, `${name}.mdb.gz`),
    gzipSync(readFileSync(join(folder, name, 'data.mdb')), { level: 9 }),
  );
redis.cli('save');
copyFileSync(join(redis.folder, 'dump.rdb'), join(target, 'redis.rdb'));
for (const end of ends) await end();
