// One miner's story: what changed its score and its tier, and why, out of the reward ledger. The ledger is replayed
// as it was written and as it goes on; of each miner the last changes are kept.

import type { LedgerEntry } from '../audit/ledger.js';
import { type Change, type Judged, LedgerReplay, type Weighed } from '../audit/ledger-replay.js';
import { windowCounts } from '../economy/tiers.js';
import { wilsonScore } from '../economy/wilson.js';
import type { PublicKey } from '../model/bytes.js';
import type { EconomyRules } from '../model/economy.js';
import { type Tier, type TierName, tierNamed } from '../model/tiers.js';

/** At most so many changes of one miner: some hours of a busy one. */
const changesMax = 80;
/** Four times what a subnet has of them. */
const minersMax = 4096;

/** What a tier asks for. */
export type TierAsk = Pick<Tier, 'name' | 'score' | 'successes'>;

/** Why a miner is in its tier: what it was judged by at the end of its last window. */
export interface TierReason {
  readonly window: number;
  readonly block: number;
  readonly atMs: number;
  readonly attempts: number;
  readonly successes: number;
  readonly totalSuccesses: number;
  /** Wilson score of the window. */
  readonly score: number;
  readonly before: TierName;
  readonly tier: TierAsk;
  /** The next tier up, and whether score or successes were short of it; null in the highest. */
  readonly next: (TierAsk & { readonly lacksScore: boolean; readonly lacksSuccesses: boolean }) | null;
}

export interface MinerStory {
  /** Unix milliseconds from which on the ledger was read; null where it was read from its beginning. */
  readonly since: number | null;
  /** The newest first. */
  readonly changes: readonly Change[];
  /** null where no window judged the miner since. */
  readonly tier: TierReason | null;
  /** null before weights were made. */
  readonly weight: Weighed | null;
}

export class RewardHistory {
  readonly #replay = new LedgerReplay(null, null);
  readonly #changes = new Map<PublicKey, Change[]>();
  #since: number | null = null;

  /** The next entry of the ledger; one that was taken already changes nothing. */
  take(entry: LedgerEntry): void {
    const last = this.#replay.last;
    const isOld =
      last !== null &&
      last.value.sequence >= entry.value.sequence &&
      // another hotkey's ledger begins anew
      !(entry.value.sequence === 1 && entry.value.event === 'state' && last.value.atMs < entry.value.atMs);
    if (isOld) return;
    if (last === null && entry.value.sequence > 1) this.#since = entry.value.atMs;
    for (const change of this.#replay.take(entry).changes) this.#keep(change);
  }

  #keep(change: Change): void {
    let changes = this.#changes.get(change.minerKey);
    if (changes === undefined) {
      changes = [];
      this.#changes.set(change.minerKey, changes);
      if (this.#changes.size > minersMax) this.#changes.delete(this.#changes.keys().next().value!);
    }
    changes.push(change);
    if (changes.length > changesMax) changes.shift();
  }

  of(miner: PublicKey): MinerStory {
    const judged = this.#replay.judged.get(miner);
    return {
      since: this.#since,
      changes: (this.#changes.get(miner) ?? []).toReversed(),
      tier: judged === undefined ? null : tierReason(judged, this.#replay.standings.rules),
      weight: this.#replay.weighed.get(miner) ?? null,
    };
  }
}

export function tierReason(judged: Judged, { constants, tiers }: EconomyRules): TierReason {
  const { attempts, successes } = windowCounts(judged);
  const { window, block, atMs, totalSuccesses, before } = judged;
  const score = wilsonScore(successes, attempts, constants['tier.z']);
  const next = tiers[tiers.findIndex(({ name }) => name === judged.said) - 1];
  return {
    window,
    block,
    atMs,
    attempts,
    successes,
    totalSuccesses,
    score,
    before,
    tier: tierNamed(tiers, judged.said),
    next:
      next === undefined
        ? null
        : {
            ...next,
            lacksScore: score < next.score,
            lacksSuccesses: totalSuccesses < next.successes,
          },
  };
}
