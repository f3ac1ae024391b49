// What passed rounds are worth (PROTOCOL 5, "Strength"): had a share f of the chunks been missing since round a,
// rounds a…b would have caught it with probability 1 − Π(1 − p_i), each p_i the exact hypergeometric value.

import { chunksOfShare } from '../protocol/parameters.js';

/** ln of the probability that a round opening `openings` of `count` chunks misses a loss of `lost` of them. */
export function logMiss(count: number, lost: number, openings: number): number {
  if (lost <= 0) return 0;
  if (lost + openings > count) return Number.NEGATIVE_INFINITY;
  let sum = 0;
  for (let i = 0; i < openings; i++) sum += Math.log((count - lost - i) / (count - i));
  return sum;
}

/** Sums up rounds that all ask about the same share. */
export class Confidence {
  readonly #loss: number;
  readonly #known = new Map<string, number>();
  #logMiss = 0;
  #rounds = 0;

  /** @param loss the share f, 0 < f < 1 */
  constructor(loss: number) {
    this.#loss = loss;
  }

  add(count: number, openings: number): void {
    const key = `${count}/${openings}`;
    let value = this.#known.get(key);
    if (value === undefined) {
      value = logMiss(count, chunksOfShare(count, this.#loss), openings);
      this.#known.set(key, value);
    }
    this.#logMiss += value;
    this.#rounds++;
  }

  get rounds(): number {
    return this.#rounds;
  }

  /** Probability that all rounds together would have missed the loss; 1 without rounds. */
  get miss(): number {
    return Math.exp(this.#logMiss);
  }

  /** Probability that they would have caught it. */
  get caught(): number {
    return -Math.expm1(this.#logMiss);
  }
}
