// Setting weights: when they are due, from the scores of the miners, after all that the chain would refuse has
// been checked. What is not set is kept in the weights file with the reason, and said once.

import type { Log } from '../../adapters/observe/log.js';
import { weightMax, weightsOf } from '../../domain/economy/weights.js';
import { weightsDueAt, weightsRefusal } from '../../domain/economy/weights-due.js';
import { encodeSs58 } from '../../domain/identity/ss58.js';
import { publicKeyOf } from '../../domain/model/bytes.js';
import { FileTaoError } from '../../domain/model/errors.js';
import type { FullChain, Weight } from '../../domain/ports/chain.js';
import type { Clock } from '../../domain/ports/clock.js';
import type { Signer } from '../../domain/ports/signer.js';
import type { Rewarding } from './rewarding.js';
import { writeWeightsFile } from './weights-file.js';

export interface Weighing {
  readonly chain: FullChain;
  readonly signer: Signer;
  readonly clock: Clock;
  readonly log: Log;
  readonly versionKey: bigint;
  readonly file: string;
  /** What each miner is worth; miners without a score are worth nothing. */
  readonly rewards: Pick<Rewarding, 'dropMissing' | 'scores' | 'weigh'>;
  /** Told of weights that were set. */
  readonly onSet?: (block: number, weights: readonly Weight[]) => Promise<void>;
}

/** Blocks after which weights that could not be set are tried again. */
const retryBlocks = 10;

export async function weighForever(weighing: Weighing, signal: AbortSignal): Promise<void> {
  const { chain, clock, log } = weighing;
  const pollMs = Math.min(Math.max(chain.blockIntervalMs / 2, 250), 6_000);
  let notBefore = 0;
  let said = '';
  while (!signal.aborted) {
    try {
      const { number } = await chain.finalisedHead();
      if (number >= notBefore) {
        const { nextAt, refusal } = await weighIfDue(weighing);
        notBefore = nextAt;
        if (refusal !== null && refusal !== said)
          log.warn({ file: weighing.file }, `weights not set: ${refusal}`);
        said = refusal ?? '';
      }
    } catch (error) {
      log.error({ err: error }, 'could not look after the weights');
    }
    await clock.sleep(pollMs, signal).catch(() => {});
  }
}

export interface Weighed {
  /** Block at which to look again. */
  readonly nextAt: number;
  /** null when weights were set, or nothing was due. */
  readonly refusal: string | null;
}

export async function weighIfDue(weighing: Weighing): Promise<Weighed> {
  const { chain, signer, log, versionKey } = weighing;
  const hotkey = publicKeyOf(signer.publicKey);
  const [{ number }, neurons, hyperparameters] = await Promise.all([
    chain.finalisedHead(),
    chain.neurons(),
    chain.hyperparameters(),
  ]);
  const neuron = neurons.find((candidate) => candidate.hotkey === hotkey) ?? null;
  const dueAt = neuron === null ? 0 : weightsDueAt(neuron, hyperparameters);
  if (number < dueAt) return { nextAt: dueAt, refusal: null };

  const { minAllowedWeights, maxWeightsLimit } = hyperparameters;
  // Whoever has left since the monitor looked; should the hotkey come back, it begins anew.
  await weighing.rewards.dropMissing(number, new Set(neurons.map((one) => one.hotkey)));
  const scores = weighing.rewards.scores;
  let weights = weightsOf(
    neurons.map(({ uid, hotkey }) => ({ uid, score: scores.get(hotkey) ?? 0, asked: scores.has(hotkey) })),
    { minAllowedWeights, maxWeight: maxWeightsLimit / weightMax },
  );
  if (weights.length === 0) return { nextAt: number + retryBlocks, refusal: 'no miner has a score yet' };
  const situation = {
    neuron,
    block: number,
    hyperparameters,
    neuronCount: neurons.length,
    weights,
    versionKey,
  };
  const refusal = weightsRefusal(situation);
  const keep = (outcome: 'set' | 'refused' | 'failed', reason: string | null): Promise<void> =>
    writeWeightsFile(weighing.file, {
      network: chain.network,
      netuid: chain.netuid,
      hotkey: encodeSs58(signer.publicKey),
      block: number,
      versionKey: String(versionKey),
      outcome,
      reason,
      uids: weights.map(({ uid }) => uid),
      weights: weights.map(({ value }) => value),
    });
  if (refusal !== null) {
    await keep('refused', refusal.sentence);
    return { nextAt: refusal.retryAt ?? number + retryBlocks, refusal: refusal.sentence };
  }
  // Once more, from the scores as they are when they are recorded.
  weights = await weighing.rewards.weigh({ block: number, neurons, minAllowedWeights, maxWeightsLimit });
  try {
    await chain.setWeights(signer, weights, versionKey);
  } catch (error) {
    if (!(error instanceof FileTaoError)) throw error;
    await keep('failed', error.message);
    return { nextAt: number + retryBlocks, refusal: error.message };
  }
  await keep('set', null);
  log.info({ block: number, miners: weights.length }, 'set weights');
  await weighing.onSet?.(number, weights);
  return { nextAt: number + 1, refusal: null };
}
