// A Files port in front of the real one that notes every operation in order, counts open files, and fails
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

export function watchedFiles(freeBytes?: () => number): WatchedFiles {
  const watched: WatchedFiles = {
    done: [],
    begun: 0,
    failure: null,
    openFiles: 0,
    create: (path) => step('create', path, async () => watch(path, await systemFiles.create(path))),
    open: (path) => step('open', path, async () => watch(path, await systemFiles.open(path))),
    size: (path) => step('size', path, () => systemFiles.size(path)),
    rename: (from, to) => step('rename', to, () => systemFiles.rename(from, to)),
    remove: (path) => step('remove', path, () => systemFiles.remove(path)),
    makeFolder: (path) => step('makeFolder', path, () => systemFiles.makeFolder(path)),
    syncFolder: (path) => step('syncFolder', path, () => systemFiles.syncFolder(path)),
    entries: (path) => systemFiles.entries(path),
    freeBytes: (path) =>
      step('freeBytes', path, async () => (freeBytes ? freeBytes() : systemFiles.freeBytes(path))),
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
      size: () => file.size(),
      sync: () => step('sync', path, () => file.sync()),
      async close() {
        watched.openFiles--;
        await file.close();
      },
    };
  };
  return watched;
}
