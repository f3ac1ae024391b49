// Small files that appear whole or not at all: written beside their name, synced, then put in place by
// rename(2), which replaces, or by link(2), which fails where the name is taken; then the folder is synced.
// The same for a large file that was written by stream.

import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { copyFile, link, mkdir, open, rename, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

const privateFile = 0o600;
const privateFolder = 0o700;

/** Creates the folder and its parents for the owner only; what exists keeps its mode. */
export async function makePrivateFolder(path: string): Promise<void> {
  await mkdir(path, { recursive: true, mode: privateFolder });
}

/** Replaces the file or makes it, mode 0600 unless told otherwise. Durable when resolved. */
export async function replaceFile(
  path: string,
  content: Uint8Array | string,
  mode = privateFile,
): Promise<void> {
  const temporary = await writeBeside(path, content, mode);
  try {
    await rename(temporary, path);
  } catch (error) {
    await unlink(temporary).catch(() => {});
    throw error;
  }
  await syncFolder(dirname(path));
}

/** Makes the file, mode 0600; false when the name is taken. Durable when resolved. */
export async function createFile(path: string, content: Uint8Array | string): Promise<boolean> {
  const temporary = await writeBeside(path, content, privateFile);
  try {
    await putInPlace(temporary, path, false);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    await unlink(temporary).catch(() => {});
  }
}

/**
 * Gives a finished, synced file its final name. Without `replace` it rejects with EEXIST where the name is
 * taken, also when it was taken a moment ago.
 */
export async function putInPlace(from: string, to: string, replace: boolean): Promise<void> {
  if (replace) {
    await rename(from, to);
  } else {
    try {
      await link(from, to);
    } catch (error) {
      // FAT and some network file systems have no hard links: an exclusive copy is the best there is.
      const { code } = error as NodeJS.ErrnoException;
      if (code !== 'EPERM' && code !== 'ENOTSUP' && code !== 'ENOSYS' && code !== 'EOPNOTSUPP') throw error;
      await copyFile(from, to, constants.COPYFILE_EXCL);
    }
    await unlink(from);
  }
  await syncFolder(dirname(to));
}

async function writeBeside(path: string, content: Uint8Array | string, mode: number): Promise<string> {
  const suffix = randomBytes(6).toString('hex');
  const temporary = join(dirname(path), `.${basename(path).slice(0, 100)}.${suffix}.tmp`);
  const file = await open(temporary, 'wx', mode);
  try {
    await file.writeFile(content);
    await file.sync();
  } catch (error) {
    await unlink(temporary).catch(() => {});
    throw error;
  } finally {
    await file.close();
  }
  return temporary;
}

async function syncFolder(path: string): Promise<void> {
  // Windows cannot open a folder; there the rename itself is all that can be asked for.
  if (process.platform === 'win32') return;
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
