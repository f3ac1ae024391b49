// Who is proved for first when several validators ask at once: the one with the most stake, and among equals the
// one that asked first. Whoever has waited long enough goes before everyone, so that nobody starves.

/** Milliseconds after which stake does not matter any more: well inside the deadline of a round. */
const patienceMs = 3_000;

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
    else await new Promise<void>((begin) => this.#waiting.push({ stake, sinceMs: this.#nowMs(), begin }));
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
