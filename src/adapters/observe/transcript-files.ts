// Transcript files on disk: finding them, reading their entries, cutting off what a crash left unfinished, and
// pruning opened bytes that have served their time.
//
// A file's name begins with its day; a run of a process appends to the file of today only, so a file whose day is
// over is never written again except by pruning, which puts a whole new file in its place.

import { createReadStream } from 'node:fs';
import { type FileHandle, open, readdir, rename, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import {
  encodeEntry,
  type Frame,
  FrameReader,
  isHeadLength,
  openFrame,
  type TranscriptEntry,
} from '../../domain/audit/transcript.js';
import { mebibyte } from '../../domain/model/constants.js';
import { FileTaoError } from '../../domain/model/errors.js';

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
export async function transcriptFiles(directory: string): Promise<string[]> {
  const names = (await readdir(directory)).filter((name) => name.endsWith(transcriptSuffix));
  return names.sort().map((name) => join(directory, name));
}

/** The end of a file's readable part, and why it is the end. */
export interface FileEnd {
  readonly offset: number;
  /** Bytes behind the last whole entry. */
  readonly torn: number;
  /** null at the end of the file; else why what follows cannot be read. */
  readonly problem: string | null;
}

/** The entries of one file, undecoded; returns where and why reading ended. */
export async function* readFrames(path: string): AsyncGenerator<Frame, FileEnd> {
  const reader = new FrameReader();
  try {
    for await (const part of createReadStream(path, { highWaterMark: readSize })) {
      yield* reader.push(part as Buffer);
    }
  } catch (error) {
    if (!(error instanceof FileTaoError)) throw error;
    return { offset: reader.offset, torn: 0, problem: error.message };
  }
  return { offset: reader.offset, torn: reader.torn, problem: null };
}

/**
 * Entries of all files changed at or after a time (unix milliseconds), file by file. What cannot be read is passed
 * over: finding fault with files is the audit's work.
 */
export async function* entriesSince(directory: string, timeMs: number): AsyncGenerator<TranscriptEntry> {
  for (const path of await transcriptFiles(directory)) {
    if ((await stat(path)).mtimeMs < timeMs - clockSlackMs) continue;
    for await (const frame of readFrames(path)) {
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

/** Cuts unfinished entries off the ends of the files that earlier runs of this process wrote. */
export async function mendTails(directory: string, processName: string): Promise<void> {
  const own = new RegExp(`^\\d{4}-\\d\\d-\\d\\d-${processName}-\\d+\\${transcriptSuffix}$`, 'u');
  const names = (await readdir(directory)).filter((name) => own.test(name)).sort();
  // Only the run before this one can have left a tail: every start mends.
  for (const name of names.slice(-1)) {
    const file = await open(join(directory, name), 'r+');
    try {
      const { size } = await file.stat();
      const end = await endOfWholeEntries(file, size);
      if (end === null || end === size) continue;
      await file.truncate(end);
      await file.sync();
    } finally {
      await file.close();
    }
  }
}

/** Reads only the framing; null when the bytes are no entries. */
async function endOfWholeEntries(file: FileHandle, size: number): Promise<number | null> {
  const field = Buffer.alloc(4);
  const uint32 = async (at: number): Promise<number> => {
    await file.read(field, 0, 4, at);
    return field.readUInt32LE();
  };
  let end = 0;
  for (;;) {
    let at = end;
    if (at + 4 > size) return end;
    const headLength = await uint32(at);
    // A power cut may leave a file longer than what was written: zeros to its end are no entry.
    if (headLength === 0 && (await isZeroFrom(file, at, size))) return end;
    if (!isHeadLength(headLength)) return null;
    at += 4 + headLength;
    if (at + 1 > size) return end;
    await file.read(field, 0, 1, at);
    const bulks = field[0]!;
    if (bulks > 4) return null;
    at += 1;
    for (let i = 0; i < bulks; i++) {
      if (at + 4 > size) return end;
      const length = await uint32(at);
      at += 4 + (length === 0xffffffff ? 0 : length);
    }
    if (at > size) return end;
    end = at;
  }
}

async function isZeroFrom(file: FileHandle, from: number, size: number): Promise<boolean> {
  const part = Buffer.alloc(readSize);
  for (let at = from; at < size; ) {
    const { bytesRead } = await file.read(part, 0, Math.min(readSize, size - at), at);
    if (bytesRead === 0 || part.subarray(0, bytesRead).some((byte) => byte !== 0)) return false;
    at += bytesRead;
  }
  return true;
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
 */
export async function pruneTranscripts(
  directory: string,
  keepMs: number,
  nowMs: number,
  done: Set<string> = new Set(),
): Promise<Pruned> {
  for (const name of await readdir(directory)) {
    if (name.endsWith(pruningSuffix)) await unlink(join(directory, name));
  }
  let files = 0;
  let bytes = 0;
  const unreadable: string[] = [];
  for (const path of await transcriptFiles(directory)) {
    if (done.has(path)) continue;
    const dayEnd = endOfDay(path.slice(directory.length + 1));
    if (dayEnd === null || nowMs < dayEnd + Math.max(keepMs, writersGoneMs)) continue;
    const freed = await pruneFile(directory, path);
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
async function pruneFile(directory: string, path: string): Promise<number | null> {
  if (!(await hasBulks(path))) return 0;
  const temporary = `${path}${pruningSuffix}`;
  const target = await open(temporary, 'wx', 0o600);
  let readable = false;
  try {
    const frames = readFrames(path);
    let next = await frames.next();
    for (; !next.done; next = await frames.next()) {
      const { sealedHead, bulks } = next.value;
      await target.writeFile(
        encodeEntry(
          sealedHead,
          bulks.map(() => null),
        ),
      );
    }
    readable = next.value.problem === null && next.value.torn === 0;
    await target.sync();
  } finally {
    await target.close();
    if (!readable) await unlink(temporary);
  }
  if (!readable) return null;
  const before = (await stat(path)).size;
  const after = (await stat(temporary)).size;
  await rename(temporary, path);
  const folder = await open(directory, 'r');
  await folder.sync().finally(() => folder.close());
  return before - after;
}

async function hasBulks(path: string): Promise<boolean> {
  for await (const { bulks } of readFrames(path)) {
    if (bulks.some((bulk) => bulk !== null)) return true;
  }
  return false;
}
