// A lock between processes of one machine: a file that only one of them manages to create, holding the
// owner's process id and a random token. A lock whose owner is gone is broken, by one process at a time.

import { randomBytes } from 'node:crypto';
import { open, readFile, stat, unlink } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { FileTaoError } from '../../domain/model/errors.js';

export interface LockOptions {
  /** Milliseconds to wait for the lock before `conflict` is thrown. */
  readonly waitMs?: number;
}

/** A breaker needs a few milliseconds; one this old died while breaking. */
const breakerAgeMsMax = 5000;
const pollMs = 20;

/** Runs `action` while holding the lock file `path`; removes it afterwards, whatever happened. */
export async function withFileLock<Result>(
  path: string,
  action: () => Promise<Result>,
  options: LockOptions = {},
): Promise<Result> {
  const token = `${process.pid} ${randomBytes(8).toString('hex')}\n`;
  const deadline = performance.now() + (options.waitMs ?? 10_000);
  while (!(await tryCreate(path, token))) {
    if (await breakIfAbandoned(path)) continue;
    if (performance.now() >= deadline) {
      throw new FileTaoError('conflict', `another filetao process is at work here (it holds ${path})`);
    }
    await delay(pollMs + Math.random() * pollMs);
  }
  try {
    return await action();
  } finally {
    await unlink(path).catch(() => {});
  }
}

async function tryCreate(path: string, content: string): Promise<boolean> {
  try {
    const file = await open(path, 'wx', 0o600);
    try {
      await file.writeFile(content);
    } finally {
      await file.close();
    }
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** True when the lock was free or has been freed. */
async function breakIfAbandoned(path: string): Promise<boolean> {
  const held = await readIfThere(path);
  if (held === null) return true;
  if (!(await isAbandoned(path, held))) return false;
  const breaker = `${path}.break`;
  if (!(await tryCreate(breaker, ''))) {
    const age = await ageMs(breaker);
    if (age !== null && age > breakerAgeMsMax) await unlink(breaker).catch(() => {});
    return false;
  }
  try {
    // Under the breaker nobody else removes it: if it still is the abandoned one, it goes.
    if ((await readIfThere(path)) === held) await unlink(path).catch(() => {});
  } finally {
    await unlink(breaker).catch(() => {});
  }
  return true;
}

async function isAbandoned(path: string, held: string): Promise<boolean> {
  const pid = Number.parseInt(held, 10);
  if (!Number.isSafeInteger(pid) || pid <= 0) {
    // Created but not yet written, or its owner died in between.
    const age = await ageMs(path);
    return age !== null && age > breakerAgeMsMax;
  }
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
}

async function readIfThere(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

async function ageMs(path: string): Promise<number | null> {
  try {
    return Date.now() - (await stat(path)).mtimeMs;
  } catch {
    return null;
  }
}
