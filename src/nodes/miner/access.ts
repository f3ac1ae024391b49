// Whom a miner serves: hotkeys that are blocked or trusted by its operator, and how often those may call that
// have no replicas here. A validator that owns replicas is not counted: what it asks for is bounded by the bytes
// of work it has under way (budget.ts), because how often it must ask follows from how much it stores.

import type { PublicKey } from '../../domain/model/bytes.js';
import { FileTaoError } from '../../domain/model/errors.js';

export interface AccessRules {
  readonly blocked: ReadonlySet<PublicKey>;
  /** TAO that a validator must have staked to store here. */
  readonly minimumStake: number;
  /** Served without permit, stake and rate limit. */
  readonly trusted: ReadonlySet<PublicKey>;
  /** Requests of one caller in a window; 0 is no limit. */
  readonly requestsMax: number;
  /** Blocks. */
  readonly windowBlocks: number;
}

export const openAccess: AccessRules = {
  blocked: new Set(),
  trusted: new Set(),
  minimumStake: 0,
  requestsMax: 0,
  windowBlocks: 25,
};

/** Callers remembered at most: the ones heard from longest ago are forgotten first. */
const callersMax = 10_000;
/** What a caller is told to wait at most. */
const retryAfterSecondsMax = 3600;

export class CallRates {
  readonly #rules: AccessRules;
  readonly #blockMs: number;
  /** Milliseconds of the requests in the window, oldest first; callers in the order of their last request. */
  readonly #calls = new Map<PublicKey, number[]>();

  constructor(rules: AccessRules, blockMs: number) {
    this.#rules = rules;
    this.#blockMs = blockMs;
  }

  /** Counts a request of a caller without replicas; throws `budget` (HTTP 429) beyond the limit. */
  count(caller: PublicKey, nowMs: number): void {
    const { requestsMax, windowBlocks } = this.#rules;
    if (requestsMax === 0) return;
    const windowMs = windowBlocks * this.#blockMs;
    const calls = (this.#calls.get(caller) ?? []).filter((at) => at > nowMs - windowMs);
    this.#calls.delete(caller);
    this.#calls.set(caller, calls);
    if (this.#calls.size > callersMax) this.#calls.delete(this.#calls.keys().next().value!);
    if (calls.length >= requestsMax) {
      const waitMs = calls[0]! + windowMs - nowMs;
      throw new FileTaoError(
        'budget',
        `more than ${requestsMax} requests in ${windowBlocks} blocks of a caller without replicas here`,
        { details: { retryAfter: Math.min(retryAfterSecondsMax, Math.max(1, Math.ceil(waitMs / 1000))) } },
      );
    }
    calls.push(nowMs);
  }
}
