// Charts of the rules themselves: how response time scales a reward, and what each tier asks for and pays.

import { rewardsOf } from '../../domain/economy/rewards.js';
import { publicKeyOf } from '../../domain/model/bytes.js';
import type { EconomyRules } from '../../domain/model/economy.js';
import { lowestTier, type TierName } from '../../domain/model/tiers.js';
import { barChart } from './bar-chart.js';
import { lineChart } from './line-chart.js';

const samples = 101;

/** The sigmoid as a batch sees it, from the reward code itself: its middle moves with the batch's mean. */
export function sigmoidChart(rules: EconomyRules): string {
  const batches = [
    ['most are fast', 3],
    ['spread evenly', 1],
    ['most are slow', 1 / 3],
  ] as const;
  const series = batches.map(([name, power]) => {
    const answers = Array.from({ length: samples }, (_, i) => ({
      minerKey: publicKeyOf(new Uint8Array(32).fill(i)),
      tier: lowestTier as TierName,
      passed: true,
      elapsedMs: 1000 * (i / (samples - 1)) ** power,
      size: 1_000_000,
    }));
    const rewards = rewardsOf('challenge', answers, rules);
    return { name, points: rewards.map(({ speed }, i) => ({ x: answers[i]!.elapsedMs / 1000, y: speed })) };
  });
  const { constants } = rules;
  return lineChart(
    {
      title: 'How response time scales a reward',
      subtitle: `steepness ${constants['reward.steepness']}, shift ${constants['reward.shift']}; then the batch is scaled back to its sum`,
      x: 'response time, as a share of the longest of the batch',
      y: 'weight',
    },
    series,
  );
}

export const tierTableChart = ({ tiers }: EconomyRules): string =>
  barChart(
    'What the tiers pay',
    'factor of each reward, and the same with the boost of the first of a batch',
    [...tiers].reverse().map(({ name, successes, factor, boost }) => ({
      name: `${name} (${successes})`,
      values: [factor, factor * boost],
    })),
    ['factor', 'factor × boost'],
    (value) => String(Number(value.toFixed(4))),
  );
