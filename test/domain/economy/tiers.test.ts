// Tiers: the table's thresholds, windows, and the seed's estimate of the time.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  estimateTiers,
  hoursTo,
  seedAskingRate,
  tierOf,
  windowAt,
  windowCounts,
} from '../../../src/domain/economy/tiers.js';
import { columnOf, defaultRules, tierColumnKeys, tiersOf } from '../../../src/domain/model/economy.js';
import { tierNames, tierTable } from '../../../src/domain/model/tiers.js';
import { propertyOptions } from '../../property-options.js';

const rules = defaultRules;

test('the table is the seed’s', () => {
  const rows = tierTable.map(({ name, storageLimit, score, successes, factor, boost }) => [
    name,
    storageLimit / 1024 ** 4,
    score,
    successes,
    factor,
    Number((factor * boost).toFixed(4)),
  ]);
  assert.deepEqual(rows, [
    ['Super Saiyan', 51_200, 0.9, 15_000, 1, 1.02],
    ['Ruby', 20_480, 0.85, 10_000, 0.9, 0.936],
    ['Emerald', 10_240, 0.8, 8_000, 0.85, 0.8925],
    ['Diamond', 5_120, 0.75, 6_000, 0.8, 0.864],
    ['Platinum', 1_024, 0.65, 4_000, 0.75, 0.825],
    ['Gold', 200, 0.65, 2_000, 0.7, 0.784],
    ['Silver', 50, 0.6, 500, 0.65, 0.754],
    ['Bronze', 10, 0, 0, 0.6, 0.72],
  ]);
});

test('both conditions must hold: the table’s bounds, at and one below', () => {
  for (const { name, successes } of tierTable) {
    if (name === 'Bronze') continue;
    const perfect = { attempts: 1000, successes: 1000 };
    assert.equal(tierOf(perfect, successes, 'Bronze', rules), name);
    assert.notEqual(tierOf(perfect, successes - 1, 'Bronze', rules), name);
  }
  // 6 of 8 is worth 0.7365: Platinum's 0.65, not Diamond's 0.75; 7 of 9 is worth 0.7644
  assert.equal(tierOf({ attempts: 8, successes: 6 }, 6842 + 6, 'Bronze', rules), 'Platinum');
  assert.equal(tierOf({ attempts: 9, successes: 7 }, 6842 + 7, 'Bronze', rules), 'Diamond');
  assert.equal(tierOf({ attempts: 2, successes: 2 }, 20_000, 'Bronze', rules), 'Super Saiyan');
  assert.equal(tierOf({ attempts: 1, successes: 1 }, 20_000, 'Bronze', rules), 'Emerald');
});

test('an idle window keeps the tier; a bad one takes it', () => {
  for (const name of tierNames) assert.equal(tierOf({ attempts: 0, successes: 0 }, 0, name, rules), name);
  assert.equal(tierOf({ attempts: 1, successes: 0 }, 20_000, 'Super Saiyan', rules), 'Bronze');
});

test('a better window never means a lower tier', (t) => {
  const rank = (name: (typeof tierNames)[number]): number => -tierNames.indexOf(name);
  fc.assert(
    fc.property(
      fc.nat(300),
      fc.nat(300),
      fc.nat(20_000),
      fc.constantFrom(...tierNames),
      (a, b, total, before) => {
        const [successes, attempts] = [Math.min(a, b), Math.max(a, b)];
        const tier = tierOf({ attempts, successes }, total, before, rules);
        if (successes < attempts)
          assert.ok(rank(tierOf({ attempts, successes: successes + 1 }, total, before, rules)) >= rank(tier));
        assert.ok(rank(tierOf({ attempts, successes }, total + 1000, before, rules)) >= rank(tier));
      },
    ),
    propertyOptions(t, 2000),
  );
});

test('store, challenge and retrieve count together', () => {
  const counts = windowCounts({
    attempts: { store: 2, challenge: 5, retrieve: 1 },
    successes: { store: 2, challenge: 3, retrieve: 1 },
  });
  assert.deepEqual(counts, { attempts: 8, successes: 6 });
});

test('windows of 720 blocks', () => {
  assert.deepEqual(
    [0, 719, 720, 1439, 1440].map((block) => windowAt(block, rules)),
    [0, 0, 1, 1, 2],
  );
});

test('the seed’s estimate: 4.9 hours for 1000 successes, 2.45 for the 500 that Silver takes', () => {
  assert.equal(hoursTo(1000, seedAskingRate).toFixed(2), '4.90');
  assert.equal(hoursTo(500, seedAskingRate).toFixed(2), '2.45');
  assert.equal(hoursTo(1000, { ...seedAskingRate, validators: 64 }).toFixed(2), '4.60');
  const estimates = estimateTiers(rules, seedAskingRate, 400);
  assert.deepEqual(
    estimates.map(({ tier }) => tier.name),
    tierNames,
  );
  assert.equal(estimates.at(-1)!.hours, 0);
  assert.equal(estimates.at(-2)!.hours, hoursTo(100, seedAskingRate));
});

test('columns and rows of the table say the same', () => {
  const columns = Object.fromEntries(tierColumnKeys.map((key) => [key, columnOf(tierTable, key)]));
  assert.deepEqual(tiersOf(columns as Parameters<typeof tiersOf>[0]), tierTable);
});
