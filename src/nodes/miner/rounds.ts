// Rounds between commitment and opening. A round that was evicted, or lost in a restart, is recomputed when
// the validator sends the identical challenge again, and its commitment body is the same.

import { toHex } from '../../domain/model/bytes.js';
import { mebibyte } from '../../domain/model/constants.js';
import type { CommittedRound } from '../../domain/protocol/prover.js';

export interface HeldRound extends CommittedRound {
  /** The sealed commitment as first answered. */
  readonly answer: Uint8Array;
}

/** Milliseconds a round is kept; validators ask for the opening within seconds. */
const roundMsMax = 120_000;
/** Nodes and commitments of all kept rounds. */
const roundBytesMax = 32 * mebibyte;

const weightOf = (round: HeldRound): number => round.pass.nodes.length + round.pass.commitments.length;

export class RoundTable {
  readonly #now: () => number;
  readonly #rounds = new Map<string, { readonly round: HeldRound; readonly until: number }>();
  readonly #pending = new Map<string, Promise<HeldRound>>();
  #bytes = 0;

  /** @param now monotonic milliseconds */
  constructor(now: () => number) {
    this.#now = now;
  }

  get size(): number {
    return this.#rounds.size;
  }

  find(challengeId: Uint8Array): HeldRound | null {
    this.#expire();
    return this.#rounds.get(toHex(challengeId))?.round ?? null;
  }

  /** The round of this challenge, computed once however often it is asked for at the same time. */
  obtain(challengeId: Uint8Array, compute: () => Promise<HeldRound>): Promise<HeldRound> {
    const held = this.find(challengeId);
    if (held !== null) return Promise.resolve(held);
    const key = toHex(challengeId);
    const pending = this.#pending.get(key);
    if (pending !== undefined) return pending;
    const computing = compute()
      .then((round) => {
        this.#keep(key, round);
        return round;
      })
      .finally(() => this.#pending.delete(key));
    this.#pending.set(key, computing);
    return computing;
  }

  #keep(key: string, round: HeldRound): void {
    this.#rounds.set(key, { round, until: this.#now() + roundMsMax });
    this.#bytes += weightOf(round);
    this.#expire();
  }

  /** Insertion order is age: the oldest go first, by time or when the table is too heavy. */
  #expire(): void {
    const now = this.#now();
    for (const [key, { round, until }] of this.#rounds) {
      if (until > now && (this.#bytes <= roundBytesMax || this.#rounds.size === 1)) break;
      this.#rounds.delete(key);
      this.#bytes -= weightOf(round);
    }
  }
}
