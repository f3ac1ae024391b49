// A Files port in front of another, by default the real one, that notes every operation in order, counts open files, and fails
// the operation it is told to.
import { systemFiles } from '../../../src/adapters/system/files.js';
import type { Files, OpenFile } from '../../../src/domain/ports/files.js';

export interface WatchedFiles extends Files {
  /** `operation path`, in the order in which they ended well. */
  readonly done: string[];
  /** Operations begun so far. */
  begun: number;
  /** The operation with this number (from 0) fails with this code. */
  failure: { readonly at: number; readonly code: string } | null;
  openFiles: number;
}

export function watchedFiles(freeBytes?: () => number, inner: Files = systemFiles): WatchedFiles {
  const watched: WatchedFiles = {
    done: [],
    begun: 0,
    failure: null,
    openFiles: 0,
    create: (path, mode) => step('create', path, async () => watch(path, await inner.create(path, mode))),
    open: (path) => step('open', path, async () => watch(path, await inner.open(path))),
    openToWrite: (path) => step('openToWrite', path, async () => watch(path, await inner.openToWrite(path))),
    size: (path) => step('size', path, () => inner.size(path)),
    rename: (from, to) => step('rename', to, () => inner.rename(from, to)),
    link: (from, to) => step('link', to, () => inner.link(from, to)),
    remove: (path) => step('remove', path, () => inner.remove(path)),
    makeFolder: (path) => step('makeFolder', path, () => inner.makeFolder(path)),
    syncFolder: (path) => step('syncFolder', path, () => inner.syncFolder(path)),
    async *entries(path) {
      await step('entries', path, async () => {});
      yield* inner.entries(path);
    },
    freeBytes: (path) =>
      step('freeBytes', path, async () => (freeBytes ? freeBytes() : inner.freeBytes(path))),
  };
  const step = async <Result>(
    operation: string,
    path: string,
    work: () => Promise<Result>,
  ): Promise<Result> => {
    const number = watched.begun++;
    if (watched.failure?.at === number)
      throw Object.assign(new Error(`${watched.failure.code}: ${operation}, as the test wants it`), {
        code: watched.failure.code,
      });
    const result = await work();
    watched.done.push(`${operation} ${path}`);
    return result;
  };
  const watch = (path: string, file: OpenFile): OpenFile => {
    watched.openFiles++;
    return {
      write: (data, position) => step('write', path, () => file.write(data, position)),
      read: (position, length) => step('read', path, () => file.read(position, length)),
      size: () => step('fileSize', path, () => file.size()),
      truncate: (length) => step('truncate', path, () => file.truncate(length)),
      sync: () => step('sync', path, () => file.sync()),
      // close(2) gives the descriptor back also when it reports an error
      async close() {
        await file.close();
        watched.openFiles--;
        await step('close', path, async () => {});
      },
    };
  };
  return watched;
}
