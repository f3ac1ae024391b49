// The append-only logs of a validator, of transcripts and of rewards: one file per run of a process and day, appends joined into one write and
// one fdatasync while another is under way (group commit), so many rounds share the cost of one flush. A new run
// never appends to an old file: it cuts off what a crash left unfinished at the end of it, which nobody was told is
// durable, and starts its own.

import { join } from 'node:path';
import { answerOf, type TranscriptEntry } from '../../domain/audit/transcript.js';
import { concatBytes } from '../../domain/model/bytes.js';
import { toFileTaoError } from '../../domain/model/errors.js';
import type { CountedAnswer } from '../../domain/model/records.js';
import type { Clock } from '../../domain/ports/clock.js';
import type { Files, OpenFile } from '../../domain/ports/files.js';
import { makePrivateFolder } from '../system/durable-file.js';
import { systemFiles } from '../system/files.js';
import { entriesSince, mendTails, transcriptSuffix } from './transcript-files.js';

/** Takes entries as `encodeEntry` frames them. */
export interface EntryLog {
  /** Durable when resolved. */
  append(entry: Uint8Array): Promise<void>;
  close(): Promise<void>;
}

export interface TranscriptLog extends EntryLog {
  /** Entries of all files changed at or after a time (unix milliseconds), file by file. */
  entriesSince(timeMs: number): AsyncIterable<TranscriptEntry>;
  /** Answers that count, of this process's runs, in files changed at or after a time. */
  ownAnswersSince(timeMs: number): AsyncIterable<Omit<CountedAnswer, 'asker'>>;
}

export interface EntryLogOptions {
  readonly directory: string;
  /** Distinguishes the files of processes that share the directory. */
  readonly processName: string;
  readonly clock: Clock;
  /** Only tests give another. */
  readonly files?: Files;
}

export async function openTranscriptLog(options: EntryLogOptions): Promise<TranscriptLog> {
  const log = await openEntryLog(options, transcriptSuffix);
  return {
    append: (entry) => log.append(entry),
    entriesSince: (timeMs) => entriesSince(options.directory, timeMs, options.files),
    async *ownAnswersSince(timeMs) {
      const { directory, files, processName } = options;
      for await (const { head } of entriesSince(directory, timeMs, files, processName)) {
        const { startedAtMs, elapsedMs } = head.value;
        const answer = answerOf(head);
        // Frames share their reader's memory.
        if (answer !== null && startedAtMs + elapsedMs >= timeMs)
          yield { ...answer, transcript: answer.transcript.slice() };
      }
    },
    close: () => log.close(),
  };
}

/** @param suffix ending of the files' names */
export async function openEntryLog(options: EntryLogOptions, suffix: string): Promise<EntryLog> {
  const { directory, processName, clock, files = systemFiles } = options;
  try {
    await makePrivateFolder(directory, files);
    await mendTails(directory, processName, suffix, files);
  } catch (error) {
    throw toFileTaoError(error);
  }
  return new Log(files, directory, processName, suffix, clock);
}

interface Waiting {
  readonly entry: Uint8Array;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

interface DayFile {
  readonly day: string;
  readonly file: OpenFile;
  /** Bytes that were acknowledged. */
  end: number;
  /** Whether anything may stand behind `end`: a batch that failed. */
  isRagged: boolean;
}

class Log implements EntryLog {
  readonly #files: Files;
  readonly #directory: string;
  readonly #processName: string;
  readonly #suffix: string;
  readonly #clock: Clock;
  readonly #startedAt: number;
  #current: DayFile | null = null;
  #waiting: Waiting[] = [];
  #writing: Promise<void> | null = null;

  constructor(files: Files, directory: string, processName: string, suffix: string, clock: Clock) {
    this.#files = files;
    this.#directory = directory;
    this.#processName = processName;
    this.#suffix = suffix;
    this.#clock = clock;
    this.#startedAt = clock.now();
  }

  append(entry: Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ entry, resolve, reject });
      this.#writing ??= this.#drain();
    });
  }

  async close(): Promise<void> {
    await this.#writing;
    const current = this.#current;
    this.#current = null;
    await current?.file.close();
  }

  async #drain(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#waiting;
      this.#waiting = [];
      try {
        await this.#write(await this.#fileOfToday(), concatBytes(...batch.map(({ entry }) => entry)));
        for (const { resolve } of batch) resolve();
      } catch (error) {
        for (const { reject } of batch) reject(toFileTaoError(error));
      }
    }
    this.#writing = null;
  }

  /** A batch that failed half-written would hide every later entry from readers: it is cut off before anything follows. */
  async #write(current: DayFile, batch: Uint8Array): Promise<void> {
    const { file, end } = current;
    if (current.isRagged) await file.truncate(end);
    current.isRagged = true;
    try {
      await file.write(batch, end);
      await file.sync();
    } catch (error) {
      await file.truncate(end).catch(() => {}); // tried again before the next batch
      throw error;
    }
    current.end = end + batch.length;
    current.isRagged = false;
  }

  async #fileOfToday(): Promise<DayFile> {
    const day = new Date(this.#clock.now()).toISOString().slice(0, 10);
    const current = this.#current;
    // Not back to an earlier day, whatever the clock does: old files may be pruned meanwhile.
    if (current !== null && day <= current.day) return current;
    const name = `${day}-${this.#processName}-${this.#startedAt}${this.#suffix}`;
    const file = await this.#files.create(join(this.#directory, name));
    try {
      await this.#files.syncFolder(this.#directory);
    } catch (error) {
      await file.close().catch(() => {});
      await this.#files.remove(join(this.#directory, name)).catch(() => {});
      throw error;
    }
    this.#current = { day, file, end: 0, isRagged: false };
    // What was acknowledged in the old file is synced; what was not goes now, or when the next run mends it.
    if (current?.isRagged) await current.file.truncate(current.end).catch(() => {});
    await current?.file.close().catch(() => {});
    return this.#current;
  }
}
