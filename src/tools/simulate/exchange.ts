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

/** Why a good miner, or another, failed an exchange. */
export type Reason = '' | 'unreachable' | 'timeout' | 'damage' | 'accused';

/**
 * `void`: the miner no longer takes the block that the validator named, and the validator sees by the age of that block that
 * it is itself too far behind to blame anybody (nodes/validator/blame.ts).
 */
export type OnTheWay = 'unreachable' | 'timeout' | 'void' | null;

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
): OnTheWay {
  if (validator.isCutOff(miner.uid, block) || !miner.isReachable(block)) return 'unreachable';
  // The miner judges the block that the validator names, which is as old as the validator's view.
  const named = { number: validator.view(block), hash: nowhere };
  if (judgeBlock(named, { number: block, hash: nowhere }, null) !== 'ok') return 'void';
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
