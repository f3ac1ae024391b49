// A bound on bytes per second: whoever wants to move bytes waits until those before it have had their time.

import type { Clock } from '../../domain/ports/clock.js';

export class BytePace {
  #freeAt = Number.NEGATIVE_INFINITY;

  constructor(
    readonly clock: Clock,
    readonly bytesPerSecond: number,
  ) {}

  /** Resolves when the bytes may be moved; rejects with `cancelled` when the signal fires. */
  async take(bytes: number, signal?: AbortSignal): Promise<void> {
    const now = this.clock.monotonic();
    const begin = Math.max(now, this.#freeAt);
    this.#freeAt = begin + (1000 * bytes) / this.bytesPerSecond;
    if (begin > now) await this.clock.sleep(begin - now, signal);
  }
}
