// Every entry of an LMDB index, whether it is damaged or not: for tools that look for rot and save what is whole.
import { openLmdbEnvironment } from '../../system/lmdb-environment.js';
import type { IndexKind } from '../location.js';
import { checkedTables } from './checked-table.js';
import { holdingTables } from './holding-index.js';
import { placementTables } from './placement-index.js';
import { lmdbSchemaVersion } from './tables.js';

export type SurveyedTable = (typeof holdingTables)[number] | (typeof placementTables)[number];

export interface LmdbSurvey {
  readonly tables: readonly SurveyedTable[];
  /** In key order; null for an entry that is not what was put. */
  of(table: SurveyedTable): Iterable<{ readonly key: Buffer; readonly value: Buffer | null }>;
  close(): Promise<void>;
}

export async function openLmdbSurvey(directory: string, kind: IndexKind): Promise<LmdbSurvey> {
  const names: readonly SurveyedTable[] = kind === 'holding index' ? holdingTables : placementTables;
  const environment = await openLmdbEnvironment({
    directory,
    kind,
    schemaVersion: lmdbSchemaVersion,
    tables: names,
  });
  const tables = checkedTables(environment.tables);
  return {
    tables: names,
    of: (table) => tables[table].survey(),
    close: () => environment.close(),
  };
}
