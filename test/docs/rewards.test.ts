// docs/rewards.md: its tables are the code's, and its worked examples come out as it says.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { ledgerEvents } from '../../src/domain/audit/ledger.js';
import { type RewardedAnswer, rewardsOf } from '../../src/domain/economy/rewards.js';
import { selectionTasks, selectMiners } from '../../src/domain/economy/selection.js';
import { hoursTo, seedAskingRate, tierOf } from '../../src/domain/economy/tiers.js';
import { wilsonInterval, wilsonScore } from '../../src/domain/economy/wilson.js';
import type { PublicKey } from '../../src/domain/model/bytes.js';
import { contexts } from '../../src/domain/model/constants.js';
import { defaultRules, type EconomyRules } from '../../src/domain/model/economy.js';
import type { TierName } from '../../src/domain/model/tiers.js';
import { docTables, withTables } from '../../src/tools/rewards/doc-tables.js';

const page = (await readFile(new URL('../../../docs/rewards.md', import.meta.url), 'utf8')).replaceAll(
  /\s+/gu,
  ' ',
);
const says = (text: string): void => assert.ok(page.includes(text), `docs/rewards.md does not say: ${text}`);

test('the tables are those of the code (node scripts/reward-tables.mjs writes them)', async () => {
  const text = await readFile(new URL('../../../docs/rewards.md', import.meta.url), 'utf8');
  assert.equal(text, withTables(text));
  for (const name of Object.keys(docTables)) assert.ok(text.includes(`<!-- table:${name} `), name);
  assert.ok(
    !withTables(text.replace('| 50PiB |', '| 51PiB |')).includes('51PiB'),
    'a wrong figure is put right',
  );
});

const one = (tier: TierName, passed: boolean, elapsedMs = 100): RewardedAnswer => ({
  minerKey: elapsedMs.toString(16).padStart(64, '0') as PublicKey,
  tier,
  passed,
  elapsedMs,
  size: 1000,
});
const rewardOf = (tier: TierName, passed: boolean): number =>
  rewardsOf('challenge', [one(tier, passed)], defaultRules)[0]!.reward;

test('penalties and boosts', () => {
  assert.equal(rewardOf('Bronze', false).toFixed(6), '-0.030000');
  says('0.05 × 0.6 = **0.03**');
  assert.equal(rewardOf('Gold', false).toFixed(6), '-0.035000');
  says('0.05 × 0.7 = **0.035**');
  assert.equal(rewardOf('Bronze', true).toFixed(6), '0.720000');
  says('0.6 × 1.2 = **0.72**');
  assert.equal(rewardOf('Diamond', true).toFixed(6), '0.864000');
  says('0.8 × 1.08 = **0.864**');
});

test('the sigmoid', () => {
  const unboosted: EconomyRules = {
    ...defaultRules,
    constants: { ...defaultRules.constants, 'reward.boosted': 0 },
  };
  const rewards = rewardsOf(
    'challenge',
    [1, 2, 4].map((ms) => one('Bronze', true, ms)),
    unboosted,
  );
  says(`w = ${rewards.map(({ speed }) => speed.toFixed(6)).join(', ')}`);
  says(`**${rewards.map(({ reward }) => reward.toFixed(6)).join(', ')}**`);
});

test('Wilson scores and tiers', () => {
  const z = defaultRules.constants['tier.z'];
  says(`8 of 9 give ${wilsonScore(8, 9, z)}`);
  says(`4 of 5 give ${wilsonScore(4, 5, z)}`);
  const { lower, upper } = wilsonInterval(8, 9, z);
  says(`between ${lower.toFixed(4)} and ${upper.toFixed(4)}`);
  says(`a score of ${wilsonScore(6, 8, z)}`);
  says(`is ${wilsonScore(7, 9, z)} and **Diamond**`);
  assert.equal(tierOf({ attempts: 8, successes: 6 }, 6848, 'Bronze', defaultRules), 'Platinum');
  assert.equal(tierOf({ attempts: 9, successes: 7 }, 6849, 'Bronze', defaultRules), 'Diamond');
});

test('hours, choices, contexts and entries', () => {
  says(
    `take **${hoursTo(500, seedAskingRate).toFixed(2)}** hours, and 1000 take **${hoursTo(1000, seedAskingRate).toFixed(2)}**`,
  );
  const uids = Array.from({ length: 10 }, (_, i) => i);
  says(`the choice is **${selectMiners(new Uint8Array(32), 'challenge', uids, 3).join(', ')}**`);
  says(`context \`${contexts.selection}\``);
  says(selectionTasks.map((task) => `\`${task}\``).join(', '));
  for (const event of ledgerEvents) says(`| ${event} |`);
});
