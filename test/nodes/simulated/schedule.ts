// Simulated time: whatever takes time is an event, the earliest runs next, and between two events everything that
// can go on without time does. With seeded random delays a history is a function of its seed.
import type { Clock } from '../../../src/domain/ports/clock.js';

/** Numbers from a seed (mulberry32). */
export class Dice {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  below(limit: number): number {
    return Math.floor(this.next() * limit);
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  pick<Item>(items: readonly Item[]): Item {
    return items[this.below(items.length)]!;
  }

  bytes(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => this.below(256));
  }
}

interface Event {
  readonly at: number;
  readonly order: number;
  run(): void;
}

const startMs = 1_790_000_000_000;
/** Turns of the real event loop without any event before a history counts as stuck. */
const idleTurnsMax = 2000;

export class Schedule {
  #now = 0;
  #order = 0;
  readonly #events: Event[] = [];

  readonly clock: Clock = {
    now: () => startMs + Math.floor(this.#now),
    monotonic: () => this.#now,
    sleep: (milliseconds) => this.wait(milliseconds),
  };

  /** Calls `run` when the time has come. */
  after(milliseconds: number, run: () => void): void {
    this.#events.push({ at: this.#now + Math.max(0, milliseconds), order: this.#order++, run });
  }

  wait(milliseconds: number): Promise<void> {
    return new Promise((resolve) => this.after(milliseconds, resolve));
  }

  /** Lets this much time pass. */
  async advance(milliseconds: number): Promise<void> {
    const until = this.#now + milliseconds;
    await turn();
    while (this.#nextAt() <= until) await this.#step();
    this.#now = until;
  }

  /** Runs events until the promise settles. */
  async until<Result>(promise: Promise<Result>): Promise<Result> {
    let settled = false;
    const watched = promise.finally(() => {
      settled = true;
    });
    watched.catch(() => {});
    for (let idle = 0; !settled; ) {
      await turn();
      if (settled) break;
      if (this.#events.length > 0) {
        await this.#step();
        idle = 0;
      } else if (++idle > idleTurnsMax) throw new Error('the simulation is stuck');
    }
    return watched;
  }

  #nextAt(): number {
    return this.#events.reduce((min, { at }) => Math.min(min, at), Number.POSITIVE_INFINITY);
  }

  async #step(): Promise<void> {
    let next = 0;
    for (let i = 1; i < this.#events.length; i++) {
      const [a, b] = [this.#events[i]!, this.#events[next]!];
      if (a.at < b.at || (a.at === b.at && a.order < b.order)) next = i;
    }
    const [event] = this.#events.splice(next, 1);
    this.#now = Math.max(this.#now, event!.at);
    event!.run();
    await turn();
  }
}

/** All that can go on without time. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
