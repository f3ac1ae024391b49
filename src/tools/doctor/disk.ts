// The disk a node works on: whether it can be written to, what is free, how fast it is, and who else may read it.

import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { access, open, rm, stat, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { formatBytes } from '../../adapters/config/byte-size.js';
import { mebibyte } from '../../domain/model/constants.js';
import type { DoctorOptions, Finding } from './finding.js';

const diskFreeMin = 1024 * mebibyte;
const diskSample = 16 * mebibyte;

export async function checkDisk({ config }: DoctorOptions): Promise<Finding> {
  const dataDirectory = config.values['database.directory'];
  const folder = await nearestFolder(dataDirectory);
  const exists = folder === dataDirectory;
  const { bavail, bsize } = await statfs(folder);
  const free = bavail * bsize;
  const base = { directory: dataDirectory, exists, free };
  const problem = (text: string, remedy: string): Finding => ({
    check: 'disk',
    level: 'problem',
    text,
    remedy: `${remedy}, or name another folder with --database.directory`,
    values: { ...base, writeMBPerSecond: null, readMBPerSecond: null },
  });
  const obstacle = await fileAmong(dataDirectory, folder);
  if (obstacle !== null) return problem(`${obstacle} is a file, where a folder is to be`, 'move it away');
  try {
    await access(folder, constants.W_OK);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EROFS'
      ? problem(`${folder} is on a disk that can only be read`, 'mount it to be written')
      : problem(`${folder} cannot be written to`, 'change its owner');
  }
  if (free < diskFreeMin) return problem(`${formatBytes(free)} free at ${folder}`, 'free some space');
  const { writeMBPerSecond, readMBPerSecond } = await diskSpeed(folder);
  const text = `${formatBytes(free)} free, ${writeMBPerSecond} MB/s written and synced, ${readMBPerSecond} MB/s read back (cached), at ${folder}`;
  const values = { ...base, writeMBPerSecond, readMBPerSecond };
  if (exists && ((await stat(folder)).mode & 0o077) !== 0) {
    return {
      check: 'disk',
      level: 'note',
      text: `${text}; others on this machine may look into it`,
      remedy: `chmod 700 ${folder}`,
      values,
    };
  }
  if (exists) return { check: 'disk', level: 'ok', text, values };
  return {
    check: 'disk',
    level: 'note',
    text: `${text}; ${dataDirectory} is not there yet`,
    remedy: 'nothing: the first run makes it',
    values,
  };
}

/** The folder itself, or the nearest above it that is there. */
export async function nearestFolder(path: string): Promise<string> {
  for (let folder = path; ; folder = dirname(folder)) {
    const found = await stat(folder).catch(() => null);
    if (found?.isDirectory() || dirname(folder) === folder) return folder;
  }
}

/** What stands between a path and the folder above it that is there, and is none. */
async function fileAmong(path: string, folder: string): Promise<string | null> {
  for (let at = path; at !== folder && dirname(at) !== at; at = dirname(at))
    if ((await stat(at).catch(() => null)) !== null) return at;
  return null;
}

async function diskSpeed(folder: string): Promise<{ writeMBPerSecond: number; readMBPerSecond: number }> {
  const path = join(folder, `.filetao-doctor-${process.pid}-${randomBytes(4).toString('hex')}`);
  const data = randomBytes(diskSample);
  const rate = (since: number): number => Math.round(diskSample / 1e3 / (performance.now() - since));
  try {
    const file = await open(path, 'wx+', 0o600);
    try {
      const writing = performance.now();
      await file.writeFile(data);
      await file.sync();
      const writeMBPerSecond = rate(writing);
      const reading = performance.now();
      for (let at = 0; at < diskSample; ) {
        const { bytesRead } = await file.read(data, at, diskSample - at, at);
        if (bytesRead === 0) break;
        at += bytesRead;
      }
      return { writeMBPerSecond, readMBPerSecond: rate(reading) };
    } finally {
      await file.close();
    }
  } finally {
    await rm(path, { force: true });
  }
}
