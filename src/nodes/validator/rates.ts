// How fast each miner says it proves, and the deadline that follows (PROTOCOL 5, "Deadlines and load"):
// base + bytes / rate. The rate comes with the miner's answers; until one came the default counts.

import type { PublicKey } from '../../domain/model/bytes.js';
import { mebibyte } from '../../domain/model/constants.js';
import { type Deadlines, deadlineMs } from '../../domain/protocol/parameters.js';

/** Slower than this no miner may call itself, or a deadline would mean nothing. */
const rateMin = mebibyte;
/** Faster than this the base alone decides. */
const rateMax = 64 * mebibyte;

export class MinerRates {
  readonly #rates = new Map<PublicKey, number>();

  note(miner: PublicKey, bytesPerSecond: number | undefined): void {
    if (bytesPerSecond === undefined || !Number.isFinite(bytesPerSecond)) return;
    this.#rates.set(miner, Math.min(rateMax, Math.max(rateMin, bytesPerSecond)));
  }

  /** Milliseconds the miner has for work on so many bytes. */
  deadlineMs(deadlines: Deadlines, miner: PublicKey, bytes: number): number {
    const bytesPerSecond = this.#rates.get(miner) ?? deadlines.bytesPerSecond;
    return deadlineMs({ ...deadlines, bytesPerSecond }, bytes);
  }
}
