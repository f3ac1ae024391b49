// The subnet's numbers, from storage: the same names in all runtimes of the last years, where the runtime call
// for them has changed its answer three times.

import type { Hyperparameters } from '../../../domain/ports/chain.js';
import { hasItem, readBig, readFlag, readNumber, readNumberOr, type StateAt, taoOf } from './state.js';

export async function readHyperparameters(at: StateAt, netuid: number): Promise<Hyperparameters> {
  const [
    tempo,
    immunityPeriod,
    minAllowedWeights,
    maxWeightsLimit,
    weightsVersion,
    weightsRateLimit,
    servingRateLimit,
    activityCutoff,
    maxValidators,
    maxUids,
    registrationAllowed,
    commitRevealEnabled,
    stakeThreshold,
  ] = await Promise.all([
    readNumber(at, 'tempo', netuid),
    readNumber(at, 'immunityPeriod', netuid),
    readNumber(at, 'minAllowedWeights', netuid),
    readNumberOr(at, 65535, 'maxWeightsLimit', netuid),
    readBig(at, 'weightsVersionKey', netuid),
    readNumber(at, 'weightsSetRateLimit', netuid),
    readNumber(at, 'servingRateLimit', netuid),
    readNumberOr(at, 0, 'activityCutoff', netuid),
    readNumber(at, 'maxAllowedValidators', netuid),
    readNumber(at, 'maxAllowedUids', netuid),
    readFlag(at, 'networkRegistrationAllowed', netuid),
    hasItem(at, 'commitRevealWeightsEnabled') ? readFlag(at, 'commitRevealWeightsEnabled', netuid) : false,
    hasItem(at, 'stakeThreshold') ? readBig(at, 'stakeThreshold') : 0n,
  ]);
  return {
    tempo,
    immunityPeriod,
    minAllowedWeights,
    maxWeightsLimit,
    weightsVersion,
    weightsRateLimit,
    servingRateLimit,
    activityCutoff,
    maxValidators,
    maxUids,
    registrationAllowed,
    commitRevealEnabled,
    stakeThreshold: taoOf(stakeThreshold),
  };
}
