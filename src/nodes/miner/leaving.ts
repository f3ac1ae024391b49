// Leaving the network in good order: the miner takes nothing new, says so whenever it is asked whether it is there,
// and goes on serving what it holds until its validators have moved it elsewhere and told it to delete it. That it
// is leaving is a file in its folder, so a restart does not bring it back by accident.

import { access } from 'node:fs/promises';
import { dirname } from 'node:path';
import { createFile } from '../../adapters/system/durable-file.js';
import { systemFiles } from '../../adapters/system/files.js';
import { encodeSs58 } from '../../domain/identity/ss58.js';
import { fromHex } from '../../domain/model/bytes.js';
import type { HoldingIndex } from '../../domain/ports/holding-index.js';
import { HoldingCensus } from '../census.js';

export class Leaving {
  readonly #file: string | null;
  #isLeaving: boolean;

  private constructor(file: string | null, isLeaving: boolean) {
    this.#file = file;
    this.#isLeaving = isLeaving;
  }

  /** @param file is there while the miner leaves; without one the state lasts as long as the process */
  static async open(file: string | null): Promise<Leaving> {
    const isThere =
      file !== null &&
      (await access(file).then(
        () => true,
        () => false,
      ));
    return new Leaving(file, isThere);
  }

  static staying(): Leaving {
    return new Leaving(null, false);
  }

  get isLeaving(): boolean {
    return this.#isLeaving;
  }

  /** Durable when resolved. */
  async set(leave: boolean): Promise<void> {
    if (this.#file !== null && leave) await createFile(this.#file, 'this miner leaves the network\n');
    if (this.#file !== null && !leave && (await systemFiles.remove(this.#file)))
      await systemFiles.syncFolder(dirname(this.#file));
    this.#isLeaving = leave;
  }
}

/** What one validator still keeps on a miner. */
export interface StillHeld {
  /** ss58 */
  readonly validator: string;
  readonly replicas: number;
  readonly bytes: number;
  /** Unix seconds at which the last of them expires. */
  readonly lastExpiry: number;
}

export async function stillHeld(index: HoldingIndex): Promise<readonly StillHeld[]> {
  const census = new HoldingCensus();
  await census.count(index);
  return [...census.validators].map(([key, held]) => ({ validator: encodeSs58(fromHex(key)), ...held }));
}
