// Which tier a miner is in: judged at the end of each window from the window's attempts and the successes of its
// lifetime. A miner that was asked nothing keeps its tier.

import type { EconomyRules } from '../model/economy.js';
import type { MinerStatistics } from '../model/records.js';
import { lowestTier, type Tier, type TierName } from '../model/tiers.js';
import { wilsonScore } from './wilson.js';

export interface WindowCounts {
  readonly attempts: number;
  readonly successes: number;
}

/** Store, challenge and retrieve together. */
export function windowCounts({
  attempts,
  successes,
}: Pick<MinerStatistics, 'attempts' | 'successes'>): WindowCounts {
  return {
    attempts: attempts.store + attempts.challenge + attempts.retrieve,
    successes: successes.store + successes.challenge + successes.retrieve,
  };
}

/** The highest tier whose two conditions both hold. */
export function tierOf(
  counts: WindowCounts,
  totalSuccesses: number,
  previous: TierName,
  { constants, tiers }: EconomyRules,
): TierName {
  if (counts.attempts === 0) return previous;
  const score = wilsonScore(counts.successes, counts.attempts, constants['tier.z']);
  const earned = tiers.find((tier) => score >= tier.score && totalSuccesses >= tier.successes);
  return earned?.name ?? lowestTier;
}

/** Number of the window that a block lies in; windows are counted from block 0. */
export const windowAt = (block: number, { constants }: EconomyRules): number =>
  Math.floor(block / constants['tier.window']);

export interface TierEstimate {
  readonly tier: Tier;
  /** Hours until a miner that never fails has the tier's successes. */
  readonly hours: number;
}

export interface AskingRate {
  /** Probability that a validator asks a certain miner in one round. */
  readonly chance: number;
  readonly secondsPerRound: number;
  readonly validators: number;
}

/** The seed's: 34 of 1000 rounds of 3 blocks, 60 validators. */
export const seedAskingRate: AskingRate = { chance: 0.034, secondsPerRound: 36, validators: 60 };

/** hours = successes / chance · seconds per round / 3600 / validators: the seed's formula. */
export const hoursTo = (successes: number, { chance, secondsPerRound, validators }: AskingRate): number =>
  ((successes / chance) * secondsPerRound) / 3600 / validators;

/** How long each tier takes at perfect performance, from `successes` onwards; the lowest takes no time. */
export const estimateTiers = (
  { tiers }: EconomyRules,
  rate: AskingRate,
  successes = 0,
): readonly TierEstimate[] =>
  tiers.map((tier) => ({ tier, hours: hoursTo(Math.max(0, tier.successes - successes), rate) }));
