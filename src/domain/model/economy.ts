// Every number that rewards, tiers and the monitor go by: key, default of the seed, bounds, meaning. The options
// --reward.*, --tier.* and --monitor.misses, their help texts and the table in docs/rewards.md are made from this.

import { type Tier, type TierName, tierNames, tierTable } from './tiers.js';

export interface EconomyConstant {
  readonly default: number;
  readonly min: number;
  readonly max: number;
  /** Whole numbers only. */
  readonly whole?: true;
  /** What the number counts, as help shows it: `blocks`, `count`, `number`. */
  readonly unit: string;
  readonly help: string;
}

export const economyConstants = {
  'reward.success': {
    default: 1,
    min: 0,
    max: 1000,
    unit: 'number',
    help: 'Reward of a verified answer, before the factor of the tier',
  },
  'reward.store_failure': {
    default: 0,
    min: -1000,
    max: 0,
    unit: 'number',
    help: 'Penalty of a failed store, before the factor of the tier',
  },
  'reward.challenge_failure': {
    default: -0.05,
    min: -1000,
    max: 0,
    unit: 'number',
    help: 'Penalty of a failed challenge, before the factor of the tier',
  },
  'reward.retrieve_failure': {
    default: -0.05,
    min: -1000,
    max: 0,
    unit: 'number',
    help: 'Penalty of a failed retrieval, before the factor of the tier',
  },
  'reward.monitor_failure': {
    default: -0.005,
    min: -1000,
    max: 0,
    unit: 'number',
    help: 'Penalty of a miner that is away, the same in every tier',
  },
  'reward.boosted': {
    default: 2,
    min: 0,
    max: 1000,
    whole: true,
    unit: 'count',
    help: 'Miners of a batch that the boost of their tier goes to: those that answered first, verified',
  },
  'reward.steepness': {
    default: 7,
    min: 0,
    max: 100,
    unit: 'number',
    help: 'Steepness of the sigmoid over response times; 0 pays all times alike',
  },
  'reward.shift': {
    default: 0.3,
    min: 0,
    max: 1,
    unit: 'share',
    help: 'How far behind the mean its middle lies, as a share of the longest time',
  },
  'reward.alpha': {
    default: 0.05,
    min: 0,
    max: 1,
    unit: 'share',
    help: 'Weight of a new reward in the moving average that is a miner’s score',
  },
  'monitor.misses': {
    default: 5,
    min: 1,
    max: 1000,
    whole: true,
    unit: 'count',
    help: 'Pings in a row without an answer that make a miner count as away',
  },
  'tier.window': {
    default: 720,
    min: 1,
    max: 1_000_000,
    whole: true,
    unit: 'blocks',
    help: 'Blocks over which successes are counted before tiers are judged anew',
  },
  'tier.z': {
    default: 0.6744897501960817,
    min: 0,
    max: 10,
    unit: 'number',
    help: 'Quantile of the normal distribution in the Wilson score',
  },
} as const satisfies Record<string, EconomyConstant>;

export type EconomyKey = keyof typeof economyConstants;
export const economyKeys = Object.keys(economyConstants) as readonly EconomyKey[];

/** Columns of the tier table, each an option with one value for each tier, the highest first. */
export const tierColumns = {
  'tier.limits': { field: 'storageLimit', help: 'Bytes placed on one miner at most' },
  'tier.scores': { field: 'score', help: 'Least Wilson score' },
  'tier.successes': { field: 'successes', help: 'Least successes over the lifetime' },
  'tier.factors': { field: 'factor', help: 'Factors of rewards and penalties' },
  'tier.boosts': { field: 'boost', help: 'Boosts' },
} as const satisfies Record<string, { readonly field: Exclude<keyof Tier, 'name'>; readonly help: string }>;

export type TierColumnKey = keyof typeof tierColumns;
export const tierColumnKeys = Object.keys(tierColumns) as readonly TierColumnKey[];

/** All of them with values: what one validator goes by. */
export interface EconomyRules {
  readonly constants: Readonly<Record<EconomyKey, number>>;
  /** Highest first. */
  readonly tiers: readonly Tier[];
}

export const defaultRules: EconomyRules = {
  constants: Object.fromEntries(economyKeys.map((key) => [key, economyConstants[key].default])) as Record<
    EconomyKey,
    number
  >,
  tiers: tierTable,
};

type GivenRules = Readonly<Record<EconomyKey, number> & Record<TierColumnKey, readonly number[]>>;

/** The rules of a configuration whose values were checked. */
export function rulesOf(values: GivenRules): EconomyRules {
  return {
    constants: Object.fromEntries(economyKeys.map((key) => [key, values[key]])) as Record<EconomyKey, number>,
    tiers: tiersOf(values),
  };
}

export const tiersOf = (columns: Readonly<Record<TierColumnKey, readonly number[]>>): readonly Tier[] =>
  tierNames.map((name: TierName, i) => ({
    name,
    storageLimit: columns['tier.limits'][i]!,
    score: columns['tier.scores'][i]!,
    successes: columns['tier.successes'][i]!,
    factor: columns['tier.factors'][i]!,
    boost: columns['tier.boosts'][i]!,
  }));

/** One column of a table, as its option has it. */
export const columnOf = (tiers: readonly Tier[], key: TierColumnKey): readonly number[] =>
  tiers.map((tier) => tier[tierColumns[key].field]);
