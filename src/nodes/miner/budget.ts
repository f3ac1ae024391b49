// How much data-proportional work one validator may have under way at once (PROTOCOL 5, "Limits").

import type { PublicKey } from '../../domain/model/bytes.js';
import { mebibyte } from '../../domain/model/constants.js';
import { FileTaoError } from '../../domain/model/errors.js';

/** Bytes of replicas one validator may have in proof, retrieval or reception at once. */
export const outstandingBytesMax = 1024 * mebibyte;

export class WorkBudget {
  readonly #max: number;
  readonly #outstanding = new Map<PublicKey, number>();

  constructor(max: number = outstandingBytesMax) {
    this.#max = max;
  }

  /** Runs the work while its bytes are counted; throws `budget` when they would exceed the validator's share. */
  async spend<Result>(validator: PublicKey, bytes: number, work: () => Promise<Result>): Promise<Result> {
    const giveBack = this.take(validator, bytes);
    try {
      return await work();
    } finally {
      giveBack();
    }
  }

  /** Counts bytes until the returned function is called, once or more often. Throws `budget` like `spend`. */
  take(validator: PublicKey, bytes: number): () => void {
    const before = this.#outstanding.get(validator) ?? 0;
    if (before > 0 && before + bytes > this.#max) {
      throw new FileTaoError('budget', 'too many bytes of work under way for this validator', {
        details: { retryAfter: 2 },
      });
    }
    this.#outstanding.set(validator, before + bytes);
    let isTaken = true;
    return () => {
      if (!isTaken) return;
      isTaken = false;
      const left = (this.#outstanding.get(validator) ?? bytes) - bytes;
      if (left > 0) this.#outstanding.set(validator, left);
      else this.#outstanding.delete(validator);
    };
  }
}
