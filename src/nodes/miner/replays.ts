// Stores and deletes carried out before. Messages travel in the clear, so whoever saw a delete could send it again
// after the replica was stored anew, within the 50 blocks for which the block it names is young enough
// (PROTOCOL 4.4), and the miner would fail its next round; a store sent again after a delete would fill its disk.
// The memory lives in the process: a restart inside those 50 blocks forgets it.

import { toHex } from '../../domain/model/bytes.js';
import { limits } from '../../domain/model/constants.js';
import { FileTaoError } from '../../domain/model/errors.js';

/** Some 100 bytes each. Beyond, the oldest are forgotten. */
const rememberedMax = 100_000;

export class CarriedOut {
  /** Digest of the message → the block it names; oldest first. */
  readonly #blocks = new Map<string, number>();

  /** Throws `block` for a message carried out before whose effect has been undone since. */
  refuseReplay(digest: Uint8Array, undone: boolean): void {
    if (undone && this.#blocks.has(toHex(digest))) {
      throw new FileTaoError('block', 'this message was carried out before: name a newer block');
    }
  }

  note(digest: Uint8Array, blockNumber: number): void {
    for (const [old, block] of this.#blocks) {
      if (block + 2 * limits.blockAgeMax >= blockNumber && this.#blocks.size < rememberedMax) break;
      this.#blocks.delete(old);
    }
    this.#blocks.set(toHex(digest), blockNumber);
  }
}
