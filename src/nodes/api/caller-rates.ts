// How often one caller may ask: a bucket that holds a minute's requests and fills steadily, so that a burst passes and
// a flood does not.

import { FileTaoError } from '../../domain/model/errors.js';

/** Callers remembered at most: the ones heard from longest ago are forgotten, and begin with a full bucket again. */
const callersMax = 10_000;

interface Bucket {
  left: number;
  at: number;
}

export class CallerRates {
  readonly #perMinute: number;
  /** In the order of their last request. */
  readonly #buckets = new Map<string, Bucket>();

  /** @param perMinute 0 is no limit */
  constructor(perMinute: number) {
    this.#perMinute = perMinute;
  }

  /** Counts a request; throws `budget` (HTTP 429) with the seconds to wait. @param nowMs monotonic */
  count(caller: string, nowMs: number): void {
    if (this.#perMinute === 0) return;
    const perMs = this.#perMinute / 60_000;
    const bucket = this.#buckets.get(caller) ?? { left: this.#perMinute, at: nowMs };
    bucket.left = Math.min(this.#perMinute, bucket.left + (nowMs - bucket.at) * perMs);
    bucket.at = nowMs;
    this.#buckets.delete(caller);
    this.#buckets.set(caller, bucket);
    if (this.#buckets.size > callersMax) this.#buckets.delete(this.#buckets.keys().next().value!);
    if (bucket.left < 1) {
      throw new FileTaoError('budget', `more than ${this.#perMinute} requests in a minute: wait`, {
        details: { retryAfter: Math.max(1, Math.ceil((1 - bucket.left) / perMs / 1000)) },
      });
    }
    bucket.left--;
  }
}
