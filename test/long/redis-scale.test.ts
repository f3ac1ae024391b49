// Five million replica records on a loopback Redis: every single operation within 2 ms at the median, listing and
// expiry a page at a time, and what a record costs in memory. FILETAO_TEST_REPLICAS asks for another number.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openRedisPlacementIndex } from '../../src/adapters/index/redis/placement-index.js';
import type { PieceId, Root } from '../../src/domain/model/bytes.js';
import type { ReplicaRecord } from '../../src/domain/model/records.js';
import { bytes32, miner, piece, validator } from '../adapters/index/records.js';
import { startRedis } from '../adapters/index/redis-server.js';

const replicas = Number(process.env.FILETAO_TEST_REPLICAS ?? 5_000_000);
const miners = 200;
const copies = 3;
const medianMsMax = 2;
const samples = 300;
const atOnce = 512;
/** Bytes of a receipt as miners sign it. */
const receipt = new Uint8Array(420).fill(7);

const number = (n: number): string => n.toString(16).padStart(12, '0');
/** Spread like digests, and known again from n. */
const spread = (n: number): string => number((n * 0x9e3779b1) % 2 ** 40).padEnd(64, '5');
const rootOf = (n: number): Root => `${spread(n).slice(0, 52)}${number(n)}` as Root;
const pieceOf = (n: number): PieceId => piece(Math.floor(n / copies));

const record = (n: number): ReplicaRecord => ({
  validatorKey: validator(1),
  minerKey: miner(n % miners),
  root: rootOf(n),
  pieceId: pieceOf(n),
  size: 16 * 1024 * 1024,
  expiry: 1_800_000_000 + (n % 1_000_000),
  storedAt: 1_790_000_000,
  state: 'active',
  n: 0,
  link: bytes32(n % 256),
  receipt,
  kept: [],
  openRound: null,
  passed: 0,
  failedRounds: 0,
  lastPassAt: null,
  lastFailure: null,
  version: 1,
});

test(`an index of ${replicas} replicas`, { timeout: 6 * 3600 * 1000 }, async (context) => {
  const redis = await startRedis(context, { config: ['appendonly yes', 'appendfsync everysec'] });
  const index = await openRedisPlacementIndex({
    host: '127.0.0.1',
    port: redis.port,
    database: 0,
    tls: null,
    prefix: 'scale',
  });
  const usedMemory = () => Number(/used_memory:(\d+)/.exec(redis.cli('info', 'memory'))![1]);
  const empty = usedMemory();
  const started = performance.now();
  let next = 0;
  const writer = async () => {
    while (next < replicas) {
      const n = next++;
      if (n % copies === 0)
        await index.putPiece({ pieceId: pieceOf(n), size: 16, copies, expiry: 1_900_000_000, storedAt: 0 });
      await index.addReplica(record(n));
    }
  };
  await Promise.all(Array.from({ length: atOnce }, writer));
  const seconds = (performance.now() - started) / 1000;
  const perRecord = (usedMemory() - empty) / replicas;
  context.diagnostic(
    `${replicas} replicas and ${Math.ceil(replicas / copies)} pieces written in ${seconds.toFixed(0)} s (${Math.round(replicas / seconds)}/s), ${perRecord.toFixed(0)} bytes of memory per replica with its share of a piece`,
  );

  const some = (i: number) => (i * 7919 * 104729) % replicas;
  const operations: Record<string, (i: number) => Promise<unknown>> = {
    'get a replica': (i) => index.getReplica(record(some(i))),
    'update a replica': async (i) => {
      const seen = (await index.getReplica(record(some(i))))!;
      return index.updateReplica({ ...seen, n: seen.n + 1, version: seen.version + 1 });
    },
    'add a replica': (i) => index.addReplica(record(replicas + i)),
    'fail a replica': async (i) => {
      const seen = (await index.getReplica(record(replicas + i)))!;
      return index.updateReplica({ ...seen, state: 'failed', version: seen.version + 1 });
    },
    'remove a replica': (i) => index.removeReplica(record(replicas + i)),
    'replicas of a piece': (i) => index.replicasOfPiece(pieceOf(some(i))),
    'a page of 20 replicas of a miner': (i) => index.replicasOfMiner(miner(i % miners), null, 20),
    'a page of 20 expired replicas': () => index.expiredReplicas(1_800_000_500, 20),
    'a page of 20 short pieces': () => index.underReplicatedPieces(null, 20),
    'used bytes of a miner': (i) => index.usedBytes(miner(i % miners)),
    'promise bytes': (i) =>
      index.promise(
        { minerKey: miner(i % miners), id: rootOf(i), bytes: 1, until: 2_000_000_000 },
        1_790_000_000,
        2 ** 53 - 1,
      ),
    'count an attempt': (i) => index.count(miner(i % miners), 'challenge', true),
  };
  const slow: string[] = [];
  for (const [name, operation] of Object.entries(operations)) {
    const times: number[] = [];
    for (let i = 0; i < samples; i++) {
      const before = performance.now();
      await operation(i);
      times.push(performance.now() - before);
    }
    times.sort((a, b) => a - b);
    const median = times[samples / 2]!;
    context.diagnostic(
      `${name}: median ${median.toFixed(3)} ms, 99th percentile ${times[Math.floor(samples * 0.99)]!.toFixed(3)} ms`,
    );
    if (median > medianMsMax) slow.push(`${name} (${median.toFixed(2)} ms)`);
  }
  assert.deepEqual(slow, [], `slower than ${medianMsMax} ms at the median`);

  const listing = performance.now();
  let listed = 0;
  let cursor: string | null = null;
  do {
    const page: Awaited<ReturnType<typeof index.listReplicas>> = await index.listReplicas(cursor, 1000);
    listed += page.items.length;
    cursor = page.next;
  } while (cursor !== null);
  assert.equal(listed, replicas);
  context.diagnostic(`listed all in ${((performance.now() - listing) / 1000).toFixed(0)} s, 1000 a page`);
  await index.close();
});
