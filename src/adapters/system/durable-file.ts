// Small files that appear whole or not at all: written beside their name, synced, then put in place by
// rename(2), which replaces, or by link(2), which fails where the name is taken; then the folder is synced.
// The same for a large file that was written by stream. What a writer that was killed left beside a name, the next
// one sweeps.

import { randomBytes } from 'node:crypto';
import { basename, dirname, join } from 'node:path';
import { utf8 } from '../../domain/model/bytes.js';
import type { Files } from '../../domain/ports/files.js';
import { systemFiles } from './files.js';

/** Creates the folder and what is missing above it, for the owner only; what exists keeps its mode. Durable when resolved. */
export async function makePrivateFolder(path: string, files: Files = systemFiles): Promise<void> {
  try {
    await files.makeFolder(path);
  } catch (error) {
    const above = dirname(path);
    if ((error as { code?: unknown }).code !== 'ENOENT' || above === path) throw error;
    await makePrivateFolder(above, files);
    await files.makeFolder(path);
  }
  try {
    // Also where it was there already: whoever made it may have failed at, or died before, just this.
    await files.syncFolder(dirname(path));
  } catch (error) {
    // A folder above may be closed to its users; then it is nobody's of this program's making either.
    const { code } = error as { code?: unknown };
    if (code !== 'EACCES' && code !== 'EPERM') throw error;
  }
}

/** Replaces the file or makes it, mode 0600 unless told otherwise. Durable when resolved. */
export async function replaceFile(
  path: string,
  content: Uint8Array | string,
  mode?: number,
  files: Files = systemFiles,
): Promise<void> {
  const temporary = await writeBeside(files, path, content, mode);
  try {
    await files.rename(temporary, path);
  } catch (error) {
    await files.remove(temporary).catch(() => {});
    throw error;
  } finally {
    underWay.delete(temporary);
  }
  await files.syncFolder(dirname(path));
}

/** Makes the file, mode 0600; false when the name is taken. Durable when resolved. */
export async function createFile(
  path: string,
  content: Uint8Array | string,
  files: Files = systemFiles,
): Promise<boolean> {
  const temporary = await writeBeside(files, path, content);
  try {
    await putInPlace(temporary, path, false, files); // removes the temporary name
    return true;
  } catch (error) {
    await files.remove(temporary).catch(() => {});
    if ((error as { code?: unknown }).code === 'EEXIST') return false;
    throw error;
  } finally {
    underWay.delete(temporary);
  }
}

/**
 * Gives a finished, synced file its final name. Without `replace` it rejects with EEXIST where the name is
 * taken, also when it was taken a moment ago.
 */
export async function putInPlace(
  from: string,
  to: string,
  replace: boolean,
  files: Files = systemFiles,
): Promise<void> {
  if (replace) {
    await files.rename(from, to);
    await files.syncFolder(dirname(to));
    return;
  }
  await files.link(from, to);
  try {
    await files.syncFolder(dirname(to));
  } catch (error) {
    // Whoever tries again would find the name and take it for durable.
    await files.remove(to).catch(() => {});
    throw error;
  }
  // It is in place: what cannot be removed now, nor when it is tried again, is swept later.
  await files.remove(from).catch(() => files.remove(from).catch(() => {}));
}

/** `.<name>.<process id>-<12 hex digits>.tmp` */
const temporaryName = /^\..+\.(\d{1,10})-[0-9a-f]{12}\.tmp$/u;
/** Files that this process is at. */
const underWay = new Set<string>();

/** Removes what writers that are gone left in a folder. Never throws: it is no part of anybody's work. */
/** Folders this process has swept: once is enough, and a folder of thousands is not listed for every file. */
const swept = new WeakMap<Files, Set<string>>();

async function sweepFolder(files: Files, folder: string): Promise<void> {
  const done = swept.get(files) ?? new Set();
  if (done.has(folder)) return;
  swept.set(files, done.add(folder));
  try {
    for await (const { name } of files.entries(folder)) {
      const match = temporaryName.exec(name);
      const path = join(folder, name);
      if (match === null || underWay.has(path) || isAlive(Number(match[1]))) continue;
      await files.remove(path);
    }
  } catch {
    // the next writer sweeps
  }
}

/** Another process; what has this one's id and is not under way is of an earlier process with the same id. */
function isAlive(pid: number): boolean {
  if (pid === process.pid || pid === 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

async function writeBeside(
  files: Files,
  path: string,
  content: Uint8Array | string,
  mode?: number,
): Promise<string> {
  const unique = `${process.pid}-${randomBytes(6).toString('hex')}`;
  const temporary = join(dirname(path), `.${basename(path).slice(0, 100)}.${unique}.tmp`);
  underWay.add(temporary);
  const sweeping = sweepFolder(files, dirname(path));
  try {
    const file = await files.create(temporary, mode);
    try {
      await file.write(typeof content === 'string' ? utf8(content) : content, 0);
      await file.sync();
    } finally {
      await file.close();
    }
    return temporary;
  } catch (error) {
    underWay.delete(temporary);
    await files.remove(temporary).catch(() => {});
    throw error;
  } finally {
    await sweeping;
  }
}
