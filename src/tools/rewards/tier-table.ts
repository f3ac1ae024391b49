// filetao tiers: the table that rewards and placement go by, and how long the way up takes.

import { formatBytes } from '../../adapters/config/byte-size.js';
import { type AskingRate, estimateTiers } from '../../domain/economy/tiers.js';
import type { EconomyRules } from '../../domain/model/economy.js';
import { columns } from './text-columns.js';

export interface TierRow {
  readonly tier: string;
  readonly storageLimit: number;
  readonly wilsonScore: number;
  readonly successes: number;
  readonly factor: number;
  readonly boost: number;
  /** What one of the first of a batch earns for one answer: factor times boost. */
  readonly boosted: number;
}

export const tierRows = ({ tiers }: EconomyRules): readonly TierRow[] =>
  tiers.map(({ name, storageLimit, score, successes, factor, boost }) => ({
    tier: name,
    storageLimit,
    wilsonScore: score,
    successes,
    factor,
    boost,
    boosted: Number((factor * boost).toPrecision(12)),
  }));

export const tierLines = (rules: EconomyRules): readonly string[] =>
  columns(
    ['tier', 'storage limit', 'Wilson score', 'successes', 'factor', 'boost', 'factor × boost'],
    tierRows(rules).map((row) => [
      row.tier,
      formatBytes(row.storageLimit),
      String(row.wilsonScore),
      String(row.successes),
      String(row.factor),
      String(row.boost),
      String(row.boosted),
    ]),
  );

export const estimateRows = (rules: EconomyRules, rate: AskingRate, successes: number) =>
  estimateTiers(rules, rate, successes).map(({ tier, hours }) => ({
    tier: tier.name,
    successes: tier.successes,
    hours,
  }));

export const estimateLines = (
  rules: EconomyRules,
  rate: AskingRate,
  successes: number,
): readonly string[] => [
  `hours = successes / ${rate.chance} × ${rate.secondsPerRound} s / 3600 / ${rate.validators} validators, for a miner that never fails`,
  ...columns(
    ['tier', 'successes', 'hours'],
    estimateRows(rules, rate, successes).map((row) => [
      row.tier,
      String(row.successes),
      row.hours.toFixed(2),
    ]),
  ),
];
