// Five million replica records, on Redis on loopback and on LMDB: every single operation within 2 ms at the median
// (in LMDB every look; a change there waits for the disk), listing and expiry a page at a time, and what a record
// costs. FILETAO_TEST_REPLICAS asks for another number.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { PlacementIndex } from '../../src/domain/ports/placement-index.js';
import { openPlacementAt } from '../adapters/index/backends.js';
import { counted } from '../adapters/index/counted.js';
import { miner } from '../adapters/index/records.js';
import { startRedis } from '../adapters/index/redis-server.js';
import { startProgram } from '../adapters/program.js';
import { temporaryFolder } from '../adapters/temporary-folder.js';
import { copies, miners, pieceOf, replicaRecord, rootOf } from './index-scale-records.js';

const replicas = Number(process.env.FILETAO_TEST_REPLICAS ?? 5_000_000);
const medianMsMax = 2;
const samples = 300;
const timeout = 3 * 3600 * 1000;
const filler = new URL('./index-scale-child.js', import.meta.url);

test(`an index of ${replicas} replicas in Redis`, { timeout }, async (context) => {
  const redis = await startRedis(context, { config: ['appendonly yes', 'appendfsync everysec'] });
  const figure = (section: string, name: string): number =>
    Number(new RegExp(`^${name}:(\\d+)`, 'mu').exec(redis.cli('info', section))![1]);
  const address = redis.place();
  const empty = figure('memory', 'used_memory');
  await fill(context, address);
  // What filling left to do shares disk and processor with what is measured: a rewrite of the append-only file, and
  // gigabytes that wait in the page cache, behind which every write waits.
  while (figure('persistence', 'aof_rewrite_in_progress') === 1) await delay(1000);
  execFileSync('sync');
  const perReplica = (figure('memory', 'used_memory') - empty) / replicas;
  context.diagnostic(
    `${perReplica.toFixed(0)} bytes of memory per replica with its share of a piece, ${gibibytes(figure('memory', 'used_memory'))} GiB in all, ${gibibytes(figure('memory', 'used_memory_peak'))} GiB at most`,
  );
  await measure(context, address, true);
});

test(`an index of ${replicas} replicas in LMDB`, { timeout }, async (context) => {
  const folder = await temporaryFolder(context);
  const address = `lmdb:${folder}`;
  await fill(context, address);
  const bytes = statSync(join(folder, 'placement', 'data.mdb')).blocks * 512;
  context.diagnostic(
    `${(bytes / replicas).toFixed(0)} bytes of disk per replica with its share of a piece, ${gibibytes(bytes)} GiB in all`,
  );
  await measure(context, address, false);
});

const gibibytes = (bytes: number): string => (bytes / 2 ** 30).toFixed(1);

async function fill(context: TestContext, address: string): Promise<void> {
  const started = performance.now();
  const seconds = () => (performance.now() - started) / 1000;
  const program = startProgram(context, filler, [address, String(replicas)]);
  let said = 0;
  for await (const line of program.lines) {
    if (Number(line) < said + replicas / 10) continue;
    said = Number(line);
    context.diagnostic(`${said} replicas after ${seconds().toFixed(0)} s`);
  }
  await program.end();
  context.diagnostic(
    `${replicas} replicas and ${Math.ceil(replicas / copies)} pieces written in ${seconds().toFixed(0)} s (${Math.round(replicas / seconds())}/s)`,
  );
}

const some = (i: number): number => (i * 7919 * 104729) % replicas;

type Operations = Readonly<Record<string, (index: PlacementIndex, i: number) => Promise<unknown>>>;

const looks: Operations = {
  'get a replica': (index, i) => index.getReplica(replicaRecord(some(i))),
  'replicas of a piece': (index, i) => index.replicasOfPiece(pieceOf(some(i))),
  'a page of 20 replicas of a miner': (index, i) => index.replicasOfMiner(miner(i % miners), null, 20),
  'a page of 20 expired replicas': (index) => index.expiredReplicas(1_800_000_500, 20),
  'a page of 20 short pieces': (index) => index.underReplicatedPieces(null, 20),
  'used bytes of a miner': (index, i) => index.usedBytes(miner(i % miners)),
};

const changes: Operations = {
  'update a replica': async (index, i) => {
    const seen = (await index.getReplica(replicaRecord(some(i))))!;
    return index.updateReplica({ ...seen, n: seen.n + 1, version: seen.version + 1 });
  },
  'add a replica': (index, i) => index.addReplica(replicaRecord(replicas + i)),
  'fail a replica': async (index, i) => {
    const seen = (await index.getReplica(replicaRecord(replicas + i)))!;
    return index.updateReplica({ ...seen, state: 'failed', version: seen.version + 1 });
  },
  'remove a replica': (index, i) => index.removeReplica(replicaRecord(replicas + i)),
  'promise bytes': (index, i) =>
    index.promise(
      { minerKey: miner(i % miners), id: rootOf(i), bytes: 1, until: 2_000_000_000 },
      1_790_000_000,
      2 ** 53 - 1,
    ),
  'count an attempt': (index, i) => index.count(counted(miner(i % miners), 'challenge', true)),
};

async function measure(context: TestContext, address: string, boundChanges: boolean): Promise<void> {
  const index = await openPlacementAt(address);
  const slow: string[] = [];
  for (const [name, operation] of Object.entries({ ...looks, ...changes })) {
    const times: number[] = [];
    for (let i = 0; i < samples; i++) {
      const before = performance.now();
      await operation(index, i);
      times.push(performance.now() - before);
    }
    times.sort((a, b) => a - b);
    const median = times[samples / 2]!;
    context.diagnostic(
      `${name}: median ${median.toFixed(3)} ms, 99th percentile ${times[Math.floor(samples * 0.99)]!.toFixed(3)} ms`,
    );
    if (median > medianMsMax && (boundChanges || name in looks))
      slow.push(`${name} (${median.toFixed(2)} ms)`);
  }

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
  assert.deepEqual(slow, [], `slower than ${medianMsMax} ms at the median`);
}
