// How many operations a second does each backend of the placement index do, with what a validator asks of it? Run
// with a redis-server on PATH: node dist/bench/index-operations.js [replicas]. 64 operations are under way at once, as
// in a node that serves many rounds; LMDB flushes every change, Redis as its default (once a second).

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openLmdbPlacementIndex } from '../src/adapters/index/lmdb/placement-index.js';
import { openRedisPlacementIndex } from '../src/adapters/index/redis/placement-index.js';
import type { PlacementIndex } from '../src/domain/ports/placement-index.js';
import { miner, piece, placedPiece, replica } from '../test/adapters/index/records.js';
import { startRedis } from '../test/adapters/index/redis-server.js';

const replicas = Number(process.argv[2] ?? 20_000);
const atOnce = 64;
const record = (n: number) =>
  replica(n, { pieceId: piece(Math.floor(n / 3)), expiry: 5000 + n, receipt: new Uint8Array(420) });

const operations: Readonly<Record<string, (index: PlacementIndex, n: number) => Promise<unknown>>> = {
  'put a piece': (index, n) => index.putPiece(placedPiece(n)),
  'add a replica': (index, n) => index.addReplica(record(n)),
  'get a replica': (index, n) => index.getReplica(record(n)),
  'update a replica': (index, n) => index.updateReplica({ ...record(n), n: 1, version: 2 }),
  'replicas of a piece': (index, n) => index.replicasOfPiece(piece(Math.floor(n / 3))),
  'a page of 20 expired': (index, n) => index.expiredReplicas(5000 + (n % 1000), 20),
  'a page of 20 of a miner': (index, n) => index.replicasOfMiner(miner(n % 5), null, 20),
  'count an attempt': (index, n) => index.count(miner(n % 5), 'challenge', true),
  'remove a replica': (index, n) => index.removeReplica(record(n)),
};

async function perSecond(index: PlacementIndex, operation: (typeof operations)[string]): Promise<number> {
  const started = performance.now();
  let next = 0;
  const worker = async () => {
    while (next < replicas) await operation(index, next++);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return Math.round((1000 * replicas) / (performance.now() - started));
}

const ends: (() => Promise<void>)[] = [];
const redis = await startRedis(
  { after: (end) => void ends.push(end) },
  { config: ['appendonly yes', 'appendfsync everysec'] },
);
const folder = await mkdtemp(join(tmpdir(), 'filetao-bench-'));
ends.push(() => rm(folder, { recursive: true, force: true }));
const backends = {
  lmdb: await openLmdbPlacementIndex(folder),
  redis: await openRedisPlacementIndex({
    host: '127.0.0.1',
    port: redis.port,
    database: 0,
    tls: null,
    prefix: 'bench',
  }),
};
console.log(`${replicas} of each, ${atOnce} at once; operations a second`);
console.log(`${'operation'.padEnd(26)}${'lmdb'.padStart(10)}${'redis'.padStart(10)}`);
for (const [name, operation] of Object.entries(operations)) {
  const rates: string[] = [];
  for (const index of Object.values(backends))
    rates.push(String(await perSecond(index, operation)).padStart(10));
  console.log(name.padEnd(26) + rates.join(''));
}
for (const index of Object.values(backends)) await index.close();
for (const end of ends) await end();
