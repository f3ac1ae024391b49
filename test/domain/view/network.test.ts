// A validator's network in rows and sums: what each health means, whose word counts, and how rows are chosen.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newcomer } from '../../../src/domain/audit/standing.js';
import type { PublicKey } from '../../../src/domain/model/bytes.js';
import type { MinerStatistics } from '../../../src/domain/model/records.js';
import { tierTable } from '../../../src/domain/model/tiers.js';
import type { Neuron } from '../../../src/domain/ports/chain.js';
import {
  chooseMiners,
  type MinerHolding,
  type NetworkParts,
  networkView,
} from '../../../src/domain/view/network.js';

const key = (i: number): PublicKey => i.toString(16).padStart(64, '0') as PublicKey;
const neuron = (uid: number): Neuron => ({
  uid,
  hotkey: key(uid),
  stake: 0,
  validatorPermit: false,
  address: { host: '10.0.0.1', port: 1 },
  lastUpdate: 0,
});
const holding = (active: number, failed = 0, lastPassAt: number | null = null): MinerHolding => ({
  active,
  failed,
  bytes: 100 * (active + failed),
  lastPassAt,
});
const counts = (challenge: number) => ({ store: 0, challenge, retrieve: 0 });
const statistics = (i: number, attempts: number, successes: number, tier = 'Bronze'): MinerStatistics => ({
  minerKey: key(i),
  attempts: counts(attempts),
  successes: counts(successes),
  totalSuccesses: successes,
  tier: tier as MinerStatistics['tier'],
});

const view = (change: Partial<NetworkParts> = {}) =>
  networkView({
    neurons: [1, 2, 3, 4, 5, 6].map(neuron),
    statistics: [statistics(1, 4, 3, 'Gold'), statistics(2, 0, 0), statistics(9, 8, 8), statistics(8, 5, 5)],
    holdings: new Map([
      [key(1), holding(2, 0, 50)],
      [key(2), holding(1, 1, 70)],
      [key(3), holding(1)],
      [key(4), holding(1)],
      [key(5), holding(1)],
      [key(9), holding(3)],
    ]),
    lastPass: new Map([[key(1), 60_500]]),
    standingOf: (miner) => ({
      ...newcomer,
      asked: miner === key(1),
      score: 0.5,
      misses: miner === key(5) ? 2 : 0,
    }),
    isDown: (miner) => miner === key(3),
    isLeaving: (miner) => miner === key(4) || miner === key(2),
    tiers: tierTable,
    ...change,
  });

test('each miner has the health that is told first', () => {
  const { miners } = view();
  assert.deepEqual(
    miners.map(({ uid, health }) => [uid, health]),
    [
      [1, 'healthy'],
      [2, 'failing'],
      [3, 'down'],
      [4, 'leaving'],
      [5, 'silent'],
      [6, 'idle'],
      // a former miner that holds replicas; the one that holds none is history
      [null, 'gone'],
    ],
  );
});

test('figures are those of index, ledger and what was just seen', () => {
  const { miners, tiers, bytes, active, failed } = view();
  const [first, second] = miners;
  assert.deepEqual(
    [first!.lastProofMs, first!.score, first!.attempts, first!.successes, first!.tier],
    [60_500, 0.5, 4, 3, 'Gold'],
  );
  assert.deepEqual([second!.lastProofMs, second!.score], [70_000, null]);
  assert.deepEqual([bytes, active, failed], [1000, 9, 1]);
  const gold = tiers.find(({ tier }) => tier.name === 'Gold')!;
  assert.deepEqual([gold.miners, gold.well, gold.bytes], [1, 1, 200]);
  assert.equal(gold.storageLimit, gold.tier.storageLimit);
  const bronze = tiers.at(-1)!;
  assert.deepEqual([bronze.miners, bronze.well, bronze.troubled, bronze.away], [6, 1, 3, 2]);
  assert.equal(tiers.length, tierTable.length);
  assert.equal(view({ standingOf: null }).miners[0]!.score, null);
});

test('rows are chosen by tier, health and name, and ordered by any column both ways', () => {
  const { miners } = view();
  const all = { tier: null, health: null, order: 'uid', descending: false } as const;
  const uids = (
    choice: Partial<Parameters<typeof chooseMiners>[1]>,
    find?: Parameters<typeof chooseMiners>[3],
  ) => chooseMiners(miners, { ...all, ...choice }, tierTable, find).map(({ uid }) => uid);
  assert.deepEqual(uids({}), [1, 2, 3, 4, 5, 6, null]);
  assert.deepEqual(uids({ descending: true }), [null, 6, 5, 4, 3, 2, 1]);
  assert.deepEqual(uids({ tier: 'Gold' }), [1]);
  assert.deepEqual(uids({ health: 'gone' }), [null]);
  assert.deepEqual(uids({ order: 'health' }).slice(0, 3), [null, 3, 2]);
  assert.deepEqual(uids({ order: 'stored', descending: true }).slice(0, 2), [null, 1]);
  assert.equal(uids({ order: 'tier' })[0], 1);
  assert.deepEqual(
    uids({}, ({ uid }) => uid === 4),
    [4],
  );
});
