// Time, as something that tests and simulations can own.

export interface Clock {
  /** Unix milliseconds. */
  now(): number;
  /** Milliseconds that never run backwards, for measuring. */
  monotonic(): number;
  /** Rejects with a `cancelled` error when the signal fires. */
  sleep(milliseconds: number, signal?: AbortSignal): Promise<void>;
}

/** Unix seconds of the clock. */
export const unixSeconds = (clock: Clock): number => Math.floor(clock.now() / 1000);
