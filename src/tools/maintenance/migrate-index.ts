// Brings an index to the schema version that this program writes. Each version after the first adds one step to the
// table. A step is safe to run again.

import { indexAt } from '../../adapters/index/kind-at.js';
import { lmdbSchemaVersion } from '../../adapters/index/lmdb/tables.js';
import { describeLocation, type IndexKind, type IndexLocation } from '../../adapters/index/location.js';
import { redisSchemaVersion } from '../../adapters/index/redis/keys.js';
import { FileTaoError } from '../../domain/model/errors.js';

interface Step {
  readonly from: number;
  readonly says: string;
  run(location: IndexLocation, kind: IndexKind): Promise<void>;
}

const ownersClaim = 'file each object under its owner too, so that several may own the same bytes';

const steps: Readonly<Record<IndexLocation['backend'], readonly Step[]>> = {
  lmdb: [
    {
      from: 1,
      says: ownersClaim,
      async run(location, kind) {
        if (location.backend !== 'lmdb') return;
        const { claimObjects } = await import('../../adapters/index/lmdb/claim-objects.js');
        await claimObjects(location.directory, kind);
      },
    },
    {
      from: 2,
      says: 'give every entry a sum, so that rot in the file is found',
      async run(location, kind) {
        if (location.backend !== 'lmdb') return;
        const { sealTables } = await import('../../adapters/index/lmdb/seal-tables.js');
        await sealTables(location.directory, kind);
      },
    },
  ],
  redis: [
    {
      from: 1,
      says: ownersClaim,
      async run(location, kind) {
        if (location.backend !== 'redis') return;
        const { claimObjects } = await import('../../adapters/index/redis/claim-objects.js');
        await claimObjects(location.place, kind);
      },
    },
  ],
};

export interface Migration {
  readonly kind: string;
  readonly from: number;
  readonly to: number;
  /** What was done, or in a dry run would be. */
  readonly steps: readonly string[];
}

export async function migrateIndex(location: IndexLocation, dryRun: boolean): Promise<Migration> {
  const found = await indexAt(location);
  const name = describeLocation(location);
  if (found === null) throw new FileTaoError('not-found', `there is no index at ${name}`);
  const to = location.backend === 'lmdb' ? lmdbSchemaVersion : redisSchemaVersion;
  if (found.version > to)
    throw new FileTaoError(
      'schema',
      `${name} was written by a newer FileTAO (schema ${found.version}, this one writes ${to}): upgrade this program`,
    );
  const due = steps[location.backend].filter(({ from }) => from >= found.version);
  if (found.version + due.length !== to)
    throw new FileTaoError('schema', `no way leads from schema ${found.version} to ${to}: restore a backup`);
  if (!dryRun) for (const step of due) await step.run(location, found.kind);
  return { kind: found.kind, from: found.version, to, steps: due.map(({ says }) => says) };
}

/** How to take a backup first: what a person is told before anything is changed. */
export const backupHint = (location: IndexLocation): string =>
  location.backend === 'lmdb'
    ? `stop the node and copy ${location.directory} to a safe place first`
    : 'save a backup first: redis-cli BGREWRITEAOF or SAVE, then copy the appendonlydir (or dump.rdb) of the server';
