// What one simulated validator knows: the counts, tiers and scores of all miners, its own view of the chain, and whom
// it cannot reach.

import { monitorStep } from '../../domain/economy/monitor.js';
import { movedAverage, type RewardedAnswer, rewardsOf } from '../../domain/economy/rewards.js';
import { tierOf } from '../../domain/economy/tiers.js';
import { emitWeights, processWeights, shares } from '../../domain/economy/weights.js';
import type { PublicKey } from '../../domain/model/bytes.js';
import type { EconomyRules } from '../../domain/model/economy.js';
import type { StatisticKind } from '../../domain/model/records.js';
import { lowestTier, type TierName, tierNames } from '../../domain/model/tiers.js';
import type { Partition, ValidatorGroup } from './scenario.js';

const lowest = tierNames.indexOf(lowestTier);
/** The chain's own defaults: none must be set, none is limited. */
const weightRules = { minAllowedWeights: 1, maxWeight: 1 };

export interface BatchAnswer {
  readonly uid: number;
  readonly passed: boolean;
  readonly elapsedMs: number;
  readonly size: number;
}

export interface CutOff {
  readonly from: number;
  readonly until: number;
  /** Miners below this uid's place in the shuffle are on the other side. */
  readonly isAcross: (uid: number) => boolean;
}

export class SimulatedValidator {
  readonly attempts: Uint32Array;
  readonly successes: Uint32Array;
  readonly totalSuccesses: Uint32Array;
  /** Index into the tier table, 0 the highest. */
  readonly tiers: Uint8Array;
  readonly scores: Float64Array;
  /** Towards the next penalty (domain/economy/monitor.ts). */
  readonly misses: Uint16Array;
  /** Pings in a row without an answer, until the next answer. */
  readonly silent: Uint32Array;
  /** Failures in a row, for placement. */
  readonly failures: Uint16Array;
  readonly usedBytes: Float64Array;
  /** Steps done: cadences count them. */
  step = 0;

  constructor(
    readonly number: number,
    readonly group: ValidatorGroup,
    readonly rules: EconomyRules,
    private readonly hotkeys: readonly PublicKey[],
    private readonly cuts: readonly CutOff[],
  ) {
    const miners = hotkeys.length;
    this.attempts = new Uint32Array(miners);
    this.successes = new Uint32Array(miners);
    this.totalSuccesses = new Uint32Array(miners);
    this.tiers = new Uint8Array(miners).fill(lowest);
    this.scores = new Float64Array(miners);
    this.misses = new Uint16Array(miners);
    this.silent = new Uint32Array(miners);
    this.failures = new Uint16Array(miners);
    this.usedBytes = new Float64Array(miners);
  }

  /** The newest block it knows of. */
  view(block: number): number {
    return Math.max(0, block - (this.group.mode === 'lagging' ? this.group.lag : 0));
  }

  isCutOff(uid: number, block: number): boolean {
    return this.cuts.some(({ from, until, isAcross }) => block >= from && block < until && isAcross(uid));
  }

  tierName(uid: number): TierName {
    return tierNames[this.tiers[uid]!]!;
  }

  count(uid: number, passed: boolean): void {
    this.attempts[uid]!++;
    this.failures[uid] = passed ? 0 : this.failures[uid]! + 1;
    if (!passed) return;
    this.successes[uid]!++;
    this.totalSuccesses[uid]!++;
  }

  /** Counts a batch and moves the scores; returns the rewards in its order. */
  settle(task: StatisticKind, answers: readonly BatchAnswer[]): readonly number[] {
    if (answers.length === 0) return [];
    for (const { uid, passed } of answers) this.count(uid, passed);
    const rewarded = answers.map(
      ({ uid, passed, elapsedMs, size }): RewardedAnswer => ({
        minerKey: this.hotkeys[uid]!,
        tier: this.tierName(uid),
        passed,
        elapsedMs,
        size,
      }),
    );
    const rewards = rewardsOf(task, rewarded, this.rules).map(({ reward }) => reward);
    for (const [i, { uid }] of answers.entries()) this.#move(uid, rewards[i]!);
    return rewards;
  }

  /** One ping; true when the miner counts as away now, and has paid for it. */
  notePing(uid: number, answered: boolean): boolean {
    this.silent[uid] = answered ? 0 : this.silent[uid]! + 1;
    const { misses, away } = monitorStep(this.misses[uid]!, answered, this.rules);
    this.misses[uid] = misses;
    if (away) this.#move(uid, this.rules.constants['reward.monitor_failure']);
    return away;
  }

  /** It misses its pings: nothing is placed on it, and its replicas do not count. */
  isDown(uid: number): boolean {
    return this.silent[uid]! >= this.rules.constants['monitor.misses'];
  }

  /** The end of a window: tiers are judged, counts begin anew. */
  judgeTiers(onTier: (uid: number, tier: number) => void): void {
    for (let uid = 0; uid < this.tiers.length; uid++) {
      const counts = { attempts: this.attempts[uid]!, successes: this.successes[uid]! };
      const tier = tierNames.indexOf(
        tierOf(counts, this.totalSuccesses[uid]!, this.tierName(uid), this.rules),
      );
      if (tier !== this.tiers[uid]) {
        this.tiers[uid] = tier;
        onTier(uid, tier);
      }
    }
    this.attempts.fill(0);
    this.successes.fill(0);
  }

  /** A hotkey that left takes its record with it. */
  forget(uid: number): void {
    for (const column of [
      this.attempts,
      this.successes,
      this.totalSuccesses,
      this.scores,
      this.misses,
      this.silent,
      this.failures,
    ])
      column[uid] = 0;
    this.tiers[uid] = lowest;
  }

  /**
   * The weights it sets, as shares that sum to 1 (all zero without scores), by uid.
   * @param isFavoured miners a disagreeing validator gives everything to; null for none
   */
  weights(isFavoured: ((uid: number) => boolean) | null): Float64Array {
    const row = new Float64Array(this.scores.length);
    const scores = Array.from(this.scores, (score, uid) =>
      isFavoured === null ? score : isFavoured(uid) ? 1 : 0,
    );
    const worth = shares(scores);
    if (worth.every((share) => share === 0)) return row;
    const { uids, weights } = processWeights(
      worth.map((_, uid) => uid),
      worth,
      weightRules,
    );
    const emitted = emitWeights(uids, weights);
    const sum = emitted.reduce((total, { value }) => total + value, 0);
    for (const { uid, value } of emitted) row[uid] = value / sum;
    return row;
  }

  #move(uid: number, reward: number): void {
    this.scores[uid] = movedAverage(this.scores[uid]!, reward, this.rules);
  }
}

/** Which miners each validator is cut off from, and when. @param order a shuffle of the uids */
export function cutOffs(
  partitions: readonly Partition[],
  tempo: number,
  validator: number,
  validators: number,
  order: readonly number[],
): readonly CutOff[] {
  return partitions.map(({ from, until, miners, validators: share }) => {
    const isSmallSide = validator < Math.round(share * validators);
    const small = new Set(order.slice(0, Math.round(miners * order.length)));
    return { from: from * tempo, until: until * tempo, isAcross: (uid) => small.has(uid) !== isSmallSide };
  });
}
