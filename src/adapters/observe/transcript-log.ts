// The append-only log of transcripts: one file per run of a process and day, appends joined into one write and
// one fdatasync while another is under way (group commit), so many rounds share the cost of one flush. A new run
// never appends to an old file: it cuts off what a crash left unfinished at the end of it, which nobody was told is
// durable, and starts its own.

import { type FileHandle, mkdir, open } from 'node:fs/promises';
import { join } from 'node:path';
import type { TranscriptEntry } from '../../domain/audit/transcript.js';
import { toFileTaoError } from '../../domain/model/errors.js';
import type { Clock } from '../../domain/ports/clock.js';
import { entriesSince, mendTails, transcriptSuffix } from './transcript-files.js';

export interface TranscriptLog {
  /** Durable when resolved. */
  append(entry: Uint8Array): Promise<void>;
  /** Entries of all files changed at or after a time (unix milliseconds), file by file. */
  entriesSince(timeMs: number): AsyncIterable<TranscriptEntry>;
  close(): Promise<void>;
}

interface Waiting {
  readonly entry: Uint8Array;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** @param processName distinguishes the files of processes that share the directory */
export async function openTranscriptLog(options: {
  readonly directory: string;
  readonly processName: string;
  readonly clock: Clock;
}): Promise<TranscriptLog> {
  const { directory, processName, clock } = options;
  await mkdir(directory, { recursive: true, mode: 0o700 });
  await mendTails(directory, processName);
  const startedAt = clock.now();
  let file: { readonly day: string; readonly handle: FileHandle } | null = null;
  let waiting: Waiting[] = [];
  let writing: Promise<void> | null = null;

  const fileOfToday = async (): Promise<FileHandle> => {
    const day = new Date(clock.now()).toISOString().slice(0, 10);
    // Not back to an earlier day, whatever the clock does: old files may be pruned meanwhile.
    if (file !== null && day <= file.day) return file.handle;
    await file?.handle.close();
    const name = `${day}-${processName}-${startedAt}${transcriptSuffix}`;
    const handle = await open(join(directory, name), 'a', 0o600);
    const parent = await open(directory, 'r');
    await parent.sync().finally(() => parent.close());
    file = { day, handle };
    return handle;
  };

  const drain = async (): Promise<void> => {
    while (waiting.length > 0) {
      const batch = waiting;
      waiting = [];
      try {
        const handle = await fileOfToday();
        const { size } = await handle.stat();
        try {
          await handle.appendFile(Buffer.concat(batch.map(({ entry }) => entry)));
          await handle.datasync();
        } catch (error) {
          // A half-written batch would hide every later entry from readers.
          await handle.truncate(size).catch(() => {});
          throw error;
        }
        for (const { resolve } of batch) resolve();
      } catch (error) {
        for (const { reject } of batch) reject(toFileTaoError(error));
      }
    }
    writing = null;
  };

  return {
    append: (entry) =>
      new Promise((resolve, reject) => {
        waiting.push({ entry, resolve, reject });
        writing ??= drain();
      }),
    entriesSince: (timeMs) => entriesSince(directory, timeMs),
    async close() {
      await writing;
      await file?.handle.close();
      file = null;
    },
  };
}
