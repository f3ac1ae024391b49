// The reference implementation's two Redis layouts, as its code writes them, taken over.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { openLmdbPlacementIndex } from '../../../src/adapters/index/lmdb/placement-index.js';
import { parseRedisUrl } from '../../../src/adapters/index/location.js';
import { encodeSs58 } from '../../../src/domain/identity/ss58.js';
import { importReference } from '../../../src/tools/maintenance/import-reference.js';
import { counted } from '../../adapters/index/counted.js';
import { miner } from '../../adapters/index/records.js';
import { startRedis } from '../../adapters/index/redis-server.js';
import { temporaryFolder } from '../../adapters/temporary-folder.js';

const hotkey = (n: number): string => encodeSs58(Buffer.from(miner(n), 'hex'));
const hash = (n: number): string => `${123456789n * BigInt(n) ** 9n}`;

test("a validator's database: statistics into the index, the rest into the report, nothing changed", async (context) => {
  const redis = await startRedis(context);
  const folder = await temporaryFolder(context);
  const stats = (n: number, ...fields: string[]) => redis.cli('hset', `stats:${hotkey(n)}`, ...fields);
  stats(
    1,
    'store_attempts',
    '10',
    'store_successes',
    '9',
    'challenge_attempts',
    '144',
    'challenge_successes',
    '140',
  );
  stats(
    1,
    'retrieve_attempts',
    '26',
    'retrieve_successes',
    '25',
    'total_successes',
    '3042',
    'tier',
    'Silver',
  );
  stats(1, 'storage_limit', '10995116277760');
  stats(2, 'total_successes', '1', 'tier', 'Bronze');
  redis.cli('hset', 'stats:not-a-hotkey', 'total_successes', '1');
  redis.cli(
    'hset',
    `hotkey:${hotkey(1)}`,
    hash(2),
    JSON.stringify({ prev_seed: 'ab', size: 2048, encryption_payload: '{}' }),
  );
  redis.cli(
    'hset',
    `hotkey:${hotkey(1)}`,
    `ttl:${hash(2)}`,
    JSON.stringify({ generated: 1700000000.5, ttl: 3600 }),
  );
  redis.cli('hset', `hotkey:${hotkey(2)}`, hash(3), JSON.stringify({ prev_seed: 'cd', size: 7 }));
  redis.cli('hset', `chunk:${hash(2)}`, 'hotkeys', `${hotkey(1)},${hotkey(2)}`, 'size', '2048');
  redis.cli('zadd', 'file:bafyfile', '0', hash(2), '1', hash(3));
  redis.cli('set', 'payload:bafyfile', '{"nonce":"x"}');
  redis.cli('set', 'payload:validator:bafyfile', '{"nonce":"y"}');
  redis.cli('set', 'strange', 'x');
  const before = redis.cli('debug', 'digest');
  const index = await openLmdbPlacementIndex(join(folder, 'index'));
  context.after(() => index.close());
  await index.count(counted(miner(2), 'store', true));
  const report = join(folder, 'report.jsonl');
  const from = { ...parseRedisUrl(redis.url), tls: null };

  const dry = await importReference({ from, index: null, report: null });
  assert.equal(dry.statistics, 2);
  assert.equal((await index.listStatistics()).length, 1, 'a dry run writes nothing');

  const counts = await importReference({ from, index, report });
  assert.deepEqual(counts, { statistics: 1, kept: 1, tiers: 2, files: 1, payloads: 2, blobs: 2, unknown: 2 });
  assert.deepEqual(await index.statistics(miner(1)), {
    minerKey: miner(1),
    attempts: { store: 10, challenge: 144, retrieve: 26 },
    successes: { store: 9, challenge: 140, retrieve: 25 },
    totalSuccesses: 3042,
    tier: 'Silver',
  });
  assert.equal((await index.statistics(miner(2))).totalSuccesses, 1, 'what was counted here stays');
  const lines = (await readFile(report, 'utf8'))
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  const of = (kind: string) => lines.filter((line) => line.kind === kind);
  assert.deepEqual(
    of('tier').find((line) => line.hotkey === hotkey(1)),
    {
      kind: 'tier',
      hotkey: hotkey(1),
      tier: 'Silver',
      storageLimit: 10995116277760,
    },
  );
  assert.deepEqual(of('file')[0].chunks, [
    { hash: hash(2), hotkeys: [hotkey(1), hotkey(2)], size: 2048 },
    { hash: hash(3), hotkeys: [], size: 0 },
  ]);
  assert.deepEqual(
    of('payload')
      .map(({ layer, payload }) => [layer, payload])
      .sort(),
    [
      ['user', '{"nonce":"x"}'],
      ['validator', '{"nonce":"y"}'],
    ],
  );
  assert.deepEqual(
    of('blob')
      .map(({ hash: name, size, expiry }) => [name, size, expiry])
      .sort(),
    [
      [hash(2), 2048, 1700003600],
      [hash(3), 7, null],
    ].sort(),
  );
  assert.equal(redis.cli('debug', 'digest'), before, 'the reference’s database is as it was');
  assert.equal((await importReference({ from, index, report })).kept, 2, 'again: nothing is overwritten');
});

test("a miner's database, before and after 1.5.3: blobs are listed, absolute paths made relative", async (context) => {
  const redis = await startRedis(context);
  const folder = await temporaryFolder(context);
  const record = (filepath: string) =>
    JSON.stringify({ filepath, size: '100', seed: 's', ttl: 60, generated: 1700000000 });
  redis.cli(
    'hset',
    hash(5),
    hotkey(1),
    record(`/data/${hotkey(1)}/${hash(5)}`),
    hotkey(2),
    record('/elsewhere/x'),
  );
  redis.cli('hset', hash(6), 'hotkey', hotkey(3), 'filepath', `/data/${hash(6)}`, 'size', '9', 'seed', 's');
  redis.cli('hset', hash(7), hotkey(1), 'not json');
  const report = join(folder, 'report.jsonl');
  const counts = await importReference({
    from: { ...parseRedisUrl(redis.url), tls: null },
    index: null,
    report,
    directory: '/data',
  });
  assert.equal(counts.blobs, 3);
  assert.equal(counts.unknown, 1);
  const lines = (await readFile(report, 'utf8'))
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  const blobs = lines
    .filter(({ kind }) => kind === 'blob')
    .map(({ hotkey: by, path, expiry }) => [by, path, expiry]);
  assert.deepEqual(
    blobs.sort(),
    [
      [hotkey(1), `${hotkey(1)}/${hash(5)}`, 1700000060],
      [hotkey(2), '/elsewhere/x', 1700000060],
      [hotkey(3), hash(6), null],
    ].sort(),
  );
});
