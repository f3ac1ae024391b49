// Who is proved for first when several validators ask at once: the one with the most stake, and among equals the
// one that asked first. Whoever has waited long enough goes before everyone, so that nobody starves.

import { FileTaoError } from '../../domain/model/errors.js';

/** Proofs waiting at once: at 4 MiB/s each, far more than can be made inside any deadline. */
const waitingMax = 256;

/** Milliseconds after which stake does not matter any more: well inside the deadline of a round. */
const patienceMs = 3_000;

/** Time enough for some of them to be made. */
const retryAfterSeconds = 2;

interface Waiting {
  readonly stake: number;
  readonly sinceMs: number;
  readonly begin: () => void;
}

export class StakeTurns {
  readonly #places: number;
  readonly #nowMs: () => number;
  readonly #waiting: Waiting[] = [];
  #taken = 0;

  constructor(places: number, nowMs: () => number) {
    this.#places = places;
    this.#nowMs = nowMs;
  }

  async run<Result>(stake: number, work: () => Promise<Result>): Promise<Result> {
    if (this.#taken < this.#places) this.#taken++;
    else if (this.#waiting.length >= waitingMax) {
      throw new FileTaoError('busy', 'this miner has too many proofs to make: ask again', {
        details: { retryAfter: retryAfterSeconds },
      });
    } else await new Promise<void>((begin) => this.#waiting.push({ stake, sinceMs: this.#nowMs(), begin }));
    try {
      return await work();
    } finally {
      const next = this.#takeNext();
      if (next === undefined) this.#taken--;
      else next.begin();
    }
  }

  #takeNext(): Waiting | undefined {
    const [oldest] = this.#waiting;
    if (oldest === undefined) return undefined;
    let best = 0;
    if (this.#nowMs() - oldest.sinceMs < patienceMs)
      for (const [i, { stake }] of this.#waiting.entries()) if (stake > this.#waiting[best]!.stake) best = i;
    return this.#waiting.splice(best, 1)[0];
  }
}
