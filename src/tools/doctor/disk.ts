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
  try {
    await access(folder, constants.W_OK);
  } catch {
    return {
      check: 'disk',
      level: 'problem',
      text: `${folder} cannot be written to`,
      remedy: 'change its owner, or name another folder with --database.directory',
      values: { ...base, writeMBPerSecond: null, readMBPerSecond: null },
    };
  }
  if (free < diskFreeMin) {
    return {
      check: 'disk',
      level: 'problem',
      text: `${formatBytes(free)} free at ${folder}`,
      remedy: 'free some space, or name a folder on another disk with --database.directory',
      values: { ...base, writeMBPerSecond: null, readMBPerSecond: null },
    };
  }
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
