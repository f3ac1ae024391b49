// Whether weights may and should be set now: what the chain would refuse is known before anything is signed,
// and each refusal says in a sentence what is missing.

import type { ErrorCode } from '../model/errors.js';
import type { Hyperparameters, Neuron, Weight } from '../ports/chain.js';

export interface WeightsSituation {
  /** The setter as the chain has it; null when it is not registered. */
  readonly neuron: Neuron | null;
  readonly block: number;
  readonly hyperparameters: Hyperparameters;
  readonly neuronCount: number;
  readonly weights: readonly Weight[];
  readonly versionKey: bigint;
}

export interface Refusal {
  readonly code: ErrorCode;
  readonly sentence: string;
  /** Block from which on it may be tried again; null when waiting does not help. */
  readonly retryAt: number | null;
}

/** The first block at which the chain takes the neuron's weights again. */
export const rateLimitEnds = (neuron: Neuron, { weightsRateLimit }: Hyperparameters): number =>
  neuron.lastUpdate === 0 ? 0 : neuron.lastUpdate + weightsRateLimit;

/** Half an epoch after the last time, as the reference does it, and not inside the rate limit. */
export function weightsDueAt(neuron: Neuron, hyperparameters: Hyperparameters): number {
  const half = neuron.lastUpdate + Math.floor(hyperparameters.tempo / 2) + 1;
  return Math.max(half, rateLimitEnds(neuron, hyperparameters));
}

/** null when the chain would take these weights. */
export function weightsRefusal(situation: WeightsSituation): Refusal | null {
  const { neuron, block, hyperparameters, weights, versionKey, neuronCount } = situation;
  const refuse = (code: ErrorCode, sentence: string, retryAt: number | null = null): Refusal => ({
    code,
    sentence,
    retryAt,
  });
  if (neuron === null)
    return refuse(
      'forbidden',
      'this hotkey is not registered on the subnet, so it has no weights to set: register it with filetao subnet register',
    );
  if (hyperparameters.commitRevealEnabled)
    return refuse(
      'commit-reveal',
      'this subnet takes weights only through commit-reveal (time-locked commitments), which FileTAO cannot write: set them with btcli from the weights file, or ask the subnet owner to turn commit-reveal off',
    );
  if (versionKey < hyperparameters.weightsVersion)
    return refuse(
      'bad-input',
      `the subnet asks for weights of version ${hyperparameters.weightsVersion} or later and this node gives ${versionKey}: update FileTAO, or set --neuron.version_key`,
    );
  if (!neuron.validatorPermit && !isOwnWeightAlone(weights, neuron.uid))
    return refuse(
      'forbidden',
      `uid ${neuron.uid} has no validator permit, which the chain gives to the hotkeys with the most stake at the end of an epoch: add stake, or wait`,
    );
  if (neuron.stake < hyperparameters.stakeThreshold)
    return refuse(
      'forbidden',
      `uid ${neuron.uid} has a stake of ${neuron.stake} and weights count from ${hyperparameters.stakeThreshold} on: add stake`,
    );
  const nonzero = weights.filter(({ value }) => value > 0).length;
  if (nonzero === 0) return refuse('bad-input', 'there is no weight above zero to set');
  const beyond = weights.find(({ uid }) => uid >= neuronCount);
  if (beyond !== undefined)
    return refuse('bad-input', `uid ${beyond.uid} is not on the subnet, which has ${neuronCount} neurons`);
  // The chain lets a neuron give its whole weight to itself whatever the minimum is.
  if (weights.length < hyperparameters.minAllowedWeights && !isOwnWeightAlone(weights, neuron.uid))
    return refuse(
      'bad-input',
      `the subnet asks for weights on at least ${hyperparameters.minAllowedWeights} uids, and there are ${weights.length}`,
    );
  const ends = rateLimitEnds(neuron, hyperparameters);
  if (block < ends)
    return refuse(
      'too-soon',
      `weights were set at block ${neuron.lastUpdate} and may be set again from block ${ends} on, in ${ends - block} blocks`,
      ends,
    );
  return null;
}

const isOwnWeightAlone = (weights: readonly Weight[], uid: number): boolean =>
  weights.length === 1 && weights[0]!.uid === uid;
