// A bound on bytes in use at once: whoever wants more waits its turn, in order.

import { FileTaoError } from '../domain/model/errors.js';

interface Waiting {
  readonly bytes: number;
  readonly enter: () => void;
}

export class ByteGate {
  readonly #max: number;
  readonly #waitingMax: number;
  #used = 0;
  #queue: Waiting[] = [];

  constructor(max: number, waitingMax = 256) {
    this.#max = max;
    this.#waitingMax = waitingMax;
  }

  /** Whether somebody waits for bytes. */
  get isContended(): boolean {
    return this.#queue.length > 0;
  }

  /** Whether so many bytes could enter now, were nobody waiting. */
  fits(bytes: number): boolean {
    return this.#fits(bytes);
  }

  /** Resolves to the function that gives the bytes back. A single request above the bound enters alone. */
  async enter(bytes: number): Promise<() => void> {
    if (this.#queue.length > 0 || !this.#fits(bytes)) {
      if (this.#queue.length >= this.#waitingMax) {
        throw new FileTaoError('busy', 'this node has too much under way: try again', {
          details: { retryAfter: 2 },
        });
      }
      await new Promise<void>((enter) => this.#queue.push({ bytes, enter }));
    } else this.#used += bytes;
    let left = false;
    return () => {
      if (left) return;
      left = true;
      this.#used -= bytes;
      this.#admit();
    };
  }

  #fits(bytes: number): boolean {
    return this.#used === 0 || this.#used + bytes <= this.#max;
  }

  #admit(): void {
    for (let next = this.#queue[0]; next !== undefined && this.#fits(next.bytes); next = this.#queue[0]) {
      this.#queue.shift();
      this.#used += next.bytes;
      next.enter();
    }
  }
}
