// Time that passes only when somebody waits: a run repeats exactly, and a deadline of ten seconds costs none.
import { FileTaoError } from '../../domain/model/errors.js';
import type { Clock } from '../../domain/ports/clock.js';

export interface VirtualClock extends Clock {
  advance(milliseconds: number): void;
}

const startMs = Date.UTC(2026, 0, 1);

export function virtualClock(): VirtualClock {
  let elapsed = 0;
  return {
    now: () => startMs + Math.floor(elapsed), // as Date.now() is: whole
    monotonic: () => elapsed,
    async sleep(milliseconds, signal) {
      if (signal?.aborted) throw new FileTaoError('cancelled', 'cancelled');
      elapsed += milliseconds;
      // Whoever waits lets the others go on.
      await new Promise<void>((resolve) => setImmediate(resolve));
    },
    advance(milliseconds) {
      elapsed += milliseconds;
    },
  };
}

/** A clock that stands still, for what measures the machine and not the protocol. */
export const stillClock: Clock = {
  now: () => startMs,
  monotonic: () => 0,
  sleep: async () => {},
};
