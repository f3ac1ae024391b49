// Bits that flip in the file of an LMDB index: no record comes back other than it was put, and a rebuild keeps what is
// whole. LMDB has no sums of its own (checked-table.ts).
import assert from 'node:assert/strict';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { openLmdbHoldingIndex } from '../../../../src/adapters/index/lmdb/holding-index.js';
import { openLmdbPlacementIndex } from '../../../../src/adapters/index/lmdb/placement-index.js';
import { lmdbSchemaVersion } from '../../../../src/adapters/index/lmdb/tables.js';
import { openLmdbEnvironment, type Table } from '../../../../src/adapters/system/lmdb-environment.js';
import { salvageIndex } from '../../../../src/tools/maintenance/salvage-index.js';
import { type SeededRandom, seededRandom } from '../../seeded-random.js';
import { temporaryFolder } from '../../temporary-folder.js';
import { all, assertConsistent } from '../consistency.js';
import { bytes32, claim, held, miner, object, piece, placedPiece, replica } from '../records.js';

const replicas = 900;
const pieces = Array.from({ length: 7 }, (_, n) => piece(n));

async function filled(folder: string): Promise<void> {
  const index = await openLmdbPlacementIndex(folder);
  await index.putPieces(pieces.map((_, n) => placedPiece(n)));
  await index.addReplicas(Array.from({ length: replicas }, (_, n) => replica(n, { receipt: receiptOf(n) })));
  for (let n = 0; n < 3; n++) await index.putObject(object(n));
  for (let n = 0; n < 5; n++) await index.count(miner(n), 'challenge', true);
  await index.rollWindow(9, []);
  await index.close();
}

/** Found in the file by its bytes, of which every replica has its own. */
const receiptOf = (n: number): Uint8Array => {
  const receipt = Buffer.alloc(60, 0x5a);
  receipt.write(`receipt ${n} of many`);
  return new Uint8Array(receipt);
};

async function flipInFile(folder: string, bytes: Uint8Array, bit: number): Promise<void> {
  const file = join(folder, 'data.mdb');
  const data = await readFile(file);
  let flipped = 0;
  // Freed pages may hold older copies of the same record.
  for (let at = data.indexOf(bytes); at >= 0; at = data.indexOf(bytes, at + bytes.length)) {
    data[at + (bit >> 3)]! ^= 1 << (bit & 7);
    flipped++;
  }
  assert.ok(flipped > 0, 'the record is in the file');
  await writeFile(file, data);
}

test('a flipped bit of a record is an error that says what to do, and a rebuild keeps the others', async (t) => {
  const random = seededRandom(t);
  const folder = join(await temporaryFolder(t), 'index');
  await filled(folder);
  assert.deepEqual(await salvageIndex({ backend: 'lmdb', directory: folder }), {
    damaged: 0,
    kept: 0,
    oldFolder: null,
  });
  const lost = new Set<number>();
  while (lost.size < 3) lost.add(random.below(replicas));
  for (const n of lost) await flipInFile(folder, receiptOf(n), random.below(8 * 40));

  const index = await openLmdbPlacementIndex(folder);
  for (let n = 0; n < replicas; n++) {
    const looked = index.getReplica(replica(n));
    // Bytes of a receipt mean nothing to the index: only the sum can tell.
    if (lost.has(n))
      await assert.rejects(looked, { code: 'damaged', message: /replicas .* filetao index rebuild/ });
    else assert.deepEqual(await looked, replica(n, { receipt: receiptOf(n) }));
  }
  await assert.rejects(
    all((cursor, limit) => index.listReplicas(cursor, limit), 100),
    { code: 'damaged' },
  );
  await index.close();

  const salvaged = await salvageIndex({ backend: 'lmdb', directory: folder });
  assert.deepEqual(salvaged, {
    damaged: 3,
    kept: replicas - 3 + pieces.length + 3 + 5,
    oldFolder: `${folder}.damaged`,
  });
  assert.deepEqual((await readdir(dirname(folder))).sort(), ['index', 'index.damaged']);
  const whole = await openLmdbPlacementIndex(folder);
  await assertConsistent(whole, pieces);
  for (const n of lost) assert.equal(await whole.getReplica(replica(n)), null);
  assert.deepEqual(await whole.getObject(claim(2)), object(2));
  assert.equal((await whole.statistics(miner(1))).successes.challenge, 1);
  assert.equal(await whole.window(), 9);
  await whole.close();
});

/** Flips a bit of an entry where it lies, past the sums. */
async function flipEntry(
  directory: string,
  kind: string,
  name: string,
  random: SeededRandom,
  of: 'key' | 'value',
): Promise<void> {
  const environment = await openLmdbEnvironment({
    directory,
    kind,
    schemaVersion: lmdbSchemaVersion,
    tables: [name],
  });
  const table: Table = environment.tables[name]!;
  const found = [...table.getRange({})].map(({ key, value }) => [Buffer.from(key), Buffer.from(value)]);
  const [key, value] = found[random.below(found.length)] as [Buffer, Buffer];
  await environment.write(() => {
    table.remove(key);
    const changed = of === 'key' ? key : value;
    changed[random.below(changed.length)]! ^= 1 << random.below(8);
    table.put(key, value);
  });
  await environment.close();
}

test('every table of both indexes: keys and values, records, listings and sums', async (t) => {
  const random = seededRandom(t);
  const folder = await temporaryFolder(t);
  const placement = join(folder, 'placement');
  const index = await openLmdbPlacementIndex(placement);
  await index.putPieces([placedPiece(0), placedPiece(1)]);
  await index.addReplicas([replica(0), replica(1), replica(7)]);
  await index.putObject(object(0));
  await index.count(miner(0), 'store', true);
  await index.rollWindow(3, [
    {
      minerKey: miner(0),
      attempts: { store: 0, challenge: 0, retrieve: 0 },
      successes: { store: 0, challenge: 0, retrieve: 0 },
      tier: 'Gold',
    },
  ]);
  const promise = { minerKey: miner(1), id: piece(3), bytes: 10, until: 2 ** 40 };
  assert.ok(await index.promise(promise, 5, 1e9));
  await index.close();
  const holding = join(folder, 'holding');
  const holds = await openLmdbHoldingIndex(holding);
  for (let n = 0; n < 3; n++) await holds.put(held(n));
  await holds.close();

  const looks: Readonly<Record<string, (i: typeof index) => Promise<unknown>>> = {
    objects: (i) => i.listObjects(null, 10),
    'objects-by-expiry': (i) => i.expiredObjects(2 ** 50, 10),
    'objects-by-piece': async (i) => [await i.objectsOfPiece(piece(0)), await i.objectsOfPiece(piece(1))],
    'objects-by-owner': (i) => i.listObjectsOf(object(0).owner, null, 10),
    'owner-objects': (i) => i.ownedBy(object(0).owner),
    'owner-bytes': (i) => i.ownedBy(object(0).owner),
    pieces: (i) => i.listPieces(null, 10),
    'pieces-by-expiry': (i) => i.expiredPieces(2 ** 50, 10),
    'pieces-short': (i) => i.underReplicatedPieces(null, 10),
    replicas: (i) => i.listReplicas(null, 10),
    'replicas-by-piece': (i) => Promise.all([0, 1].map((n) => i.replicasOfPiece(piece(n)))),
    'replicas-by-expiry': (i) => i.expiredReplicas(2 ** 50, 10),
    'miner-bytes': (i) => Promise.all([0, 1, 2].map((n) => i.usedBytes(miner(n)))),
    'miner-promises': (i) => i.promisedBytes(miner(1), 5),
    'miner-statistics': (i) => i.listStatistics(),
    'miner-tiers': (i) => i.listStatistics(),
    window: (i) => i.window(),
  };
  const good = await readFile(join(placement, 'data.mdb'));
  for (const [name, look] of Object.entries(looks)) {
    for (const of of ['value', 'key'] as const) {
      await flipEntry(placement, 'placement index', name, random, of);
      const rotten = await openLmdbPlacementIndex(placement);
      // Under a key that changed there is nothing, where it is looked for by its key alone.
      if (of === 'value') await assert.rejects(look(rotten), { code: 'damaged' }, name);
      await rotten.close();
      const salvaged = await salvageIndex({ backend: 'lmdb', directory: placement });
      assert.equal(salvaged?.damaged, 1, `${of} in ${name}`);
      await writeFile(join(placement, 'data.mdb'), good);
    }
  }
  for (const [name, look] of Object.entries({
    replicas: (i: typeof holds) => i.list(null, 10),
    'replicas-by-expiry': (i: typeof holds) => i.expired(2 ** 50, 10),
    bytes: async (i: typeof holds) => [
      await i.usedBytes(),
      ...(await Promise.all([0, 1, 2].map((n) => i.usedBytesOf(held(n).validatorKey)))),
    ],
  })) {
    await flipEntry(holding, 'holding index', name, random, 'value');
    const rotten = await openLmdbHoldingIndex(holding);
    await assert.rejects(look(rotten), { code: 'damaged' }, name);
    await rotten.close();
    assert.equal((await salvageIndex({ backend: 'lmdb', directory: holding }))?.damaged, 1, name);
    const whole = await openLmdbHoldingIndex(holding);
    const items = await all((cursor, limit) => whole.list(cursor, limit), 10);
    assert.equal(
      await whole.usedBytes(),
      items.reduce((sum, { size }) => sum + size, 0),
    );
    for (const item of [0, 1, 2].map((n) => held(n, { link: bytes32(n) }))) await whole.put(item);
    await whole.close();
  }
});
