// The put journal's entries as files of a folder, for their owner only.

import { readdir, stat, unlink, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { createFile, makePrivateFolder, replaceFile } from '../adapters/system/durable-file.js';
import { systemFiles } from '../adapters/system/files.js';
import type { Files } from '../domain/ports/files.js';
import { type JournalEntries, journalEntryBytesMax, journalKeptMs } from './put-journal.js';

const swept = new Set<string>();
/** Journal folders that this process has made durable. */
const madeDurable = new WeakMap<Files, Set<string>>();

export class JournalFolder implements JournalEntries {
  readonly #folder: string;
  readonly #files: Files;

  /** @param files only tests give another */
  constructor(folder: string, files: Files = systemFiles) {
    this.#folder = folder;
    this.#files = files;
  }

  async read(name: string): Promise<Uint8Array | null> {
    const path = join(this.#folder, name);
    const size = await this.#files.size(path);
    if (size === null || size > journalEntryBytesMax) return null;
    const file = await this.#files.open(path);
    let content: Uint8Array;
    try {
      content = await file.read(0, size);
    } finally {
      await file.close();
    }
    // Whoever made it may have died before its name was on disk.
    await this.#files.syncFolder(this.#folder);
    const now = new Date();
    await utimes(path, now, now).catch(() => {});
    return content;
  }

  async add(name: string, content: Uint8Array): Promise<boolean> {
    const path = join(this.#folder, name);
    const known = madeDurable.get(this.#files) ?? new Set();
    madeDurable.set(this.#files, known);
    // Made when it is missed: looking after it for each of many small files costs as much as the entry.
    if (known.has(this.#folder)) {
      try {
        return await createFile(path, content, this.#files);
      } catch (error) {
        if ((error as { code?: unknown }).code !== 'ENOENT') throw error;
      }
    }
    await makePrivateFolder(this.#folder, this.#files);
    known.add(this.#folder);
    return createFile(path, content, this.#files);
  }

  async replace(name: string, content: Uint8Array): Promise<void> {
    await replaceFile(join(this.#folder, name), content, undefined, this.#files);
  }

  /** Once for each folder and process is often enough. */
  async sweep(nowMs: number): Promise<void> {
    if (swept.has(this.#folder)) return;
    swept.add(this.#folder);
    for (const name of await readdir(this.#folder).catch(() => [])) {
      const path = join(this.#folder, name);
      try {
        if (nowMs - (await stat(path)).mtimeMs > journalKeptMs) await unlink(path);
      } catch {
        // gone meanwhile
      }
    }
  }
}
