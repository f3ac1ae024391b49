// A new small file that appears whole or not at all, and never in place of another: written beside its name,
// synced, then hard-linked to it (link(2) fails where the name is taken; rename(2) would replace it).

import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { copyFile, link, mkdir, open, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';

const ownerOnlyFile = 0o600;
const ownerOnlyFolder = 0o700;

/** Creates the folder and its parents readable by the owner only; what exists keeps its mode. */
export async function makePrivateFolder(path: string): Promise<void> {
  await mkdir(path, { recursive: true, mode: ownerOnlyFolder });
}

/** Rejects with EEXIST when the path is taken. Durable when resolved. */
export async function writeNewFile(path: string, content: string): Promise<void> {
  const folder = dirname(path);
  const temporary = join(folder, `.new-${randomBytes(8).toString('hex')}`);
  try {
    const file = await open(temporary, 'wx', ownerOnlyFile);
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    await linkOrCopy(temporary, path);
  } finally {
    await unlink(temporary).catch(() => {});
  }
  await syncFolder(folder);
}

/** FAT and some network file systems have no hard links: there an exclusive copy is the best there is. */
async function linkOrCopy(from: string, to: string): Promise<void> {
  try {
    await link(from, to);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'EPERM' && code !== 'ENOTSUP' && code !== 'ENOSYS' && code !== 'EOPNOTSUPP') throw error;
    await copyFile(from, to, constants.COPYFILE_EXCL);
  }
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
