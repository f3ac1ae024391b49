// The tiers of miners: the one table (the seed's eight tiers), from which placement limits, rewards, the options
// --tier.*, `filetao tiers` and docs/rewards.md come. Types and data only.

import { FileTaoError } from './errors.js';

export const tierNames = [
  'Super Saiyan',
  'Ruby',
  'Emerald',
  'Diamond',
  'Platinum',
  'Gold',
  'Silver',
  'Bronze',
] as const;
export type TierName = (typeof tierNames)[number];

/** Where every miner begins. */
export const lowestTier = 'Bronze' satisfies TierName;

export interface Tier {
  readonly name: TierName;
  /** Bytes of replicas a validator places on one miner of this tier at most: a cap, no duty to have them. */
  readonly storageLimit: number;
  /** Least Wilson score of a window's successes; the lowest tier asks for 0. */
  readonly score: number;
  /** Least successes over the miner's lifetime. */
  readonly successes: number;
  /** What rewards and penalties are multiplied by. */
  readonly factor: number;
  /** What a reward among the best of a batch is multiplied by besides. */
  readonly boost: number;
}

const tebibyte = 1024 ** 4;
const pebibyte = 1024 ** 5;

/** Highest first. The seed's PB and TB are binary. */
export const tierTable: readonly Tier[] = [
  tier('Super Saiyan', 50 * pebibyte, 0.9, 15_000, 1, 1.02),
  tier('Ruby', 20 * pebibyte, 0.85, 10_000, 0.9, 1.04),
  tier('Emerald', 10 * pebibyte, 0.8, 8_000, 0.85, 1.05),
  tier('Diamond', 5 * pebibyte, 0.75, 6_000, 0.8, 1.08),
  tier('Platinum', pebibyte, 0.65, 4_000, 0.75, 1.1),
  tier('Gold', 200 * tebibyte, 0.65, 2_000, 0.7, 1.12),
  tier('Silver', 50 * tebibyte, 0.6, 500, 0.65, 1.16),
  tier('Bronze', 10 * tebibyte, 0, 0, 0.6, 1.2),
];

function tier(
  name: TierName,
  storageLimit: number,
  score: number,
  successes: number,
  factor: number,
  boost: number,
): Tier {
  return { name, storageLimit, score, successes, factor, boost };
}

export function tierNamed(tiers: readonly Tier[], name: TierName): Tier {
  const found = tiers.find((one) => one.name === name);
  if (found === undefined) throw new FileTaoError('internal', `the tier table has no tier ${name}`);
  return found;
}

export const isTierName = (text: string): text is TierName => (tierNames as readonly string[]).includes(text);
