// How every placement index must list, page by page.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ReplicaRecord } from '../../../../src/domain/model/records.js';
import { openPlacementAt } from '../backends.js';
import { all, assertConsistent, nameOf } from '../consistency.js';
import { miner, piece, placedPiece, replica, root } from '../records.js';
import type { IndexBackend } from '../writer-crash.js';
import { openedPlacement, refusedWith } from './opened.js';

export function placementListings(backend: IndexBackend): void {
  describe(`placement index on ${backend.name}: listings`, () => {
    test('state, size, expiry and piece of a replica move it in every listing', async (context) => {
      const [index] = await openedPlacement(backend, context);
      const pieces = [piece(1), piece(2)];
      await index.addReplica(replica(10, { pieceId: piece(1) }));
      await index.putPiece(placedPiece(1));
      await index.putPiece(placedPiece(2, { copies: 1 }));
      const short = async () => (await index.underReplicatedPieces(null, 10)).items.map((r) => r.pieceId);
      assert.deepEqual(await short(), pieces);
      await index.addReplica(replica(11, { pieceId: piece(1) }));
      assert.deepEqual(await short(), [piece(2)]);
      const failed = replica(11, { pieceId: piece(1), state: 'failed', version: 2 });
      assert.equal(await index.updateReplica(failed), true);
      assert.deepEqual(await short(), pieces);
      const renewed: ReplicaRecord = { ...failed, state: 'active', expiry: 9000, size: 5, version: 3 };
      assert.equal(await index.updateReplica(renewed), true);
      assert.equal(await index.usedBytes(miner(1)), 5);
      assert.deepEqual(await short(), [piece(2)]);
      assert.deepEqual(
        (await index.expiredReplicas(9000, 10)).map((id) => id.root),
        [root(10), root(11)],
      );
      assert.deepEqual(await index.expiredReplicas(4989, 10), []);
      await index.updateReplica({ ...renewed, pieceId: piece(2), version: 4 });
      assert.deepEqual(await short(), [piece(1)]);
      await index.putPiece(placedPiece(2, { copies: 2 }));
      assert.deepEqual(await short(), pieces);
      await assertConsistent(index, pieces);
    });

    test('listings go on where they stopped, whatever is added or removed between pages', async (context) => {
      const address = await backend.prepare(context);
      let index = await openPlacementAt(address);
      for (let n = 0; n < 40; n++) await index.addReplica(replica(n));
      const seen = new Set<string>();
      let cursor: string | null = null;
      for (let turn = 0; ; turn++) {
        const page: Awaited<ReturnType<typeof index.listReplicas>> = await index.listReplicas(cursor, 6);
        for (const record of page.items) {
          assert.ok(!seen.has(nameOf(record)), 'listed twice');
          seen.add(nameOf(record));
        }
        cursor = page.next;
        if (cursor === null) break;
        await index.removeReplica(page.items.at(-1)!); // the one the cursor names
        await index.addReplica(replica(100 + turn));
        await index.close();
        index = await openPlacementAt(address);
      }
      for (let n = 0; n < 40; n++) assert.ok(seen.has(nameOf(replica(n))), `replica ${n} was listed`);

      const ofMiner = await index.replicasOfMiner(miner(0), null, 1);
      const elsewhere = await index.replicasOfMiner(miner(3), ofMiner.next, 1000);
      assert.ok(elsewhere.items.length > 0 && elsewhere.items.every((r) => r.minerKey === miner(3)));
      for (const wrong of ['', 'not a cursor!', 'A'.repeat(5000)])
        await assert.rejects(index.listReplicas(wrong, 5), refusedWith('bad-input'));
      for (const wrong of [0, -1, 1.5, Number.NaN])
        await assert.rejects(index.listReplicas(null, wrong), refusedWith('bad-input'));
      await index.close();
    });

    test('pieces are listed in order, page by page', async (context) => {
      const [index] = await openedPlacement(backend, context);
      for (const n of [3, 1, 2]) await index.putPiece(placedPiece(n));
      const listed = await all((cursor, limit) => index.listPieces(cursor, limit), 2);
      assert.deepEqual(listed, [placedPiece(1), placedPiece(2), placedPiece(3)]);
    });
  });
}
