// Memory for one replica whose kept rounds are being checked: used again, and shared with the worker. Copies of
// 16 MiB for each would be freed too late: an API node under way with a large object grew by 150 MiB.

import { ByteGate } from '../byte-gate.js';

export class SettlingMemory {
  readonly #turn = new ByteGate(1, Number.POSITIVE_INFINITY);
  #memory = new Uint8Array(new SharedArrayBuffer(0));

  /** Waits for its turn; whoever takes the memory calls `leave` when done. */
  async take(length: number): Promise<{ readonly encoded: Uint8Array; readonly leave: () => void }> {
    const leave = await this.#turn.enter(1);
    if (this.#memory.length < length) this.#memory = new Uint8Array(new SharedArrayBuffer(length));
    return { encoded: this.#memory.subarray(0, length), leave };
  }
}
