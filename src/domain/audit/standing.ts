// Where every miner stands: score, tier, misses. One arithmetic for the validator that writes the reward ledger and for
// whoever replays it.

import { monitorStep } from '../economy/monitor.js';
import { movedAverage, type Reward, rewardsOf } from '../economy/rewards.js';
import type { PublicKey } from '../model/bytes.js';
import { defaultRules, type EconomyRules } from '../model/economy.js';
import type { KindCounts, StatisticKind } from '../model/records.js';
import { lowestTier, type TierName } from '../model/tiers.js';

export interface Standing {
  /** The moving average of its rewards. */
  readonly score: number;
  readonly tier: TierName;
  /** Pings in a row that it did not answer. */
  readonly misses: number;
  /** Whether it has ever been asked. */
  readonly asked: boolean;
  /** Since the tier window began. */
  readonly attempts: KindCounts;
  readonly successes: KindCounts;
  /** Over its lifetime. */
  readonly totalSuccesses: number;
}

export const noCounts: KindCounts = { store: 0, challenge: 0, retrieve: 0 };

export const newcomer: Standing = {
  score: 0,
  tier: lowestTier,
  misses: 0,
  asked: false,
  attempts: noCounts,
  successes: noCounts,
  totalSuccesses: 0,
};

/** Whether it has ever been counted: what was is known from answers alone, and no index may say otherwise. */
export const wasCounted = ({ attempts, totalSuccesses, tier }: Standing): boolean =>
  totalSuccesses > 0 || tier !== lowestTier || attempts.store + attempts.challenge + attempts.retrieve > 0;

/** With one more answer counted. */
export function withAnswer(standing: Standing, task: StatisticKind, passed: boolean): Standing {
  const { attempts, successes, totalSuccesses } = standing;
  return {
    ...standing,
    attempts: { ...attempts, [task]: attempts[task] + 1 },
    successes: passed ? { ...successes, [task]: successes[task] + 1 } : successes,
    totalSuccesses: totalSuccesses + (passed ? 1 : 0),
  };
}

/** An answer as far as its reward depends on it. */
export interface BatchAnswer {
  readonly minerKey: PublicKey;
  readonly passed: boolean;
  readonly elapsedMs: number;
  /** Bytes of the replica. */
  readonly size: number;
}

/** One answer of a miner, as a validator collects it. */
export interface Answer extends BatchAnswer {
  readonly task: StatisticKind;
  /** Digest of its transcript's head. */
  readonly transcript: Uint8Array;
}

export interface Rewarded extends Reward {
  readonly minerKey: PublicKey;
  readonly tier: TierName;
  readonly before: number;
  /** The score with this reward in it. */
  readonly score: number;
}

export interface Pinged {
  readonly minerKey: PublicKey;
  readonly standing: Standing;
  readonly away: boolean;
}

export class Standings {
  readonly #miners = new Map<PublicKey, Standing>();
  rules: EconomyRules = defaultRules;
  window = 0;

  of(minerKey: PublicKey): Standing {
    return this.#miners.get(minerKey) ?? newcomer;
  }

  get size(): number {
    return this.#miners.size;
  }

  entries(): IterableIterator<[PublicKey, Standing]> {
    return this.#miners.entries();
  }

  set(minerKey: PublicKey, standing: Standing): void {
    this.#miners.set(minerKey, standing);
  }

  forget(minerKey: PublicKey): void {
    this.#miners.delete(minerKey);
  }

  clear(): void {
    this.#miners.clear();
  }

  /** What a batch would change; nothing changes yet. A miner with several answers is rewarded for each, one after another. */
  reward(task: StatisticKind, answers: readonly BatchAnswer[]): readonly Rewarded[] {
    const scores = new Map<PublicKey, number>();
    const rewards = rewardsOf(
      task,
      answers.map((answer) => ({ ...answer, tier: this.of(answer.minerKey).tier })),
      this.rules,
    );
    return answers.map(({ minerKey }, i) => {
      const before = scores.get(minerKey) ?? this.of(minerKey).score;
      const score = movedAverage(before, rewards[i]!.reward, this.rules);
      scores.set(minerKey, score);
      return { ...rewards[i]!, minerKey, tier: this.of(minerKey).tier, before, score };
    });
  }

  /** What a ping would change; nothing changes yet. */
  ping(minerKey: PublicKey, answered: boolean): Pinged {
    const before = this.of(minerKey);
    const { misses, away } = monitorStep(before.misses, answered, this.rules);
    const score = away
      ? movedAverage(before.score, this.rules.constants['reward.monitor_failure'], this.rules)
      : before.score;
    return { minerKey, away, standing: { ...before, score, misses, asked: before.asked || away } };
  }
}
