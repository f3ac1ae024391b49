// Where a fetched object goes until it is whole and verified: a file of the origin's private file system, which is on
// disk and not in memory, or a Blob where there is none. Only then does the page offer it; what does not verify is
// removed. Each tab has a folder of its own, and the next tab removes those of tabs that are gone.

import { FileTaoError } from '../domain/model/errors.js';

/** All methods throw `full` when there is no room. */
export interface FetchedFile {
  append(part: Uint8Array): Promise<void>;
  /** The whole, under this name. */
  finish(name: string): Promise<File>;
  discard(): Promise<void>;
}

/** Only workers have it, so the types of a page's thread do not know it. */
interface SyncAccessHandle {
  write(data: Uint8Array, options: { readonly at: number }): number;
  flush(): void;
  close(): void;
}

const folderName = 'fetched';
const lockOf = (tab: string): string => `filetao-tab-${tab}`;

/** Holds this tab's folder as long as the page lives, and removes those of tabs that are gone. */
export async function claimFolder(tab: string): Promise<void> {
  if (!hasPrivateFiles()) return;
  await new Promise<void>((resolve) => {
    void navigator.locks.request(lockOf(tab), () => {
      resolve();
      return new Promise(() => {});
    });
  });
  const root = await navigator.storage.getDirectory();
  const folder = await root.getDirectoryHandle(folderName, { create: true });
  const tabs: string[] = [];
  // Not in every engine's types yet.
  for await (const name of (folder as unknown as { keys(): AsyncIterable<string> }).keys()) tabs.push(name);
  for (const name of tabs) {
    await navigator.locks.request(lockOf(name), { ifAvailable: true }, async (lock) => {
      if (lock !== null) await folder.removeEntry(name, { recursive: true }).catch(() => {});
    });
  }
}

const hasPrivateFiles = (): boolean =>
  typeof navigator.storage?.getDirectory === 'function' && navigator.locks !== undefined;

/** In a worker: only there are private files written synchronously, in every engine that has them. */
export async function openFetchedFile(tab: string): Promise<FetchedFile> {
  if (!hasPrivateFiles()) return inMemory();
  const root = await navigator.storage.getDirectory();
  const all = await root.getDirectoryHandle(folderName, { create: true });
  const folder = await all.getDirectoryHandle(tab, { create: true });
  const name = crypto.randomUUID();
  const handle = await folder.getFileHandle(name, { create: true });
  const access = await (
    handle as unknown as { createSyncAccessHandle(): Promise<SyncAccessHandle> }
  ).createSyncAccessHandle();
  let at = 0;
  return {
    async append(part) {
      try {
        for (let written = 0; written < part.length; ) {
          written += access.write(part.subarray(written), { at: at + written });
        }
      } catch (error) {
        throw noRoom(error);
      }
      at += part.length;
    },
    async finish(fileName) {
      access.flush();
      access.close();
      const file = await handle.getFile();
      return new File([file], fileName, { type: 'application/octet-stream' });
    },
    async discard() {
      access.close();
      await folder.removeEntry(name).catch(() => {});
    },
  };
}

function inMemory(): FetchedFile {
  let parts: Uint8Array[] = [];
  return {
    async append(part) {
      parts.push(part);
    },
    finish: async (fileName) =>
      new File(parts as Uint8Array<ArrayBuffer>[], fileName, { type: 'application/octet-stream' }),
    async discard() {
      parts = [];
    },
  };
}

const noRoom = (error: unknown): FileTaoError =>
  new FileTaoError(
    (error as { name?: string }).name === 'QuotaExceededError' ? 'full' : 'io',
    `the browser's storage for this page is full or failed: ${(error as Error).message}`,
    { cause: error },
  );
