// From schema version 2 to 3 on LMDB: every entry gets a sum (checked-table.ts). One transaction, schema record and all:
// done whole or not at all.

import { encode } from '@ipld/dag-cbor';
import { open } from 'lmdb';
import { toFileTaoError } from '../../../domain/model/errors.js';
import type { Table } from '../../system/lmdb-environment.js';
import type { IndexKind } from '../location.js';
import { CheckedTable } from './checked-table.js';
import { holdingTables } from './holding-index.js';
import { placementTables } from './placement-index.js';
import { entries } from './tables.js';

const entriesAtOnce = 10_000;

/** No node may have the index open. */
export async function sealTables(directory: string, kind: IndexKind): Promise<void> {
  const binary = { encoding: 'binary', keyEncoding: 'binary' } as const;
  const root = open<Uint8Array, Buffer>({ path: directory, noSubdir: false, ...binary, maxDbs: 32 });
  const tableOf = (name: string) => root.openDB<Uint8Array, Buffer>(name, binary);
  try {
    const tables = (kind === 'holding index' ? holdingTables : placementTables).map(
      (name) => [name, tableOf(name)] as const,
    );
    const meta = tableOf('meta');
    root.transactionSync(() => {
      for (const [name, table] of tables) seal(table, name);
      meta.put(Buffer.from('schema'), Buffer.from(encode({ kind, version: 3 })));
    });
    await root.flushed;
  } catch (error) {
    throw toFileTaoError(error);
  } finally {
    await root.close();
  }
}

/** Inside a transaction. Keys stay as they are, so what is sealed lies behind where it goes on. */
function seal(table: Table, name: string): void {
  const sealed = new CheckedTable(table, name);
  let some = [...entries(table, { limit: entriesAtOnce })];
  while (some.length > 0) {
    for (const { key, value } of some) sealed.put(key, value);
    some = [...entries(table, { start: some.at(-1)!.key, exclusiveStart: true, limit: entriesAtOnce })];
  }
}
