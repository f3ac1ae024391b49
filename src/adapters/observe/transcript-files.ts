// Transcript files on disk: finding them, reading their entries, cutting off what a crash left unfinished, and
// pruning opened bytes that have served their time.
//
// A file's name begins with its day; a run of a process appends to the file of today only, so a file whose day is
// over is never written again except by pruning, which puts a whole new file in its place.

import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { framesOf, type TranscriptEnd } from '../../domain/audit/reading.js';
import {
  encodeEntry,
  type Frame,
  isHeadLength,
  openFrame,
  type TranscriptEntry,
} from '../../domain/audit/transcript.js';
import { mebibyte } from '../../domain/model/constants.js';
import type { Files, OpenFile } from '../../domain/ports/files.js';
import { systemFiles } from '../system/files.js';

/** File name ending of transcript files. */
export const transcriptSuffix = '.transcript';
const pruningSuffix = '.pruning';
const readSize = mebibyte;
/** File times may lag behind the clock by the granularity of the file system. */
const clockSlackMs = 2000;
/** A process may still be writing to yesterday's file for a moment after midnight. */
const writersGoneMs = 10 * 60_000;
const dayMs = 24 * 3600 * 1000;

/** Paths of the transcript files in a folder, in the order of their days. */
export const transcriptFiles = (directory: string, files: Files = systemFiles): Promise<string[]> =>
  filesEnding(directory, transcriptSuffix, files);

/** Paths of the files of one kind, in the order of their days. */
export async function filesEnding(directory: string, suffix: string, files: Files): Promise<string[]> {
  const names = (await namesIn(directory, files)).filter((name) => name.endsWith(suffix));
  return names.sort().map((name) => join(directory, name));
}

async function namesIn(directory: string, files: Files): Promise<string[]> {
  const names: string[] = [];
  for await (const { name } of files.entries(directory)) names.push(name);
  return names;
}

/** The entries of one file, undecoded; returns where and why reading ended. */
export const readFrames = (path: string, files: Files = systemFiles): AsyncGenerator<Frame, TranscriptEnd> =>
  framesOf(partsOf(path, files));

async function* partsOf(path: string, files: Files): AsyncGenerator<Uint8Array, void> {
  const file = await files.open(path);
  try {
    for (let at = 0; ; at += readSize) {
      const part = await file.read(at, readSize);
      yield part;
      if (part.length < readSize) return;
    }
  } finally {
    await file.close();
  }
}

/**
 * Entries of all files changed at or after a time (unix milliseconds), file by file. What cannot be read is passed
 * over: finding fault with files is the audit's work.
 */
export async function* entriesSince(
  directory: string,
  timeMs: number,
  files: Files = systemFiles,
): AsyncGenerator<TranscriptEntry> {
  for (const path of await transcriptFiles(directory, files)) {
    if (await isOlder(path, timeMs - clockSlackMs)) continue;
    for await (const frame of readFrames(path, files)) {
      let entry: TranscriptEntry;
      try {
        entry = openFrame(frame);
      } catch {
        continue;
      }
      yield entry;
    }
  }
}

/** When in doubt not: what is read needlessly does no harm. */
async function isOlder(path: string, timeMs: number): Promise<boolean> {
  try {
    return (await stat(path)).mtimeMs < timeMs;
  } catch {
    return false;
  }
}

/** Cuts unfinished entries off the ends of the files that earlier runs of this process wrote. */
export async function mendTails(
  directory: string,
  processName: string,
  suffix: string,
  files: Files = systemFiles,
): Promise<void> {
  const own = new RegExp(`^\\d{4}-\\d\\d-\\d\\d-${processName}-\\d+\\${suffix}$`, 'u');
  const names = (await namesIn(directory, files)).filter((name) => own.test(name)).sort();
  // Only the run before this one can have left a tail, in its last file or, at midnight, in the one before: every
  // start mends.
  for (const name of names.slice(-2)) {
    const file = await files.openToWrite(join(directory, name));
    try {
      const size = await file.size();
      const end = await endOfWholeEntries(file, size);
      if (end === null || end === size) continue;
      await file.truncate(end);
      await file.sync();
    } finally {
      await file.close();
    }
  }
}

/** So many zero bytes end no entry that was written: its last ones are of a message, or of encrypted bytes. */
const zeroTailBytes = 16;

/**
 * Where the last entry ends that was written whole, seen from the framing; null when the bytes are no entries. After
 * a power cut a file may be as long as what was being written while sectors of it never were: they read as zeros,
 * which no entry holds by itself.
 */
async function endOfWholeEntries(file: OpenFile, size: number): Promise<number | null> {
  const uint32 = async (at: number): Promise<number> => {
    const field = await file.read(at, 4);
    return new DataView(field.buffer, field.byteOffset, field.length).getUint32(0, true);
  };
  const zerosFrom = await trailingZeros(file, size);
  let end = 0;
  for (;;) {
    let at = end;
    if (at + 4 > size || zerosFrom < at + 4) return end;
    const headLength = await uint32(at);
    if (!isHeadLength(headLength)) return null;
    at += 4 + headLength;
    if (at + 1 > size) return end;
    const bulks = (await file.read(at, 1))[0]!;
    if (bulks > 4) return null;
    at += 1;
    for (let i = 0; i < bulks; i++) {
      if (at + 4 > size) return end;
      const length = await uint32(at);
      at += 4 + (length === 0xffffffff ? 0 : length);
    }
    if (at > size || zerosFrom + zeroTailBytes <= at) return end;
    end = at;
  }
}

/** The byte from which there are only zeros up to the end; zeros with something behind them are for the audit to find. */
async function trailingZeros(file: OpenFile, size: number): Promise<number> {
  for (let end = size; end > 0; ) {
    const start = Math.max(0, end - readSize);
    const part = await file.read(start, end - start);
    const last = part.findLastIndex((byte) => byte !== 0);
    if (last >= 0) return start + last + 1;
    end = start;
  }
  return 0;
}

export interface Pruned {
  readonly files: number;
  /** Bytes given back to the disk. */
  readonly bytes: number;
  /** Files that could not be read to their end, left as they are. */
  readonly unreadable: readonly string[];
}

/**
 * Takes the opened bytes and proofs out of every file whose day ended `keepMs` ago or earlier. Heads and verdicts
 * stay, byte for byte, so every signature still holds. Each file is replaced whole: written beside its name,
 * synced, renamed, the folder synced. A crash at any point leaves the old file or the new one.
 * @param done paths known to hold nothing to prune; added to
 * @param disk only tests give another
 */
export async function pruneTranscripts(
  directory: string,
  keepMs: number,
  nowMs: number,
  done: Set<string> = new Set(),
  disk: Files = systemFiles,
): Promise<Pruned> {
  for (const name of await namesIn(directory, disk)) {
    if (name.endsWith(pruningSuffix)) await disk.remove(join(directory, name));
  }
  let files = 0;
  let bytes = 0;
  const unreadable: string[] = [];
  for (const path of await transcriptFiles(directory, disk)) {
    if (done.has(path)) continue;
    const dayEnd = endOfDay(path.slice(directory.length + 1));
    if (dayEnd === null || nowMs < dayEnd + Math.max(keepMs, writersGoneMs)) continue;
    const freed = await pruneFile(disk, directory, path);
    if (freed === null) unreadable.push(path);
    else if (freed > 0) {
      files++;
      bytes += freed;
    }
    done.add(path);
  }
  return { files, bytes, unreadable };
}

function endOfDay(name: string): number | null {
  const day = Date.parse(`${name.slice(0, 10)}T00:00:00Z`);
  return Number.isNaN(day) ? null : day + dayMs;
}

/** Bytes freed; null when the file cannot be read to its end. */
async function pruneFile(disk: Files, directory: string, path: string): Promise<number | null> {
  if (!(await hasBulks(disk, path))) return 0;
  const temporary = `${path}${pruningSuffix}`;
  try {
    const after = await writePruned(disk, path, temporary);
    if (after === null) {
      await disk.remove(temporary);
      return null;
    }
    const before = (await disk.size(path)) ?? after;
    await disk.rename(temporary, path);
    await disk.syncFolder(directory);
    return before - after;
  } catch (error) {
    await disk.remove(temporary).catch(() => {}); // swept before the next pruning otherwise
    throw error;
  }
}

/** Bytes written and synced; null when the file cannot be read to its end. */
async function writePruned(disk: Files, path: string, temporary: string): Promise<number | null> {
  const target = await disk.create(temporary);
  const frames = readFrames(path, disk);
  try {
    let written = 0;
    let next = await frames.next();
    for (; !next.done; next = await frames.next()) {
      const { sealedHead, bulks } = next.value;
      const entry = encodeEntry(
        sealedHead,
        bulks.map(() => null),
      );
      await target.write(entry, written);
      written += entry.length;
    }
    if (next.value.problem !== null || next.value.torn !== 0) return null;
    await target.sync();
    return written;
  } finally {
    await frames.return({ offset: 0, torn: 0, problem: null }); // closes the file it reads, wherever this ended
    await target.close();
  }
}

async function hasBulks(disk: Files, path: string): Promise<boolean> {
  for await (const { bulks } of readFrames(path, disk)) {
    if (bulks.some((bulk) => bulk !== null)) return true;
  }
  return false;
}
