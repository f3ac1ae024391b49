// The index ports on LMDB: the conformance suite, and damage that only a backend with files can have.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { openLmdbHoldingIndex } from '../../../../src/adapters/index/lmdb/holding-index.js';
import { openLmdbPlacementIndex } from '../../../../src/adapters/index/lmdb/placement-index.js';
import { lmdbSchemaVersion } from '../../../../src/adapters/index/lmdb/tables.js';
import { openLmdbEnvironment } from '../../../../src/adapters/system/lmdb-environment.js';
import { temporaryFolder } from '../../temporary-folder.js';
import { holdingIndexConformance, type IndexBackend, placementIndexConformance } from '../conformance.js';
import { replica } from '../records.js';

const lmdb: IndexBackend = {
  name: 'LMDB',
  prepare: async (context) => `lmdb:${await temporaryFolder(context)}`,
};

placementIndexConformance(lmdb);
holdingIndexConformance(lmdb);

test('one kind of index is not opened as the other', async (context) => {
  const folder = await temporaryFolder(context);
  await (await openLmdbHoldingIndex(folder)).close();
  await assert.rejects(openLmdbPlacementIndex(folder), { code: 'config' });
  await (await openLmdbHoldingIndex(folder)).close();
});

test('a damaged record is named as such, and the others stay readable', async (context) => {
  const folder = join(await temporaryFolder(context), 'with.dot');
  const index = await openLmdbPlacementIndex(folder);
  await index.addReplica(replica(1));
  await index.addReplica(replica(2));
  await index.close();
  const environment = await openLmdbEnvironment({
    directory: folder,
    kind: 'placement index',
    schemaVersion: lmdbSchemaVersion,
    tables: ['replicas'],
  });
  const { replicas } = environment.tables;
  const [key] = [...replicas.getKeys({ limit: 1 })] as [Buffer];
  for (const damage of [Buffer.from([0xff]), Buffer.from([0xa0]), Buffer.from([0xf6])]) {
    await environment.write(() => void replicas.put(Buffer.from(key), damage));
    const damaged = await openLmdbPlacementIndex(folder);
    await assert.rejects(damaged.getReplica(replica(1)), { code: 'damaged' });
    assert.deepEqual(await damaged.getReplica(replica(2)), replica(2));
    await damaged.close();
  }
  await environment.close();
});
