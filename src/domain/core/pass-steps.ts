// The steps in which the bytes of one pass over a replica reach the core: two buffers in its memory, filled in turn.
// While the core works on one, the reader's disk fills the other.
import { CoreInputError } from './core-input-error.js';
import { type Instance, STEP_BYTES } from './instance.js';
import { LEAF_BYTES } from './limits.js';

export interface Pass {
  /** Two views of the core's memory. Fill one, then `absorb` it; its bytes are read during that call only. */
  readonly inputs: readonly Uint8Array[];
  /**
   * Takes the first `length` bytes of `inputs[which]`. Every step but the last is a full buffer, the last ends the data exactly.
   * Throws `bad-pass` otherwise, or when another pass has begun.
   */
  absorb(which: number, length: number): void;
}

/** A step as the core reads it: its address, its length, the number of its first leaf. */
export interface Step {
  readonly at: number;
  readonly length: number;
  readonly firstLeaf: number;
}

export class PassSteps {
  readonly inputs: readonly Uint8Array[];
  readonly #instance: Instance;
  readonly #size: number;
  readonly #isCurrent: () => boolean;
  #taken = 0;

  /** `isCurrent` tells whether the core's pass regions still belong to this pass. */
  constructor(instance: Instance, size: number, isCurrent: () => boolean) {
    this.#instance = instance;
    this.#size = size;
    this.#isCurrent = isCurrent;
    this.inputs = [instance.regions.input0.bytes, instance.regions.input1.bytes];
  }

  /** Counts a step in, or throws `bad-pass`. */
  take(which: number, length: number): Step {
    const due = Math.min(STEP_BYTES, this.#size - this.#taken);
    this.#checkCurrent();
    if (length !== due || length === 0) {
      throw new CoreInputError('bad-pass', `a step of ${due} bytes is due, not ${length}`);
    }
    if (which !== 0 && which !== 1) throw new CoreInputError('bad-pass', `inputs are 0 and 1, not ${which}`);
    const { input0, input1 } = this.#instance.regions;
    const firstLeaf = this.#taken / LEAF_BYTES;
    this.#taken += length;
    return { at: which === 0 ? input0.at : input1.at, length, firstLeaf };
  }

  /** Throws `bad-pass` unless all bytes have come. */
  end(): void {
    this.#checkCurrent();
    if (this.#taken !== this.#size) {
      throw new CoreInputError('bad-pass', `${this.#taken} of ${this.#size} bytes absorbed`);
    }
  }

  #checkCurrent(): void {
    if (!this.#isCurrent()) throw new CoreInputError('bad-pass', 'another pass has begun');
  }
}
