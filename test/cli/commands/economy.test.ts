// The commands that show the economy: tiers, tiers estimate, select, miner stats.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { openDevChain } from '../../../src/adapters/chain/dev/dev-chain.js';
import { openPlacementIndex } from '../../../src/adapters/index/open-index.js';
import { selectMiners } from '../../../src/domain/economy/selection.js';
import { encodeSs58 } from '../../../src/domain/identity/ss58.js';
import { fromHex, publicKeyOf } from '../../../src/domain/model/bytes.js';
import { testSigner } from '../../adapters/chain/conformance.js';
import { redisPlaceOf } from '../../adapters/index/backends.js';
import { counted } from '../../adapters/index/counted.js';
import { miner } from '../../adapters/index/records.js';
import { startRedis } from '../../adapters/index/redis-server.js';
import { manualClock } from '../../adapters/manual-clock.js';
import { temporaryFolder } from '../../adapters/temporary-folder.js';
import { runCli } from '../run-cli.js';

const run = async (context: TestContext) => {
  const home = await temporaryFolder(context);
  return { home, cli: (...args: string[]) => runCli(args, { home }) };
};

test('tiers: the table, as text and JSON, with columns that options change', async (context) => {
  const { cli } = await run(context);
  const plain = await cli('tiers');
  assert.match(plain.stdout, /^Silver\s+50TiB\s+0\.6\s+500\s+0\.65\s+1\.16\s+0\.754$/mu);
  const json = JSON.parse((await cli('tiers', '--json')).stdout);
  assert.equal(json.length, 8);
  assert.equal(json[0].storageLimit, 50 * 1024 ** 5);
  const changed = JSON.parse((await cli('tiers', '--tier.successes', '8,7,6,5,4,3,2,0', '--json')).stdout);
  assert.equal(changed[6].successes, 2);
  for (const bad of ['1,2', '-1,2,3,4,5,6,7,8']) {
    const refused = await cli('tiers', '--tier.successes', bad);
    assert.equal(refused.code, 2, bad);
    assert.match(refused.stderr, /^filetao: --tier\.successes .*\n$/u);
  }
  const estimate = JSON.parse((await cli('tiers', 'estimate', '--successes', '250', '--json')).stdout);
  assert.equal(estimate.tiers[6].hours.toFixed(3), '1.225');
  assert.match((await cli('tiers', 'estimate')).stdout, /^Silver\s+500\s+2\.45$/mu);
  assert.equal((await cli('tiers', 'estimate', '--chance', '2')).code, 2);
});

test('select: the round’s choice, from the chain alone', async (context) => {
  const { home, cli } = await run(context);
  const clock = manualClock();
  const chain = await openDevChain({
    directory: join(home, '.filetao', 'dev-chain'),
    clock,
    intervalMs: 1000,
  });
  context.after(() => chain.close());
  for (let i = 0; i < 9; i++) {
    const signer = testSigner(i);
    await chain.register(publicKeyOf(signer.publicKey), {});
    if (i > 1) await chain.serve(signer, { host: `127.0.1.${i}`, port: 8091 });
  }
  // more stake than a miner may have beside a permit: a validator
  await chain.setPermit(publicKeyOf(testSigner(2).publicKey), true);
  await chain.setStake(publicKeyOf(testSigner(2).publicKey), 501);
  clock.advance(20_000);
  const hash = (await chain.blockHash(12))!;
  const chosen = selectMiners(hash, 'store', [3, 4, 5, 6, 7, 8], 4);
  const report = JSON.parse(
    (await cli('select', '--block', '14', '--k', '4', '--task', 'store', '--json')).stdout,
  );
  assert.deepEqual(
    report.chosen,
    chosen.map((uid) => ({ uid, hotkey: encodeSs58(testSigner(uid).publicKey) })),
  );
  assert.deepEqual([report.block, report.candidates], [12, [3, 4, 5, 6, 7, 8]]);
  const given = await cli('select', '--block', '12', '--k', '2', '--candidates', '1,5,300', '--json');
  assert.deepEqual(
    JSON.parse(given.stdout).chosen.map(({ uid }: { uid: number }) => uid),
    selectMiners(hash, 'challenge', [1, 5, 300], 2),
  );
  assert.equal((await cli('select', '--block', '900000000000000')).code, 3);
  assert.equal((await cli('select', '--block', '1', '--task', 'sing')).code, 2);
});

test('miner stats: counts, rates, tier and storage, from LMDB and from Redis by number', async (context) => {
  const { home, cli } = await run(context);
  const none = await cli('miner', 'stats');
  assert.equal(none.code, 3);
  assert.match(none.stderr, /there is no index in/u);
  const redis = await startRedis(context);
  const directory = join(home, 'node');
  const locations = [
    { backend: 'lmdb', directory: join(directory, 'index') },
    { backend: 'redis', place: redisPlaceOf(`${redis.url}?prefix=v`) },
  ] as const;
  for (const location of locations) {
    const index = await openPlacementIndex(location);
    await index.putStatistics({
      minerKey: miner(1),
      attempts: { store: 64, challenge: 150, retrieve: 0 },
      successes: { store: 64, challenge: 144, retrieve: 0 },
      totalSuccesses: 3042,
      tier: 'Silver',
    });
    await index.count(counted(miner(2), 'store', false));
    await index.close();
  }
  const address = encodeSs58(fromHex(miner(1)));
  const at = new URL(redis.url);
  const ways = [
    ['--database.directory', directory],
    ['--index', '0', '--database.host', at.hostname, '--database.port', at.port, '--database.prefix', 'v'],
  ];
  for (const way of ways) {
    const plain = await cli('m', 'stats', ...way);
    assert.equal(plain.stderr, '');
    assert.match(
      plain.stdout,
      new RegExp(
        `^${address} +3042 +64 / 64 +100\\.0 % +150 / 144 +96\\.0 % +0 / 0 +– +Silver +0B / 50TiB$`,
        'mu',
      ),
    );
    const { miners } = JSON.parse((await cli('miner', 'stats', ...way, '--json')).stdout);
    assert.deepEqual(miners[0].challenge, { attempts: 150, successes: 144, percent: 96 });
    assert.deepEqual([miners.length, miners[1].tier, miners[1].store.attempts], [2, 'Bronze', 1]);
  }
  // --watch goes on until it is interrupted
  let shown = 0;
  const watched = await runCli(['miner', 'stats', ...ways[0]!, '--json', '--watch'], {
    home,
    onStart: (child) =>
      child.stdout!.on('data', () => {
        if (++shown === 2) child.kill('SIGINT');
      }),
  });
  assert.equal(watched.stdout.trim().split('\n').length, 2);
});
