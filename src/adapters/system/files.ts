// The Files port on this machine's file system.
import {
  close,
  constants,
  fdatasync,
  fstat,
  fsync,
  ftruncate,
  open,
  read,
  rename,
  type Stats,
  stat,
  unlink,
  write,
} from 'node:fs';
import { copyFile, link, mkdir, opendir, statfs } from 'node:fs/promises';
import type { Files, FolderEntry, OpenFile } from '../../domain/ports/files.js';

const hasCode = (error: unknown, code: string): boolean => (error as { code?: unknown }).code === code;

/**
 * What a call with a callback gives. node:fs/promises has its own for all of these; making, writing, syncing and renaming
 * a small file takes 130 µs of processor time with its handles and 50 with descriptors, and a miner does little else.
 */
const settled = <Value = void>(
  call: (done: (error: NodeJS.ErrnoException | null, value?: Value) => void) => void,
): Promise<Value> =>
  new Promise((resolve, reject) => {
    call((error, value) => (error === null || error === undefined ? resolve(value as Value) : reject(error)));
  });

class NodeFile implements OpenFile {
  readonly #descriptor: number;
  #isClosed = false;

  constructor(descriptor: number) {
    this.#descriptor = descriptor;
  }

  /** A closed descriptor may be another file's by now. */
  get #open(): number {
    if (this.#isClosed) throw new Error('the file is closed');
    return this.#descriptor;
  }

  async write(data: Uint8Array, position: number): Promise<void> {
    // A system may take fewer bytes than offered, for instance just before the disk is full.
    for (let done = 0; done < data.length; ) {
      const at = done;
      done += await settled<number>((end) =>
        write(this.#open, data, at, data.length - at, position + at, end),
      );
    }
  }

  async read(position: number, length: number): Promise<Uint8Array> {
    const data = new Uint8Array(length);
    let done = 0;
    while (done < length) {
      const at = done;
      const taken = await settled<number>((end) =>
        read(this.#open, data, at, length - at, position + at, end),
      );
      if (taken === 0) break;
      done += taken;
    }
    return data.subarray(0, done);
  }

  async size(): Promise<number> {
    return (await settled<Stats>((end) => fstat(this.#open, end))).size;
  }

  async truncate(length: number): Promise<void> {
    await settled((end) => ftruncate(this.#open, length, end));
  }

  /** fdatasync(2): the times of a file, which fsync(2) would write too, are nothing to wait for. */
  async sync(): Promise<void> {
    await settled((end) => fdatasync(this.#open, end));
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await settled((end) => close(this.#descriptor, end));
  }
}

const opened = async (path: string, flags: string, mode?: number): Promise<NodeFile> =>
  new NodeFile(await settled<number>((end) => open(path, flags, mode, end)));

async function syncFolder(path: string): Promise<void> {
  const folder = await settled<number>((end) => open(path, 'r', end));
  try {
    await settled((end) => fsync(folder, end));
  } finally {
    await settled((end) => close(folder, end));
  }
}

interface FolderSync {
  readonly running: Promise<void>;
  /** For those who changed the folder after it began; begins when it has ended. */
  next: Promise<void> | null;
}

const folderSyncs = new Map<string, FolderSync>();

/** Whoever asks while a sync of the folder is under way shares the next one with all who ask by then. */
function sharedSync(path: string): Promise<void> {
  const begin = (): Promise<void> => {
    const sync: FolderSync = {
      running: syncFolder(path).finally(() => {
        if (sync.next === null) folderSyncs.delete(path);
      }),
      next: null,
    };
    folderSyncs.set(path, sync);
    return sync.running;
  };
  const current = folderSyncs.get(path);
  if (current === undefined) return begin();
  current.next ??= current.running.then(begin, begin);
  return current.next;
}

export const systemFiles: Files = {
  create: (path, mode = 0o600) => opened(path, 'wx+', mode),
  open: (path) => opened(path, 'r'),
  openToWrite: (path) => opened(path, 'r+'),

  async size(path) {
    try {
      const found = await settled<Stats>((end) => stat(path, end));
      return found.isFile() ? found.size : null;
    } catch (error) {
      if (hasCode(error, 'ENOENT') || hasCode(error, 'ENOTDIR')) return null;
      throw error;
    }
  },

  rename: (from, to) => settled((end) => rename(from, to, end)),

  async link(from, to) {
    try {
      await link(from, to);
    } catch (error) {
      // FAT and some network file systems have no hard links: an exclusive copy is the best there is.
      if (!['EPERM', 'ENOTSUP', 'ENOSYS', 'EOPNOTSUPP'].some((code) => hasCode(error, code))) throw error;
      await copyFile(from, to, constants.COPYFILE_EXCL);
      const copy = await opened(to, 'r');
      await copy.sync().finally(() => copy.close());
    }
  },

  async remove(path) {
    try {
      await settled((end) => unlink(path, end));
      return true;
    } catch (error) {
      if (hasCode(error, 'ENOENT')) return false;
      throw error;
    }
  },

  async makeFolder(path) {
    try {
      await mkdir(path, 0o700);
      return true;
    } catch (error) {
      if (hasCode(error, 'EEXIST')) return false;
      throw error;
    }
  },

  async syncFolder(path) {
    // Windows cannot open a folder; there the rename itself is all that can be asked for.
    if (process.platform === 'win32') return;
    await sharedSync(path);
  },

  async *entries(path): AsyncGenerator<FolderEntry> {
    let folder: Awaited<ReturnType<typeof opendir>>;
    try {
      folder = await opendir(path);
    } catch (error) {
      if (hasCode(error, 'ENOENT')) return;
      throw error;
    }
    for await (const entry of folder)
      yield { name: entry.name, kind: entry.isFile() ? 'file' : entry.isDirectory() ? 'folder' : 'other' };
  },

  async freeBytes(path) {
    const disk = await statfs(path);
    return disk.bavail * disk.bsize;
  },
};
