// When each step is due next, and how far those are that go round: kept in a file, so a restarted validator goes on
// where it stood. Due by block: a step that is late is held late, never left out, and never twice.

import { readFile } from 'node:fs/promises';
import { replaceFile } from '../../../adapters/system/durable-file.js';
import { toHex } from '../../../domain/model/bytes.js';
import type { Step, StepName } from './step.js';

interface Stored {
  readonly version: 1;
  /** Of the chain the blocks are on. */
  readonly genesis: string;
  readonly next: Readonly<Partial<Record<StepName, number>>>;
  readonly cursors: Readonly<Record<string, string | null>>;
}

export class DueBlocks {
  readonly #file: string;
  readonly #genesis: string;
  #next: Partial<Record<StepName, number>>;
  #cursors: Record<string, string | null>;
  #writing: Promise<void> = Promise.resolve();

  private constructor(file: string, genesis: string, stored: Stored | null) {
    this.#file = file;
    this.#genesis = genesis;
    this.#next = { ...stored?.next };
    this.#cursors = { ...stored?.cursors };
  }

  /** A file that is not there, damaged, or of another chain is begun anew: nothing but time is lost. */
  static async open(file: string, genesis: Uint8Array): Promise<DueBlocks> {
    const chain = toHex(genesis);
    const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
      return '';
    });
    let stored: Stored | null = null;
    try {
      const read = JSON.parse(text) as Stored;
      if (read?.version === 1 && read.genesis === chain) stored = read;
    } catch {}
    return new DueBlocks(file, chain, stored);
  }

  isDue({ name, everyBlocks, atStart }: Step, block: number): boolean {
    if (everyBlocks === 0) return false;
    const next = this.#next[name];
    // Further ahead than one interval: the option was changed meanwhile.
    if (next !== undefined && next <= block + everyBlocks) return block >= next;
    this.#next[name] = block + (atStart && next === undefined ? 0 : everyBlocks);
    return block >= this.#next[name]!;
  }

  /** Durable when resolved. Called when the step has ended, so one that is cut off is begun again. */
  async held({ name, everyBlocks }: Step, beganAt: number): Promise<void> {
    this.#next[name] = Math.max(beganAt + everyBlocks, this.#next[name] ?? 0);
    await this.save();
  }

  /** Makes the step due at once. */
  hurry(name: StepName): void {
    this.#next[name] = 0;
  }

  cursor(name: string): string | null {
    return this.#cursors[name] ?? null;
  }

  setCursor(name: string, cursor: string | null): void {
    this.#cursors[name] = cursor;
  }

  save(): Promise<void> {
    this.#writing = this.#writing
      .catch(() => {})
      .then(() => {
        const stored: Stored = {
          version: 1,
          genesis: this.#genesis,
          next: this.#next,
          cursors: this.#cursors,
        };
        return replaceFile(this.#file, `${JSON.stringify(stored)}\n`);
      });
    return this.#writing;
  }
}
