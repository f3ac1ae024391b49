// Own event-loop lag: a validator that was itself late may not blame a miner (PROTOCOL 5, "Deadlines").

import type { Clock } from '../../domain/ports/clock.js';

const beatMs = 50;

/** Watches the event loop; `since` tells the longest stall in an interval. */
export class Lag {
  readonly #clock: Clock;
  readonly #timer: NodeJS.Timeout;
  #expected: number;
  #stalls: { readonly at: number; readonly ms: number }[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#expected = clock.monotonic() + beatMs;
    this.#timer = setInterval(() => this.#beat(), beatMs);
    this.#timer.unref();
  }

  /** The longest stall in milliseconds between `start` (monotonic) and now. */
  since(start: number): number {
    const now = this.#clock.monotonic();
    const current = Math.max(0, now - this.#expected);
    return this.#stalls.reduce((max, stall) => (stall.at >= start ? Math.max(max, stall.ms) : max), current);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #beat(): void {
    const now = this.#clock.monotonic();
    const late = now - this.#expected;
    this.#expected = now + beatMs;
    if (late < beatMs) return;
    this.#stalls.push({ at: now, ms: late });
    if (this.#stalls.length > 1000) this.#stalls = this.#stalls.slice(-500);
  }
}
