// Memory for pieces on their way to users: bounded, and used again and again. Fresh buffers of 16 MiB each would be
// freed too late and leave the allocator's heap full of holes: 256 MiB retrieved took 300 MiB of resident memory,
// of which 120 were buffers in use.

import { ByteGate } from '../byte-gate.js';

export interface PieceBuffer {
  readonly buffer: Uint8Array;
  /** Gives the buffer back: nothing may look at it any more. */
  leave(): void;
}

export class PieceBuffers {
  readonly #bytesMax: number;
  readonly #gate: ByteGate;
  #idle: Uint8Array[] = [];

  constructor(bytesMax: number, waitingMax: number) {
    this.#bytesMax = bytesMax;
    this.#gate = new ByteGate(bytesMax, waitingMax);
  }

  /** A buffer of this size; waits while too many bytes are in use. */
  async take(size: number): Promise<PieceBuffer> {
    const leaveGate = await this.#gate.enter(size);
    // Pieces of one object have one size: buffers of another one are of no use any more.
    this.#idle = this.#idle.filter(({ length }) => length === size);
    const buffer = this.#idle.pop() ?? new Uint8Array(size);
    let left = false;
    return {
      buffer,
      leave: () => {
        if (left) return;
        left = true;
        if (size * (this.#idle.length + 1) <= this.#bytesMax) this.#idle.push(buffer);
        leaveGate();
      },
    };
  }
}
