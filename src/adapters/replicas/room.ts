// Who may still write how much: the quota, the disk, and what writers under way have been promised.
// Promises are counted before the bytes arrive, so writers at once cannot overfill what each alone would fit.

/** Bytes left free on the disk whatever the quota says: the index and the system need some. */
export const diskReserveBytesDefault = 64 * 1024 * 1024;

export interface Promised {
  /** Of the promise, so many bytes are on disk now. */
  written: number;
  readonly bytes: number;
}

export class Room {
  readonly #quotaBytes: number;
  readonly #diskReserveBytes: number;
  readonly #promised = new Set<Promised>();
  #used: number;

  constructor(used: number, quotaBytes: number, diskReserveBytes: number) {
    this.#used = used;
    this.#quotaBytes = quotaBytes;
    this.#diskReserveBytes = diskReserveBytes;
  }

  /** Bytes that may still be promised, given what the disk says is free now. */
  left(diskFreeBytes: number): number {
    let promised = 0;
    let unwritten = 0;
    for (const { bytes, written } of this.#promised) {
      promised += bytes;
      unwritten += Math.max(0, bytes - written);
    }
    return Math.max(
      0,
      Math.min(this.#quotaBytes - this.#used - promised, diskFreeBytes - this.#diskReserveBytes - unwritten),
    );
  }

  /** null when that much is not left. */
  promise(bytes: number, diskFreeBytes: number): Promised | null {
    if (bytes > this.left(diskFreeBytes)) return null;
    const promised = { bytes, written: 0 };
    this.#promised.add(promised);
    return promised;
  }

  /** The promise is used up or given back. */
  release(promised: Promised): void {
    this.#promised.delete(promised);
  }

  addUsed(change: number): void {
    this.#used += change;
  }
}
