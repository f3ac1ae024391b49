// How one question to one miner ends, by the protocol's own rules: deadlines, blame, the exact probability that a round
// misses the damage there is. What the real code would find out by computing, the simulation knows.

import { limits } from '../../domain/model/constants.js';
import { judgeBlock } from '../../domain/protocol/blocks.js';
import type { AuditWish } from '../../domain/protocol/parameters.js';
import {
  chunkCount,
  deadlineMs,
  defaultChunkSize,
  defaultDeadlines,
  detectionProbability,
  openingsFor,
} from '../../domain/protocol/parameters.js';
import type { SimulatedMiner } from './miners.js';
import type { Draws } from './seeded-draws.js';
import type { SimulatedValidator } from './validators.js';

/** `block`: the miner does not know, or no longer takes, the block the validator named. */
export type Reason = '' | 'unreachable' | 'timeout' | 'block' | 'damage' | 'accused';

export interface Ending {
  readonly passed: boolean;
  readonly reason: Reason;
  readonly elapsedMs: number;
}

export interface Shape {
  readonly count: number;
  readonly openings: number;
}

/** Chunks and openings of a round about a replica of this size. */
export function shapeOf(size: number, audit: AuditWish): Shape {
  const wished = openingsFor(limits.openingsMax, audit);
  const count = chunkCount(size, defaultChunkSize(size, wished));
  return { count, openings: Math.min(wished, count) };
}

/** Probabilities already computed: most rounds are about few shapes, and most about no damage. */
export class PassProbabilities {
  readonly #known = new Map<number, number>();

  of({ count, openings }: Shape, lost: number): number {
    if (lost === 0) return 1;
    if (lost + openings > count) return 0;
    const key = (count * 65_537 + lost) * 1025 + openings;
    let known = this.#known.get(key);
    if (known === undefined) {
      known = 1 - detectionProbability(count, lost, openings);
      // Losing miners make new keys all the time; what is kept stays bounded.
      if (this.#known.size >= 100_000) this.#known.clear();
      this.#known.set(key, known);
    }
    return known;
  }
}

const nowhere = new Uint8Array();

/**
 * Whether the question gets to the miner and an answer back in time; null when it does.
 * @param elapsedMs how long a good answer takes
 */
export function failureOnTheWay(
  validator: SimulatedValidator,
  miner: SimulatedMiner,
  block: number,
  bytes: number,
  elapsedMs: number,
): Reason | null {
  if (validator.isCutOff(miner.uid, block) || !miner.isReachable(block)) return 'unreachable';
  // The miner judges the block that the validator names, which is as old as the validator's view. A validator that lags
  // sees nothing wrong with it, so the miner's refusal counts as the miner's failure (nodes/validator/blame.ts).
  const named = { number: validator.view(block), hash: nowhere };
  if (judgeBlock(named, { number: block, hash: nowhere }, null) !== 'ok') return 'block';
  return elapsedMs > deadlineMs(defaultDeadlines, bytes) ? 'timeout' : null;
}

/** What the validator notes down: one that disagrees calls good answers bad. */
export function noted(
  validator: SimulatedValidator,
  miner: SimulatedMiner,
  ending: Ending,
  draws: Draws,
): Ending {
  const { mode, accuses, favours } = validator.group;
  if (mode !== 'disagreeing') return ending;
  if (miner.group.name === favours) return { ...ending, passed: true, reason: '' };
  return ending.passed && draws.chance(accuses) ? { ...ending, passed: false, reason: 'accused' } : ending;
}
