// Reading and counting in LMDB tables: ranges, pages, counters. What the two indexes have in common.
import type { Page } from '../../../domain/ports/placement-index.js';
import type { RecordCodec } from '../codec.js';
import { cursorAfter, keyOfCursor, pageBytesMax, pageLimit } from '../cursor.js';
import { afterPrefix, afterTime, keyUnderTime } from '../keys.js';
import type { Entries, Range } from './checked-table.js';

/** Version of the records (codec.ts) and of tables, keys and sums here. */
export const lmdbSchemaVersion = 3;

/** The value of keys that say all there is to say. LMDB refuses no empty value, but tools do. */
export const mark = Buffer.from([1]);

/** Entries in key order; keys and values are copies that stay valid. */
export function* entries(table: Entries, range: Range): Generator<{ key: Buffer; value: Buffer }> {
  for (const { key, value } of table.getRange(range))
    yield { key: Buffer.from(key), value: Buffer.from(value) };
}

/** The records behind a prefix (all of them when it is empty), from the cursor on. */
export function page<Item>(
  table: Entries,
  prefix: Buffer,
  cursor: string | null,
  limit: number,
  toItem: (key: Buffer, value: Buffer) => Item | null,
): Page<Item> {
  const wanted = pageLimit(limit);
  const after = cursor === null ? null : keyOfCursor(cursor);
  // A cursor of another listing must not reach outside this one.
  const inside = after !== null && Buffer.compare(after, prefix) > 0;
  const end = afterPrefix(prefix);
  const items: Item[] = [];
  let size = 0;
  let last: Buffer | null = null;
  for (const { key, value } of entries(table, {
    ...(inside ? { start: after, exclusiveStart: true } : prefix.length > 0 ? { start: prefix } : {}),
    ...(end === null ? {} : { end }),
  })) {
    if (last !== null && (items.length === wanted || size >= pageBytesMax))
      return { items, next: cursorAfter(last) };
    const item = toItem(key, value);
    if (item !== null) items.push(item);
    size += value.length;
    last = key;
  }
  return { items, next: null };
}

/** Keys filed at or before `time`, oldest first. */
export const filedUntil = (table: Entries, time: number, limit: number): Buffer[] =>
  Array.from(entries(table, { end: afterTime(time), limit: pageLimit(limit) }), ({ key }) =>
    keyUnderTime(key),
  );

/** The entries behind a prefix, with the rest of their keys. */
export function under(table: Entries, prefix: Buffer): { rest: Buffer; value: Buffer }[] {
  const end = afterPrefix(prefix);
  return Array.from(
    entries(table, { start: prefix, ...(end === null ? {} : { end }) }),
    ({ key, value }) => ({
      rest: key.subarray(prefix.length),
      value,
    }),
  );
}

export function readRecord<Value>(table: Entries, codec: RecordCodec<Value>, key: Buffer): Value | null {
  const stored = table.get(key);
  return stored === undefined ? null : codec.decode(stored);
}

export function readCounter(table: Entries, key: Buffer): number {
  const stored = table.get(key);
  return stored === undefined ? 0 : Number(Buffer.from(stored).readBigUInt64BE());
}

/** Inside a transaction. A counter at 0 takes no entry. */
export function addToCounter(table: Entries, key: Buffer, change: number): void {
  if (change === 0) return;
  const sum = readCounter(table, key) + change;
  if (sum <= 0) {
    table.remove(key);
    return;
  }
  const stored = Buffer.alloc(8);
  stored.writeBigUInt64BE(BigInt(sum));
  table.put(key, stored);
}
