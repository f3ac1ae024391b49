// A log file that does not grow for ever: when it would exceed its size it becomes <file>.1, the one before <file>.2, and
// so on, and the oldest goes. Written synchronously, so that the last words of a process that crashes are there; a disk
// that is full or gone costs lines, never the node.

import { closeSync, fstatSync, mkdirSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

export interface RotationOptions {
  /** Bytes after which a new file is begun. */
  readonly maxBytes: number;
  /** Old files kept beside the current one. */
  readonly keep: number;
}

export class RotatingFile {
  readonly #path: string;
  readonly #options: RotationOptions;
  #file: number | null = null;
  #size = 0;
  #lost = 0;

  /** Makes the folder and opens the file; throws where it cannot. */
  constructor(path: string, options: RotationOptions) {
    this.#path = path;
    this.#options = options;
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    this.#open();
  }

  /** Lines that could not be written. */
  get lost(): number {
    return this.#lost;
  }

  write(line: string): void {
    const bytes = Buffer.from(line);
    try {
      if (this.#size > 0 && this.#size + bytes.length > this.#options.maxBytes) this.#rotate();
      if (this.#file === null) this.#open();
      writeSync(this.#file!, bytes);
      this.#size += bytes.length;
    } catch {
      this.#lost++;
    }
  }

  close(): void {
    if (this.#file !== null) closeSync(this.#file);
    this.#file = null;
  }

  #open(): void {
    this.#file = openSync(this.#path, 'a', 0o600);
    this.#size = fstatSync(this.#file).size;
  }

  #rotate(): void {
    this.close();
    const { keep } = this.#options;
    const old = (n: number): string => (n === 0 ? this.#path : `${this.#path}.${n}`);
    rmSync(old(keep), { force: true });
    for (let n = keep - 1; n >= 0; n--) {
      try {
        renameSync(old(n), old(n + 1));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      }
    }
  }
}
