// The stories of miners out of the reward ledger, for the dashboard: read back when somebody first asks for one, and
// carried on with every entry from there on.

import type { LedgerEntry } from '../../domain/audit/ledger.js';
import type { PublicKey } from '../../domain/model/bytes.js';
import { type MinerStory, RewardHistory } from '../../domain/view/miner-story.js';

export class LedgerFollower {
  readonly #read: () => AsyncIterable<LedgerEntry>;
  readonly #history = new RewardHistory();
  #reading: Promise<void> | null = null;
  #hasRead = false;
  /** Entries that came while the earlier ones were being read. */
  #waiting: LedgerEntry[] = [];

  /** @param read the entries that are durable now, in order */
  constructor(read: () => AsyncIterable<LedgerEntry>) {
    this.#read = read;
  }

  /** An entry that has become durable. Before anybody asked it is not kept: it will be read with the others. */
  take(entry: LedgerEntry): void {
    if (this.#hasRead) this.#history.take(entry);
    else if (this.#reading !== null) this.#waiting.push(entry);
  }

  async of(miner: PublicKey): Promise<MinerStory> {
    this.#reading ??= this.#readBack().catch((error) => {
      this.#reading = null;
      this.#waiting = [];
      throw error;
    });
    await this.#reading;
    return this.#history.of(miner);
  }

  async #readBack(): Promise<void> {
    for await (const entry of this.#read()) this.#history.take(entry);
    for (const entry of this.#waiting) this.#history.take(entry);
    this.#waiting = [];
    this.#hasRead = true;
  }
}
