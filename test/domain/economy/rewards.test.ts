// Rewards of a batch: the reference's vectors, the seed's examples, and what no batch may do.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { monitorStep } from '../../../src/domain/economy/monitor.js';
import { movedAverage, type RewardedAnswer, rewardsOf } from '../../../src/domain/economy/rewards.js';
import type { PublicKey } from '../../../src/domain/model/bytes.js';
import { defaultRules, type EconomyRules } from '../../../src/domain/model/economy.js';
import type { StatisticKind } from '../../../src/domain/model/records.js';
import { type TierName, tierNames, tierTable } from '../../../src/domain/model/tiers.js';
import { propertyOptions } from '../../property-options.js';

const rules = defaultRules;
const unboosted: EconomyRules = { ...rules, constants: { ...rules.constants, 'reward.boosted': 0 } };
const key = (i: number): PublicKey => i.toString(16).padStart(64, '0') as PublicKey;

const answer = (i: number, elapsedMs: number, passed = true, size = 1000, tier: TierName = 'Bronze') =>
  ({ minerKey: key(i), tier, passed, elapsedMs, size }) satisfies RewardedAnswer;

const rounded = (values: readonly number[]): string[] => values.map((value) => value.toFixed(6));
const rewardsIn = (answers: readonly RewardedAnswer[], task: StatisticKind = 'challenge', by = rules) =>
  rewardsOf(task, answers, by).map(({ reward }) => reward);

test('the reference’s vectors of the sigmoid', () => {
  const three = rewardsOf('challenge', [answer(1, 1), answer(2, 2), answer(3, 4)], unboosted);
  assert.deepEqual(rounded(three.map(({ speed }) => speed)), ['0.988265', '0.936036', '0.306472']);
  assert.deepEqual(rounded(three.map(({ reward }) => reward)), ['0.797426', '0.755283', '0.247291']);
  // the third never answered a store, which costs nothing
  const missing = rewardsIn([answer(1, 1), answer(2, 2), answer(3, 60_000, false)], 'store', unboosted);
  assert.deepEqual(rounded(missing), ['0.695139', '0.504861', '0.000000']);
  const equal = rewardsOf('challenge', [answer(1, 5), answer(2, 5), answer(3, 5)], unboosted);
  assert.deepEqual(rounded(equal.map(({ speed }) => speed)), ['0.890903', '0.890903', '0.890903']);
  for (const { reward } of equal) assert.ok(Math.abs(reward - 0.6) < 1e-15);
});

test('a single answer earns its base; nothing and nobody earn nothing', () => {
  assert.ok(Math.abs(rewardsIn([answer(1, 7)])[0]! - 0.72) < 1e-15);
  assert.deepEqual(rewardsIn([]), []);
  assert.deepEqual(rewardsIn([answer(1, 1, false), answer(2, 2, false)], 'store'), [0, 0]);
});

test('times of zero are equal times', () => {
  const rewards = rewardsIn([answer(1, 0), answer(2, 0), answer(3, 0)], 'challenge', unboosted);
  assert.deepEqual(rewards, [0.6, 0.6, 0.6]);
});

test('the seed’s examples: penalties by tier, boosts by tier', () => {
  const one = (tier: TierName, passed: boolean) => rewardsIn([answer(1, 100, passed, 1000, tier)])[0]!;
  assert.equal(one('Bronze', false), -0.05 * 0.6);
  assert.equal(one('Gold', false), -0.05 * 0.7);
  assert.ok(Math.abs(one('Bronze', true) - 0.72) < 1e-15);
  assert.ok(Math.abs(one('Diamond', true) - 0.864) < 1e-15);
  assert.equal(rewardsIn([answer(1, 1, false)], 'retrieve')[0], -0.05 * 0.6);
});

test('the boost goes to the first two miners that were verified, once each', () => {
  const rewards = rewardsOf(
    'challenge',
    [answer(1, 10, false), answer(2, 20), answer(2, 21), answer(3, 30), answer(4, 30), answer(5, 5, false)],
    rules,
  );
  assert.deepEqual(
    rewards.map(({ boost }) => boost),
    [1, 1.2, 1, 1.2, 1, 1],
  );
});

test('sizes go with their own times, in whatever order the answers stand', () => {
  // ten times the time for data whose logarithm is ten times as large is the same speed
  const big = 1000;
  const small = Math.exp(Math.log(1 + big) / 10) - 1;
  const rewards = rewardsOf('challenge', [answer(1, 100, true, big), answer(2, 10, true, small)], unboosted);
  assert.ok(Math.abs(rewards[0]!.speed - rewards[1]!.speed) < 1e-9);
});

const arbitraryAnswer = fc.record({
  minerKey: fc.nat(12).map(key),
  tier: fc.constantFrom(...tierNames),
  passed: fc.boolean(),
  elapsedMs: fc.oneof(fc.constant(0), fc.nat(120_000)),
  size: fc.integer({ min: 1, max: 2 ** 26 }),
});
const batches = fc.array(arbitraryAnswer, { maxLength: 40 });
const tasks = fc.constantFrom<StatisticKind>('store', 'challenge', 'retrieve');
const holds = (
  t: TestContext,
  check: (task: StatisticKind, answers: readonly RewardedAnswer[]) => void,
): void => fc.assert(fc.property(tasks, batches, check), propertyOptions(t, 3000));

test('no batch makes NaN, turns a sign, or scales a penalty', (t) => {
  holds(t, (task, answers) => {
    for (const [i, { reward, base, speed }] of rewardsOf(task, answers, rules).entries()) {
      const { passed, tier } = answers[i]!;
      const { factor } = tierTable.find(({ name }) => name === tier)!;
      assert.ok(Number.isFinite(reward));
      if (passed) assert.ok(reward > 0 && base === factor && speed > 0 && speed <= 1);
      else assert.equal(reward, rules.constants[`reward.${task}_failure`] * factor + 0);
    }
  });
});

test('what a batch earns is its base rewards and boosts, however they are shared, and nobody doubles his', (t) => {
  holds(t, (task, answers) => {
    const rewards = rewardsOf(task, answers, rules);
    let [earned, base] = [0, 0];
    for (const [i, one] of rewards.entries()) {
      if (!answers[i]!.passed) continue;
      earned += one.reward;
      base += one.base * one.boost;
      assert.ok(one.reward < 2.5 * one.base * one.boost);
    }
    assert.ok(Math.abs(earned - base) <= 1e-12 * Math.max(1, base));
  });
});

test('of two answers of one size and worth the faster one earns no less', (t) => {
  holds(t, (task, answers) => {
    const alike = answers.map((one) => ({ ...one, size: 4096, tier: 'Gold' as const }));
    const rewards = rewardsOf(task, alike, unboosted);
    const earned = alike
      .map((one, i) => ({ ...one, reward: rewards[i]!.reward }))
      .filter(({ passed }) => passed);
    earned.sort((a, b) => a.elapsedMs - b.elapsedMs);
    for (let i = 1; i < earned.length; i++) assert.ok(earned[i]!.reward <= earned[i - 1]!.reward);
  });
});

test('failed answers set no pace: their times change nothing', (t) => {
  holds(t, (task, answers) => {
    const later = answers.map((one) =>
      one.passed ? one : { ...one, elapsedMs: one.elapsedMs + 5000, size: 7 },
    );
    assert.deepEqual(rewardsIn(later, task), rewardsIn(answers, task));
  });
});

test('the moving average: 0.05 of the new, 0.95 of the old, in float64', () => {
  assert.equal(movedAverage(0, 0.6, rules), 0.05 * 0.6);
  assert.equal(movedAverage(0.4, -0.03, rules), 0.05 * -0.03 + 0.95 * 0.4);
  let score = 0;
  for (let i = 0; i < 1000; i++) score = movedAverage(score, 0.72, rules);
  assert.ok(Math.abs(score - 0.72) < 1e-12);
});

test('the monitor acts on the fifth miss in a row, and an answer clears the count', () => {
  let misses = 0;
  const away: boolean[] = [];
  for (const answered of [false, false, false, false, true, false, false, false, false, false, false]) {
    const step = monitorStep(misses, answered, rules);
    misses = step.misses;
    away.push(step.away);
  }
  assert.deepEqual(away.map(Number), [0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0]);
  assert.equal(misses, 1);
});
