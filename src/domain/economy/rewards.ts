// What the answers of one batch are worth. A verified answer earns the base reward times the factor of its miner's
// tier, times the tier's boost when its miner is among the first of the batch; then all that was earned is shared out
// again by response time, along a sigmoid, so that the batch's sum stays. A failed answer costs the task's penalty times
// the factor, whatever its time. Formulas: docs/rewards.md. All float64, in this order of operations.

import type { PublicKey } from '../model/bytes.js';
import type { EconomyRules } from '../model/economy.js';
import type { StatisticKind } from '../model/records.js';
import { type TierName, tierNamed } from '../model/tiers.js';
import { exp, log } from './exact-math.js';

export interface RewardedAnswer {
  readonly minerKey: PublicKey;
  readonly tier: TierName;
  readonly passed: boolean;
  /** Milliseconds from question to verified answer. */
  readonly elapsedMs: number;
  /** Bytes the answer was about, 1 or more. */
  readonly size: number;
}

export interface Reward {
  /** Base reward times factor, or penalty times factor. */
  readonly base: number;
  /** 1 where there is none. */
  readonly boost: number;
  /** The sigmoid's value; 1 for what is not scaled. */
  readonly speed: number;
  /** What goes into the moving average. */
  readonly reward: number;
}

/** Rewards in the order of the answers. */
export function rewardsOf(
  task: StatisticKind,
  answers: readonly RewardedAnswer[],
  rules: EconomyRules,
): readonly Reward[] {
  const { constants, tiers } = rules;
  const boosted = boostedAnswers(answers, constants['reward.boosted']);
  const plain = answers.map((answer, i) => {
    const { factor, boost: tierBoost } = tierNamed(tiers, answer.tier);
    if (!answer.passed) return { base: constants[`reward.${task}_failure`] * factor, boost: 1 };
    return { base: constants['reward.success'] * factor, boost: boosted.has(i) ? tierBoost : 1 };
  });
  const speeds = speedsOf(answers, rules);
  let earned = 0;
  let slowed = 0;
  for (const [i, { base, boost }] of plain.entries()) {
    if (!answers[i]!.passed) continue;
    earned += base * boost;
    slowed += base * boost * speeds[i]!;
  }
  const back = slowed > 0 ? earned / slowed : 1;
  return plain.map(({ base, boost }, i) => {
    if (!answers[i]!.passed) return { base, boost, speed: 1, reward: base + 0 };
    const speed = speeds[i]!;
    return { base, boost, speed, reward: base * boost * speed * back };
  });
}

/** The verified answers of the first miners, one of each miner; of equal times the first asked comes first. */
function boostedAnswers(answers: readonly RewardedAnswer[], most: number): ReadonlySet<number> {
  const verified = [...answers.keys()].filter((i) => answers[i]!.passed);
  verified.sort((a, b) => answers[a]!.elapsedMs - answers[b]!.elapsedMs || a - b);
  const chosen = new Set<number>();
  const miners = new Set<PublicKey>();
  for (const i of verified) {
    if (miners.size >= most) break;
    const { minerKey } = answers[i]!;
    if (miners.has(minerKey)) continue;
    miners.add(minerKey);
    chosen.add(i);
  }
  return chosen;
}

/**
 * The sigmoid of each answer's time per ln(1 + size): near 1 for the fast, near 0 for the slow, its middle a share of the
 * longest time behind the mean. A failed answer counts in the mean as the slowest verified one, so it can neither set
 * the pace nor gain by being late.
 */
function speedsOf(answers: readonly RewardedAnswer[], { constants }: EconomyRules): readonly number[] {
  const times = answers.map(({ elapsedMs, size, passed }) => (passed ? elapsedMs / log(1 + size) : null));
  const longest = times.reduce<number>((most, time) => Math.max(most, time ?? 0), 0);
  if (longest === 0) return answers.map(() => 1);
  let sum = 0;
  for (const time of times) sum += time ?? longest;
  const mean = sum / times.length;
  const steepness = constants['reward.steepness'] / longest;
  const shift = constants['reward.shift'] * longest;
  return times.map((time) => 1 / (1 + exp(steepness * ((time ?? longest) - mean - shift))));
}

/** The score after one more reward: a moving average. */
export const movedAverage = (before: number, reward: number, { constants }: EconomyRules): number => {
  const alpha = constants['reward.alpha'];
  return alpha * reward + (1 - alpha) * before;
};
