// The Files port on this machine's file system.
import { constants } from 'node:fs';
import {
  copyFile,
  type FileHandle,
  link,
  mkdir,
  open,
  opendir,
  rename,
  stat,
  statfs,
  unlink,
} from 'node:fs/promises';
import type { Files, FolderEntry, OpenFile } from '../../domain/ports/files.js';

const hasCode = (error: unknown, code: string): boolean => (error as { code?: unknown }).code === code;

class NodeFile implements OpenFile {
  readonly #handle: FileHandle;

  constructor(handle: FileHandle) {
    this.#handle = handle;
  }

  async write(data: Uint8Array, position: number): Promise<void> {
    // A system may take fewer bytes than offered, for instance just before the disk is full.
    for (let done = 0; done < data.length; ) {
      const { bytesWritten } = await this.#handle.write(data, done, data.length - done, position + done);
      done += bytesWritten;
    }
  }

  async read(position: number, length: number): Promise<Uint8Array> {
    const data = new Uint8Array(length);
    let done = 0;
    while (done < length) {
      const { bytesRead } = await this.#handle.read(data, done, length - done, position + done);
      if (bytesRead === 0) break;
      done += bytesRead;
    }
    return data.subarray(0, done);
  }

  async size(): Promise<number> {
    return (await this.#handle.stat()).size;
  }

  truncate(length: number): Promise<void> {
    return this.#handle.truncate(length);
  }

  /** fdatasync(2): the times of a file, which fsync(2) would write too, are nothing to wait for. */
  sync(): Promise<void> {
    return this.#handle.datasync();
  }

  close(): Promise<void> {
    return this.#handle.close();
  }
}

export const systemFiles: Files = {
  create: async (path, mode = 0o600) => new NodeFile(await open(path, 'wx+', mode)),
  open: async (path) => new NodeFile(await open(path, 'r')),
  openToWrite: async (path) => new NodeFile(await open(path, 'r+')),

  async size(path) {
    try {
      const found = await stat(path);
      return found.isFile() ? found.size : null;
    } catch (error) {
      if (hasCode(error, 'ENOENT') || hasCode(error, 'ENOTDIR')) return null;
      throw error;
    }
  },

  rename,

  async link(from, to) {
    try {
      await link(from, to);
    } catch (error) {
      // FAT and some network file systems have no hard links: an exclusive copy is the best there is.
      if (!['EPERM', 'ENOTSUP', 'ENOSYS', 'EOPNOTSUPP'].some((code) => hasCode(error, code))) throw error;
      await copyFile(from, to, constants.COPYFILE_EXCL);
      const copy = await open(to, 'r');
      await copy.sync().finally(() => copy.close());
    }
  },

  async remove(path) {
    try {
      await unlink(path);
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
    const handle = await open(path, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
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
