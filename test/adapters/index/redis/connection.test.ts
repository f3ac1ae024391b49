// What the Redis index does when the server refuses, is away, or breaks the connection: typed errors with a
// sentence that helps, bounded patience, no change made twice, no secret in anything it says.
import assert from 'node:assert/strict';
import { appendFile } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { inspect } from 'node:util';
import type { RedisPlace } from '../../../../src/adapters/index/location.js';
import { checkDurability, judge } from '../../../../src/adapters/index/redis/durability.js';
import { openRedisPlacementIndex } from '../../../../src/adapters/index/redis/placement-index.js';
import { type ErrorCode, FileTaoError } from '../../../../src/domain/model/errors.js';
import { miner, object, placedPiece, replica } from '../records.js';
import { freePort, startRedis } from '../redis-server.js';

const password = 'hunter2-hunter2';

const placeAt = (port: number, change: Partial<RedisPlace> = {}): RedisPlace => ({
  host: '127.0.0.1',
  port,
  database: 0,
  tls: null,
  prefix: 'test',
  ...change,
});

/** Rejects with this code, and says nothing secret anywhere. */
const tells = (code: ErrorCode, text: RegExp) => (error: unknown) => {
  assert.ok(error instanceof FileTaoError, inspect(error));
  assert.equal(error.code, code, error.message);
  assert.match(error.message, text);
  assert.ok(!inspect(error, { depth: 9, showHidden: true }).includes('hunter2'), 'a secret in an error');
  return true;
};

const patience = { patienceMs: 300 };
const opening = (place: RedisPlace) => openRedisPlacementIndex(place, patience);

test('refusals of a server have a code and a sentence that says what to do', async (context) => {
  const redis = await startRedis(context, { password });
  await assert.rejects(opening(placeAt(redis.port)), tells('unauthorised', /REDIS_PASSWORD/));
  await assert.rejects(
    opening(placeAt(redis.port, { password: 'hunter2-wrong' })),
    tells('unauthorised', /refuses this user name and password/),
  );
  await assert.rejects(
    opening(placeAt(redis.port, { password, database: 99 })),
    tells('config', /no database of this index/),
  );
  const own = { password, user: 'filetao' };
  redis.cli('acl', 'setuser', 'filetao', 'on', `>${password}`, '~filetao:*', '+ping');
  await assert.rejects(opening(placeAt(redis.port, own)), tells('forbidden', /does not allow this user/));
  // the rule of docs/index.md
  redis.cli(
    'acl',
    'setuser',
    'filetao',
    'resetkeys',
    '~filetao:{test}:*',
    '-@all',
    '+@read',
    '+@write',
    '+@scripting',
    '+@connection',
    '+info',
  );
  const index = await opening(placeAt(redis.port, own));
  await index.addReplica(replica(1));
  redis.cli('config', 'set', 'maxmemory', '1');
  await assert.rejects(index.addReplica(replica(2)), tells('full', /maxmemory/));
  assert.deepEqual(await index.getReplica(replica(1)), replica(1), 'reading goes on');
  redis.cli('config', 'set', 'maxmemory', '0');
  assert.equal(await index.addReplica(replica(2)), true);
  await index.close();
  const open = await startRedis(context);
  await assert.rejects(opening(placeAt(open.port, { password })), tells('config', /no password set/));
});

test('a read-only replica and a loading server are named as such', async (context) => {
  const primary = await startRedis(context, { config: ['rdbcompression no'] });
  const copy = await startRedis(context, { config: [`replicaof 127.0.0.1 ${primary.port}`] });
  await assert.rejects(opening(placeAt(copy.port)), tells('config', /read-only replica/));

  const index = await opening(placeAt(primary.port));
  for (let n = 0; n < 20; n++) await index.addReplica(replica(n));
  for (let n = 0; n < 15; n++) primary.cli('set', `other-${n}`, String(n).repeat(2000));
  await index.close();
  primary.cli('save');
  await primary.kill();
  await appendFile(
    primary.configFile,
    '\nkey-load-delay 150000\nloading-process-events-interval-bytes 1024\n',
  );
  const starting = primary.start();
  let refused: unknown = null;
  for (const deadline = Date.now() + 10_000; refused === null && Date.now() < deadline; ) {
    await opening(placeAt(primary.port)).then(
      (opened) => opened.close(),
      (error) => {
        if ((error as FileTaoError).code !== 'unreachable') refused = error;
      },
    );
  }
  tells('busy', /still loading/)(refused);
  const patient = await openRedisPlacementIndex(placeAt(primary.port), { patienceMs: 20_000 });
  assert.deepEqual(await patient.getReplica(replica(7)), replica(7), 'waited for, it is there');
  await patient.close();
  await starting;
});

test('a server that goes away is waited for, but not for ever', async (context) => {
  const redis = await startRedis(context, { config: ['appendonly yes', 'appendfsync always'] });
  const index = await openRedisPlacementIndex(placeAt(redis.port), { patienceMs: 8000 });
  await index.addReplica(replica(1));
  await redis.kill();
  const waiting = [
    index.getReplica(replica(1)),
    index.putPiece(placedPiece(1)),
    index.addReplica(replica(2)),
  ];
  await redis.start();
  assert.deepEqual(await waiting[0], replica(1));
  assert.equal(await waiting[2], true);
  await index.close();

  const impatient = await opening(placeAt(redis.port));
  await redis.kill();
  const before = performance.now();
  await assert.rejects(impatient.getReplica(replica(1)), tells('unreachable', /cannot be reached/));
  assert.ok(performance.now() - before < 60_000, 'bounded');
  await impatient.close();
  await assert.rejects(opening(placeAt(await freePort())), tells('unreachable', /ECONNREFUSED/));
});

/** Passes bytes on both ways; `cut` drops the next answer and the connection with it. */
async function startProxy(context: TestContext, target: number) {
  let cutting = false;
  let cuts = 0;
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    const far = connect(target, '127.0.0.1');
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => sockets.delete(socket));
    }
    near.on('data', (data) => far.write(data));
    far.on('data', (data) => {
      if (!cutting) {
        near.write(data);
        return;
      }
      cutting = false;
      cuts++;
      near.destroy();
      far.destroy();
    });
    near.on('close', () => far.destroy());
    far.on('close', () => near.destroy());
  });
  const port = await freePort();
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  context.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return {
    port,
    cut: () => {
      cutting = true;
    },
    cuts: () => cuts,
  };
}

test('a change whose answer was lost is made once and told truly', async (context) => {
  const redis = await startRedis(context);
  const proxy = await startProxy(context, redis.port);
  const index = await openRedisPlacementIndex(placeAt(proxy.port), { patienceMs: 5000 });
  // Once without a cut, so that the answer cut off below is a script's and not that it is unknown yet.
  await index.addReplica(replica(9));
  await index.updateReplica({ ...replica(9), version: 2 });
  await index.removeReplica(replica(9));
  await index.putObject(object(9));
  await index.rollWindow(1, []);
  await index.count(miner(2), 'store', true);

  proxy.cut();
  assert.equal(await index.addReplica(replica(1)), true, 'added, and knows itself when sent again');
  proxy.cut();
  assert.equal(await index.updateReplica({ ...replica(1), n: 1, version: 2 }), true);
  proxy.cut();
  assert.equal(
    await index.updateReplica({ ...replica(1), n: 1, version: 2 }),
    false,
    'a change it lost stays lost',
  );
  assert.equal((await index.getReplica(replica(1)))!.version, 2);
  proxy.cut();
  await index.putObject(object(1));
  proxy.cut();
  assert.equal(await index.removeReplica(replica(1)), true);
  assert.equal(await index.usedBytes(miner(1)), 0, 'its bytes were taken off once');
  proxy.cut();
  assert.equal(await index.rollWindow(3, []), true);
  proxy.cut();
  await assert.rejects(index.count(miner(1), 'store', true), tells('unreachable', /is not known/));
  assert.equal((await index.statistics(miner(1))).attempts.store, 1, 'counted once');
  assert.equal(proxy.cuts(), 7);
  // scripts are forgotten when the server starts anew or is told to
  redis.cli('script', 'flush');
  assert.equal(await index.addReplica(replica(2)), true);
  await index.close();
});

test('TLS: a certificate of a named authority is trusted, any other is not', async (context) => {
  const folder = new URL('../../../../../test/fixtures/redis-tls/', import.meta.url).pathname;
  const tlsPort = await freePort();
  await startRedis(context, {
    config: [
      `tls-port ${tlsPort}`,
      `tls-cert-file ${folder}server.pem`,
      `tls-key-file ${folder}server.key`,
      `tls-ca-cert-file ${folder}ca.pem`,
      'tls-auth-clients no',
    ],
  });
  const { readFile } = await import('node:fs/promises');
  const ca = await readFile(`${folder}ca.pem`, 'utf8');
  const index = await opening(placeAt(tlsPort, { tls: { ca } }));
  assert.equal(await index.addReplica(replica(1)), true);
  await index.close();
  await assert.rejects(
    opening(placeAt(tlsPort, { tls: {} })),
    tells('unreachable', /certificate is not trusted/),
  );
  await assert.rejects(opening(placeAt(tlsPort)), tells('unreachable', /cannot be reached/));
});

test('durability is said in one sentence, from what the server itself answers', async (context) => {
  const redis = await startRedis(context);
  const ask = async () => checkDurability(placeAt(redis.port));
  const sentenceAfter = async (...settings: [string, string][]) => {
    for (const [name, value] of settings) redis.cli('config', 'set', name, value);
    return ask();
  };
  const expected: [[string, string][], boolean, RegExp][] = [
    [[], false, /in memory only/],
    [[['save', '900 1']], false, /snapshots only/],
    [[['appendonly', 'yes']], true, /once a second/],
    [[['appendfsync', 'always']], true, /before it answers/],
    [[['appendfsync', 'no']], false, /half a minute/],
    [
      [
        ['maxmemory', '100mb'],
        ['maxmemory-policy', 'allkeys-lru'],
      ],
      false,
      /evicts keys/,
    ],
  ];
  for (const [settings, good, text] of expected) {
    const durability = await sentenceAfter(...settings);
    assert.equal(durability.good, good, durability.sentence);
    assert.match(durability.sentence, text);
  }
  redis.cli('config', 'set', 'maxmemory', '0');
  redis.cli('acl', 'setuser', 'managed', 'on', '>pw', '~*', '+@all', '-config');
  const managed = await checkDurability(placeAt(redis.port, { user: 'managed', password: 'pw' }));
  assert.match(managed.sentence, /does not allow CONFIG GET/);
  assert.match(judge('X', new Map(), null).sentence, /neither CONFIG nor INFO/);
});
