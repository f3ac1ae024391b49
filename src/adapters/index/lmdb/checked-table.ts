// A table of which every entry carries a sum over the table's name, the key and the value, because LMDB has none of its
// own: a bit that flips in the file, or an entry that ends up under another key or in another table, is an error and
// never a record. CRC-32 finds every flip of up to 32 bits in a row and lets one in 2^32 of anything else pass; it is
// against rot, not against somebody who may write to the file. What it costs is in docs/index.md.
import { crc32 } from 'node:zlib';
import { FileTaoError } from '../../../domain/model/errors.js';
import type { Table } from '../../system/lmdb-environment.js';

const sumBytes = 4;

export interface Range {
  readonly start?: Buffer;
  readonly exclusiveStart?: boolean;
  readonly end?: Buffer;
  readonly limit?: number;
}

/** What the indexes ask of a table: one with sums, or, in migrations of older ones, one without. */
export interface Entries {
  get(key: Buffer): Uint8Array | undefined;
  put(key: Buffer, value: Uint8Array): unknown;
  remove(key: Buffer): unknown;
  /** In key order. Keys and values may be overwritten by the next look. */
  getRange(range: Range): Iterable<{ key: Uint8Array; value: Uint8Array }>;
}

export class CheckedTable implements Entries {
  readonly #table: Table;
  readonly #name: string;
  readonly #sumOfName: number;

  constructor(table: Table, name: string) {
    this.#table = table;
    this.#name = name;
    this.#sumOfName = crc32(name);
  }

  /** Throws `damaged` when the entry is not what was put. */
  get(key: Buffer): Uint8Array | undefined {
    const stored = this.#table.get(key);
    return stored === undefined ? undefined : this.#open(key, stored);
  }

  put(key: Buffer, value: Uint8Array): void {
    const sealed = Buffer.allocUnsafe(value.length + sumBytes);
    sealed.set(value);
    sealed.writeUInt32BE(this.#sum(key, value), value.length);
    this.#table.put(key, sealed);
  }

  remove(key: Buffer): void {
    this.#table.remove(key);
  }

  *getRange(range: Range): Generator<{ key: Uint8Array; value: Uint8Array }> {
    for (const { key, value } of this.#table.getRange(range)) yield { key, value: this.#open(key, value) };
  }

  /** Keys of entries that are damaged, and the others with their values. */
  *survey(): Generator<{ key: Buffer; value: Buffer | null }> {
    for (const { key, value } of this.#table.getRange({})) {
      const opened = this.#isWhole(key, value) ? Buffer.from(value.subarray(0, -sumBytes)) : null;
      yield { key: Buffer.from(key), value: opened };
    }
  }

  #open(key: Uint8Array, stored: Uint8Array): Uint8Array {
    if (!this.#isWhole(key, stored))
      throw new FileTaoError(
        'damaged',
        `an entry of the table ${this.#name} of the index is damaged: stop the node and run filetao index rebuild`,
        { details: { table: this.#name, key: Buffer.from(key).toString('hex') } },
      );
    return stored.subarray(0, -sumBytes);
  }

  #isWhole(key: Uint8Array, stored: Uint8Array): boolean {
    const length = stored.length - sumBytes;
    if (length < 0) return false;
    const sum = new DataView(stored.buffer, stored.byteOffset + length).getUint32(0);
    return sum === this.#sum(key, stored.subarray(0, length));
  }

  #sum(key: Uint8Array, value: Uint8Array): number {
    return crc32(value, crc32(key, this.#sumOfName));
  }
}

export const checkedTables = <Name extends string>(
  tables: Readonly<Record<Name, Table>>,
): Readonly<Record<Name, CheckedTable>> =>
  Object.fromEntries(
    Object.entries<Table>(tables).map(([name, table]) => [name, new CheckedTable(table, name)]),
  ) as Record<Name, CheckedTable>;
