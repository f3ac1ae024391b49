// Memory for whole pieces: bounded, and used again and again. Fresh buffers of 16 MiB each would be freed too late and
// leave the allocator's heap full of holes: an API node that retrieved 256 MiB had 300 MiB resident, of which 120 were
// buffers in use; a validator that fetched a replica of each miner now and then grew from 291 to 379 MiB, the longer the
// more.

import { ByteGate } from './byte-gate.js';

export interface PieceBuffer {
  /** Of the size asked for; what is in it is of no meaning. */
  readonly buffer: Uint8Array;
  /** Gives the buffer back: nothing may look at it any more. */
  leave(): void;
}

export class PieceBuffers {
  readonly #bytesMax: number;
  readonly #gate: ByteGate;
  #idle: Uint8Array[] = [];
  /** Bytes of all buffers, in use and idle. */
  #bytes = 0;

  constructor(bytesMax: number, waitingMax = Number.POSITIVE_INFINITY) {
    this.#bytesMax = bytesMax;
    this.#gate = new ByteGate(bytesMax, waitingMax);
  }

  /** A buffer of this size; waits while too many bytes are in use. One above the bound is given while none else is. */
  async take(size: number): Promise<PieceBuffer> {
    // Of few sizes, so that a short piece's buffer serves a long one too: the rest is never touched, and so no memory.
    const length = lengthFor(size);
    const leaveGate = await this.#gate.enter(length);
    const whole = this.#take(length);
    let left = false;
    return {
      buffer: whole.subarray(0, size),
      leave: () => {
        if (left) return;
        left = true;
        if (whole.length > this.#bytesMax) this.#bytes -= whole.length;
        else this.#idle.push(whole);
        leaveGate();
      },
    };
  }

  #take(length: number): Uint8Array {
    const found = this.#idle.findIndex((one) => one.length === length);
    if (found >= 0) return this.#idle.splice(found, 1)[0]!;
    // Buffers of other sizes make room.
    while (this.#bytes + length > this.#bytesMax && this.#idle.length > 0)
      this.#bytes -= this.#idle.shift()!.length;
    this.#bytes += length;
    return new Uint8Array(length);
  }
}

/** The next power of two, or of three halves of one: half more than asked for at most. */
function lengthFor(size: number): number {
  const power = 2 ** Math.ceil(Math.log2(Math.max(1, size)));
  return size <= (3 * power) / 4 ? (3 * power) / 4 : power;
}
