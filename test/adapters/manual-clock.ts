// A clock that stands still until a test moves it.
import type { Clock } from '../../src/domain/ports/clock.js';

export interface ManualClock extends Clock {
  /** Also backwards, as a machine's clock may go. */
  advance(milliseconds: number): void;
}

export function manualClock(startMs = 1_790_000_000_000): ManualClock {
  let elapsed = 0;
  let monotonic = 0;
  return {
    now: () => startMs + elapsed,
    monotonic: () => monotonic,
    async sleep() {
      throw new Error('nothing sleeps on a manual clock');
    },
    advance(milliseconds) {
      elapsed += milliseconds;
      monotonic += Math.max(0, milliseconds);
    },
  };
}
