// A file system in memory that loses power: what was not synced may be gone, there, or torn. Pessimistic
// within POSIX: syncing a file does not keep its name, a rename may leave both names or neither.
import { basename, dirname } from 'node:path';
import type { Files, FolderEntry, OpenFile } from '../../../src/domain/ports/files.js';

interface File {
  now: Uint8Array;
  /** As of the last sync. */
  synced: Uint8Array;
}

interface Folder {
  now: Map<string, File | Folder>;
  synced: Map<string, File | Folder>;
}

const isFolder = (node: File | Folder): node is Folder => node.now instanceof Map;
const newFolder = (): Folder => ({ now: new Map(), synced: new Map() });

/** What a power cut does to one thing that was not synced. */
export type Fate = 'lost' | 'kept' | 'torn';

export interface PowerLossFiles extends Files {
  /** Operations that changed something, so far. */
  changes: number;
  /** From the change with this number on (from 0), nothing works any more. */
  cutAt: number;
  /** The file system after the power came back. `fate` is asked once for each unsynced thing. */
  afterwards(fate: () => Fate): PowerLossFiles;
}

export function powerLossFiles(root: Folder = newFolder()): PowerLossFiles {
  const failure = (code: string) => Object.assign(new Error(code), { code });

  const find = (path: string): File | Folder | null => {
    let node: File | Folder = root;
    for (const name of path.split('/').filter(Boolean)) {
      const next: File | Folder | undefined = isFolder(node) ? node.now.get(name) : undefined;
      if (next === undefined) return null;
      node = next;
    }
    return node;
  };
  const folderAt = (path: string): Folder => {
    const node = find(path);
    if (node === null || !isFolder(node)) throw failure('ENOENT');
    return node;
  };
  const change = <Result>(work: () => Result): Result => {
    if (files.changes++ >= files.cutAt) throw failure('EIO');
    return work();
  };
  const opened = (file: File): OpenFile => ({
    write: async (data, position) =>
      change(() => {
        const longer = new Uint8Array(Math.max(file.now.length, position + data.length));
        longer.set(file.now);
        longer.set(data, position);
        file.now = longer;
      }),
    read: async (position, length) => file.now.slice(position, position + length),
    size: async () => file.now.length,
    truncate: async (length) =>
      change(() => {
        const shorter = new Uint8Array(length);
        shorter.set(file.now.subarray(0, length));
        file.now = shorter;
      }),
    async sync() {
      change(() => {
        file.synced = file.now;
      });
    },
    close: async () => {},
  });

  const files: PowerLossFiles = {
    changes: 0,
    cutAt: Number.POSITIVE_INFINITY,
    async create(path) {
      return change(() => {
        const folder = folderAt(dirname(path));
        if (folder.now.has(basename(path))) throw failure('EEXIST');
        const file: File = { now: new Uint8Array(0), synced: new Uint8Array(0) };
        folder.now.set(basename(path), file);
        return opened(file);
      });
    },
    async open(path) {
      const node = find(path);
      if (node === null || isFolder(node)) throw failure('ENOENT');
      return opened(node);
    },
    async openToWrite(path) {
      return files.open(path);
    },
    async size(path) {
      const node = find(path);
      return node === null || isFolder(node) ? null : node.now.length;
    },
    async rename(from, to) {
      change(() => {
        const node = find(from);
        if (node === null) throw failure('ENOENT');
        folderAt(dirname(to)).now.set(basename(to), node);
        folderAt(dirname(from)).now.delete(basename(from));
      });
    },
    async link(from, to) {
      change(() => {
        const node = find(from);
        if (node === null) throw failure('ENOENT');
        if (find(to) !== null) throw failure('EEXIST');
        folderAt(dirname(to)).now.set(basename(to), node);
      });
    },
    async remove(path) {
      return change(() => find(dirname(path)) !== null && folderAt(dirname(path)).now.delete(basename(path)));
    },
    async makeFolder(path) {
      return change(() => {
        const above = folderAt(dirname(path));
        if (above.now.has(basename(path))) return false;
        above.now.set(basename(path), newFolder());
        return true;
      });
    },
    async syncFolder(path) {
      change(() => {
        const folder = folderAt(path);
        folder.synced = new Map(folder.now);
      });
    },
    async *entries(path): AsyncGenerator<FolderEntry> {
      const node = find(path);
      if (node === null || !isFolder(node)) return;
      for (const [name, entry] of node.now) yield { name, kind: isFolder(entry) ? 'folder' : 'file' };
    },
    freeBytes: async () => Number.MAX_SAFE_INTEGER,

    afterwards(fate) {
      const survived = new Map<File | Folder, File | Folder>();
      const survive = (node: File | Folder): File | Folder => {
        const before = survived.get(node);
        if (before !== undefined) return before;
        if (!isFolder(node)) {
          const bytes = node.now === node.synced ? node.synced : afterCut(node, fate());
          const file: File = { now: bytes, synced: bytes };
          survived.set(node, file);
          return file;
        }
        const folder = newFolder();
        survived.set(node, folder);
        for (const name of new Set([...node.now.keys(), ...node.synced.keys()])) {
          const [now, synced] = [node.now.get(name), node.synced.get(name)];
          const entry = now === synced || fate() !== 'lost' ? now : synced;
          if (entry !== undefined) folder.now.set(name, survive(entry));
        }
        folder.synced = new Map(folder.now);
        return folder;
      };
      return powerLossFiles(survive(root) as Folder);
    },
  };
  return files;
}

/** A disk writes a sector whole or not at all. */
const sectorBytes = 512;

/**
 * Torn: the length is there, the second half of the bytes never came. What was synced and not written again stays
 * as it was: a file that only grows loses nothing of what it had.
 */
function afterCut(file: File, fate: Fate): Uint8Array {
  if (fate === 'kept') return file.now;
  if (fate === 'lost') return file.synced;
  let same = 0;
  while (same < Math.min(file.now.length, file.synced.length) && file.now[same] === file.synced[same]) same++;
  const half = Math.floor((same + file.now.length) / 2);
  const from = Math.max(same, half < sectorBytes ? half : half - (half % sectorBytes));
  return file.now.slice().fill(0, from);
}
