// Event records as a table (CSV, RFC 4180): a row for each answer, for spreadsheets, data frames and Weights & Biases.

import { createWriteStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { toFileTaoError } from '../../domain/model/errors.js';
import { eventRecords, type Fields, finite, listAt, noRecords } from './event-file.js';

/** Columns, in this order; empty where the record does not say. */
export const tableColumns = [
  'time',
  'task',
  'block',
  'step_seconds',
  'uid',
  'hotkey',
  'successful',
  'status',
  'code',
  'seconds',
  'reward',
  'score',
] as const;

export interface WrittenTable {
  readonly rows: number;
  /** Lines that are no event record. */
  readonly skipped: number;
}

/** Writes the table in bounded memory. Throws `not-found`, `bad-input` for a file without a single record, `io`. */
export async function writeEventTable(path: string, out: string): Promise<WrittenTable> {
  let rows = 0;
  let records = 0;
  let skipped = 0;
  const lines = async function* (): AsyncGenerator<string> {
    for await (const record of eventRecords(path)) {
      if (record === null) {
        skipped++;
        continue;
      }
      if (records++ === 0) yield lineOf(tableColumns);
      for (const row of rowsOf(record.fields, record.task, record.block)) {
        rows++;
        yield lineOf(row);
      }
    }
    if (records === 0) throw noRecords(path, skipped);
  };
  // The file is made with the first row: what cannot be read leaves none.
  const text = lines();
  const first = await text.next();
  const all = async function* (): AsyncGenerator<string> {
    if (first.done !== true) yield first.value;
    yield* text;
  };
  try {
    await pipeline(Readable.from(all()), createWriteStream(out, { mode: 0o600 }));
  } catch (error) {
    throw toFileTaoError(error);
  }
  return { rows, skipped };
}

function* rowsOf(fields: Fields, task: string, block: number): Generator<readonly unknown[]> {
  const at = (name: string): readonly unknown[] => listAt(fields, name);
  const [hotkeys, successful, messages] = [at('hotkeys'), at('successful'), at('task_status_messages')];
  const [codes, times, rewards] = [at('task_status_codes'), at('completion_times'), at('rewards')];
  const scores = (fields.moving_averaged_scores ?? {}) as Fields;
  for (const [i, uid] of at('uids').entries()) {
    const hotkey = typeof hotkeys[i] === 'string' ? hotkeys[i] : '';
    // By hotkey, or, as the reference writes them, in the order of uids.
    const score = finite(scores[hotkey]) ?? finite(scores[String(uid)]);
    yield [
      ...[fields.time, task, block, fields.step_length, uid, hotkey],
      ...[successful[i], messages[i], codes[i], times[i], rewards[i], score],
    ];
  }
}

const lineOf = (cells: readonly unknown[]): string => `${cells.map(cellOf).join(',')}\r\n`;

function cellOf(value: unknown): string {
  const text = value === null || value === undefined ? '' : String(value);
  return /[",\r\n]/u.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
