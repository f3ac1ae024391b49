// Options of the economy: rewards, and one list for each column of the tier table.
import {
  columnOf,
  type EconomyConstant,
  type EconomyKey,
  economyConstants,
  type TierColumnKey,
  tierColumns,
} from '../../../domain/model/economy.js';
import { lowestTier, tierNames, tierTable } from '../../../domain/model/tiers.js';
import { bytes, integer, type Kind, listOf, real } from '../kinds.js';
import { type Option, option, type Role, validators } from './option.js';

/** An exabyte, the reference's own largest limit. */
const tierLimitMax = 1024 ** 6;

/** One number of the economy's table, as an option. */
const constant = (key: EconomyKey): Option<number, 'validator'> => {
  const { default: preset, min, max, unit, help, ...rest }: EconomyConstant = economyConstants[key];
  const kind = rest.whole === true ? integer(unit, min, max) : real(unit, min, max);
  return option(['validator'], kind, preset, help);
};

/** One column of the tier table, as an option. */
const column = <const ForRole extends Role>(
  roles: readonly ForRole[],
  key: TierColumnKey,
  kind: Kind<number>,
): Option<readonly number[], ForRole> =>
  option(
    roles,
    listOf(kind, tierNames.length),
    columnOf(tierTable, key),
    `${tierColumns[key].help}, from ${tierNames[0]} down to ${lowestTier}`,
  );

export const economyOptions = {
  'reward.success': constant('reward.success'),
  'reward.store_failure': constant('reward.store_failure'),
  'reward.challenge_failure': constant('reward.challenge_failure'),
  'reward.retrieve_failure': constant('reward.retrieve_failure'),
  'reward.monitor_failure': constant('reward.monitor_failure'),
  'reward.boosted': constant('reward.boosted'),
  'reward.steepness': constant('reward.steepness'),
  'reward.shift': constant('reward.shift'),
  'reward.alpha': constant('reward.alpha'),
  'monitor.misses': constant('monitor.misses'),
  'tier.window': constant('tier.window'),
  'tier.z': constant('tier.z'),
  'tier.limits': column(validators, 'tier.limits', bytes(0, tierLimitMax)),
  'tier.scores': column(['validator'], 'tier.scores', real('number', 0, 1)),
  'tier.successes': column(['validator'], 'tier.successes', integer('count', 0, Number.MAX_SAFE_INTEGER)),
  'tier.factors': column(['validator'], 'tier.factors', real('number', 0, 1000)),
  'tier.boosts': column(['validator'], 'tier.boosts', real('number', 1, 1000)),
} as const;
