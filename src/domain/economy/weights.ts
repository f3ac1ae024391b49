// From scores to the weight vector that a validator sets. The formulas are those of the Python SDK
// (bittensor/utils/weight_utils.py: `process_weights`, `normalize_max_weight`,
// `convert_weights_and_uids_for_emit`), so that a validator here and one there agree about the same scores.

import { FileTaoError } from '../model/errors.js';
import type { Weight } from '../ports/chain.js';

export const weightMax = 65535;

const leastShare = 1e-290;
/** What the reference gives every uid where too few have a score of their own. */
const floorWeight = 1e-5;

/**
 * Scores as shares of one: what is not a number and what is negative is worth nothing. (The reference lifts
 * all scores by the most negative one, so a miner that was never asked gains when another one fails.)
 */
export function shares(scores: readonly number[]): readonly number[] {
  const positive = scores.map((score) => (Number.isFinite(score) && score > 0 ? score : 0));
  return normalised(positive) ?? positive;
}

export interface WeightRules {
  readonly minAllowedWeights: number;
  /** Largest share of one weight; 1 is no limit. */
  readonly maxWeight: number;
  /** Lowest share of the nonzero weights that is dropped, as far as minAllowedWeights lets it. Default 0. */
  readonly excludeQuantile?: number;
}

export interface ProcessedWeights {
  readonly uids: readonly number[];
  /** Shares; their sum is 1. */
  readonly weights: readonly number[];
}

/** The reference's `process_weights`; `scores[i]` belongs to `uids[i]`. */
export function processWeights(
  uids: readonly number[],
  scores: readonly number[],
  { minAllowedWeights, maxWeight, excludeQuantile = 0 }: WeightRules,
): ProcessedWeights {
  if (uids.length !== scores.length) throw new RangeError('as many uids as scores');
  const count = uids.length;
  if (count === 0) return { uids: [], weights: [] };
  const nonzero = scores.map((score, i) => ({ uid: uids[i]!, score })).filter(({ score }) => score > 0);
  if (nonzero.length === 0 || count < minAllowedWeights) {
    return { uids: [...uids], weights: uids.map(() => 1 / count) };
  }
  if (nonzero.length < minAllowedWeights) {
    const lifted = scores.map((score) => floorWeight + Math.max(0, score));
    return { uids: [...uids], weights: limitWeights(lifted, maxWeight) };
  }
  const share = Math.min(excludeQuantile, Math.max(0, nonzero.length - minAllowedWeights) / nonzero.length);
  const lowest = quantile(
    nonzero.map(({ score }) => score),
    share,
  );
  const kept = nonzero.filter(({ score }) => score >= lowest);
  return {
    uids: kept.map(({ uid }) => uid),
    weights: limitWeights(
      kept.map(({ score }) => score),
      maxWeight,
    ),
  };
}

export interface ScoredNeuron {
  readonly uid: number;
  readonly score: number;
  /** Whether the miner has ever been asked anything: one that has not is never given a weight. */
  readonly asked: boolean;
}

/** The whole way from scores to what the chain gets; empty while nobody has a score above zero. */
export function weightsOf(neurons: readonly ScoredNeuron[], rules: WeightRules): readonly Weight[] {
  const asked = neurons.filter((neuron) => neuron.asked);
  const worth = shares(asked.map(({ score }) => score));
  if (worth.every((share) => share === 0)) return [];
  const processed = processWeights(
    asked.map(({ uid }) => uid),
    worth,
    rules,
  );
  return emitWeights(processed.uids, processed.weights);
}

/** Linear interpolation between order statistics, as numpy and torch define it. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const at = q * (sorted.length - 1);
  const below = Math.floor(at);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below]! + (sorted[above]! - sorted[below]!) * (at - below);
}

/**
 * Shares of which none exceeds the limit: the values above one cutoff are lowered to it. What the reference's
 * `normalize_max_weight` is meant to give; its constant of 1e-7 in the quotients is left out, because it lets
 * a share exceed the limit where nearly all the worth is one neuron's ([0, 0, 1e-5, 1] at 0.4979 gave 0.5).
 */
export function limitWeights(values: readonly number[], limit: number): readonly number[] {
  const count = values.length;
  const sum = total(values);
  if (sum === 0 || count * limit <= 1) return values.map(() => 1 / count);
  // a share without all its bits (subnormal, or made from one) cannot be lowered in proportion: it is none
  const parts = values.map((value) => value / sum).map((part) => (part < leastShare ? 0 : part));
  const sorted = [...parts].sort((a, b) => a - b);
  if (sorted[count - 1]! <= limit) return parts;
  // `keep` of the lowest stay as they are: capped at the last of them, all together, it is below the limit
  let keep = 0;
  let kept = 0;
  for (const value of sorted) {
    const capped = kept + (count - keep) * value;
    if (value > 0 && value >= limit * capped) break;
    kept += value;
    keep++;
  }
  const lowered = sorted[keep];
  if (lowered === undefined) return parts; // the largest is at the limit but for rounding
  const room = 1 - limit * (count - keep);
  // Rounding may leave no room where there is little; the cutoff is never above the first that is lowered.
  const cutoff = room > 0 ? Math.min((limit * kept) / room, lowered) : lowered;
  return normalised(parts.map((value) => Math.min(value, cutoff))) ?? values.map(() => 1 / count);
}

/** The reference's emission: of 65535, relative to the largest; zeros are left out. In the order given. */
export function emitWeights(uids: readonly number[], weights: readonly number[]): readonly Weight[] {
  if (uids.length !== weights.length) throw new RangeError('as many uids as weights');
  const largest = weights.reduce((max, weight) => Math.max(max, weight), 0);
  if (largest === 0) return [];
  return uids
    .map((uid, i) => ({ uid, value: roundHalfEven((weights[i]! / largest) * weightMax) }))
    .filter(({ value }) => value > 0);
}

/** Python's `round`: a half goes to the even neighbour. */
export function roundHalfEven(value: number): number {
  const below = Math.floor(value);
  const part = value - below;
  if (part !== 0.5) return Math.round(value);
  return below % 2 === 0 ? below : below + 1;
}

/** Throws `bad-input` unless the chain can take the vector: whole numbers in range, each uid once. */
export function checkWeights(weights: readonly Weight[]): void {
  const seen = new Set<number>();
  for (const { uid, value } of weights) {
    for (const [what, number] of [
      ['uid', uid],
      ['weight', value],
    ] as const)
      if (!Number.isInteger(number) || number < 0 || number > weightMax)
        throw new FileTaoError(
          'bad-input',
          `a ${what} is a whole number from 0 to ${weightMax}, not ${number}`,
        );
    if (seen.has(uid)) throw new FileTaoError('bad-input', `uid ${uid} has two weights`);
    seen.add(uid);
  }
}

const total = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0);

/** null when nothing is above zero. */
function normalised(values: readonly number[]): readonly number[] | null {
  const sum = total(values);
  return sum > 0 ? values.map((value) => value / sum) : null;
}
