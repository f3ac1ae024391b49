// What every placement index must do with pieces and replicas.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ReplicaRecord } from '../../../../src/domain/model/records.js';
import { seededRandom } from '../../seeded-random.js';
import { all, assertConsistent, nameOf } from '../consistency.js';
import { bytes32, claim, miner, object, piece, placedPiece, replica, root, validator } from '../records.js';
import type { IndexBackend } from '../writer-crash.js';
import { openedPlacement, refusedWith } from './opened.js';

export function placementReplicas(backend: IndexBackend): void {
  describe(`placement index on ${backend.name}: replicas`, () => {
    test('pieces only move up, and go when nothing refers to them', async (context) => {
      const [index] = await openedPlacement(backend, context);
      await index.putPiece(placedPiece(1, { copies: 3, expiry: 5000 }));
      await index.putPiece(placedPiece(1, { copies: 1, expiry: 7000 }));
      assert.deepEqual(await index.getPiece(piece(1)), placedPiece(1, { copies: 3, expiry: 7000 }));
      await index.putPiece(placedPiece(1, { copies: 4, expiry: 100 }));
      assert.deepEqual(await index.getPiece(piece(1)), placedPiece(1, { copies: 4, expiry: 7000 }));
      await index.putPiece(placedPiece(2, { expiry: 6000 }));
      assert.deepEqual(await index.expiredPieces(6999, 10), [piece(2)]);
      assert.deepEqual(await index.expiredPieces(7000, 10), [piece(2), piece(1)]);

      assert.equal(await index.removePiece(piece(1), 6999), false, 'not expired yet');
      await index.putObject(object(1, { pieceIds: [piece(1)] }));
      assert.equal(await index.removePiece(piece(1), 7000), false, 'an object has it');
      await index.deleteObject(claim(1));
      await index.addReplica(replica(1, { pieceId: piece(1) }));
      assert.equal(await index.removePiece(piece(1), 7000), false, 'a replica is of it');
      await index.removeReplica(replica(1));
      assert.equal(await index.removePiece(piece(1), 7000), true);
      assert.equal(await index.removePiece(piece(1), 7000), false);
      assert.equal(await index.getPiece(piece(1)), null);
      assert.deepEqual(await index.expiredPieces(7000, 10), [piece(2)]);
      await assertConsistent(index, [piece(1), piece(2)]);
    });

    test('a replica is added once, changes by compare-and-set, and keeps every field', async (context) => {
      const [index] = await openedPlacement(backend, context);
      const first = replica(1);
      assert.equal(await index.getReplica(first), null);
      assert.equal(await index.updateReplica({ ...first, version: 2 }), false, 'nothing to update');
      assert.equal(await index.addReplica(first), true);
      assert.equal(await index.addReplica({ ...first, size: 1 }), false);
      assert.deepEqual(await index.getReplica(first), first);

      const full: ReplicaRecord = {
        ...first,
        n: 41,
        link: bytes32(9),
        kept: Array.from({ length: 32 }, (_, n) => ({ n, seed: bytes32(n), keyedRoot: bytes32(255 - n) })),
        openRound: { n: 41, startedAtMs: 1_790_000_000_000, owner: 'validator 17' },
        passed: 39,
        failedRounds: 2,
        lastPassAt: 1_790_000_000,
        lastFailure: { at: 1_780_000_000, reason: 'content-path' },
        version: 2,
      };
      assert.equal(await index.updateReplica({ ...full, version: 1 }), false);
      assert.equal(await index.updateReplica({ ...full, version: 3 }), false);
      assert.deepEqual(await index.getReplica(first), first, 'a refused change changes nothing');
      assert.equal(await index.updateReplica(full), true);
      assert.equal(await index.updateReplica(full), false, 'the same change again');
      assert.deepEqual(await index.getReplica(first), full);
      assert.equal(await index.getReplica({ ...first, minerKey: miner(77) }), null);

      assert.equal(await index.removeReplica(first), true);
      assert.equal(await index.removeReplica(first), false);
      assert.equal(await index.getReplica(first), null);
    });

    test('many pieces and replicas at once are as many single ones', async (context) => {
      const [index] = await openedPlacement(backend, context);
      const many = Array.from({ length: 300 }, (_, n) =>
        replica(n, { receipt: new Uint8Array(n < 10 ? 60_000 : 400) }),
      );
      const pieces = Array.from({ length: 7 }, (_, n) => placedPiece(n, { copies: 40 }));
      await index.addReplica(many[7]!);
      await index.putPiece(placedPiece(3, { expiry: 9999 }));
      await index.putPieces([...pieces, placedPiece(2, { copies: 1, expiry: 8888 })]);
      assert.deepEqual(await index.getPiece(piece(3)), placedPiece(3, { copies: 40, expiry: 9999 }));
      assert.deepEqual(await index.getPiece(piece(2)), placedPiece(2, { copies: 40, expiry: 8888 }));
      assert.deepEqual(
        await index.addReplicas([...many, { ...many[9]!, size: 1 }]),
        [...many.map((_, n) => n !== 7), false],
        'one that is there already does not keep the others away',
      );
      assert.deepEqual(
        (await index.addReplicas(many)).filter((isNew) => isNew),
        [],
      );
      const listed = await all((cursor, limit) => index.listReplicas(cursor, limit), 1000);
      assert.equal(listed.length, 300);
      assert.deepEqual(await index.getReplica(many[9]!), many[9]);
      await assertConsistent(
        index,
        pieces.map(({ pieceId }) => pieceId),
      );
      await assert.rejects(
        index.addReplicas([replica(900), replica(901, { size: -1 })]),
        refusedWith('bad-input'),
      );
      await assert.rejects(
        index.putPieces([placedPiece(90), placedPiece(91, { size: -1 })]),
        refusedWith('bad-input'),
      );
      assert.equal(await index.getReplica(replica(900)), null);
      assert.equal(await index.getPiece(piece(90)), null);
      assert.deepEqual(await index.addReplicas([]), []);
      await index.putPieces([]);
    });

    test('of many changes at once from one version exactly one wins', async (context) => {
      const [index] = await openedPlacement(backend, context);
      await index.addReplica(replica(1));
      const results = await Promise.all(
        Array.from({ length: 50 }, (_, n) => index.updateReplica({ ...replica(1), n, version: 2 })),
      );
      assert.equal(results.filter(Boolean).length, 1);
      assert.equal((await index.getReplica(replica(1)))!.n, results.indexOf(true));
    });

    test('a wrong id or record is refused, and nothing changes', async (context) => {
      const [index] = await openedPlacement(backend, context);
      const wrongIds = ['', 'zz', '../../etc/passwd', `${root(1)}00`, 'F'.repeat(64)];
      for (const wrong of wrongIds) {
        await assert.rejects(
          index.getReplica({ ...replica(1), root: wrong as never }),
          refusedWith('bad-input'),
        );
        await assert.rejects(index.getPiece(wrong as never), refusedWith('bad-input'));
      }
      await assert.rejects(
        index.getObject({ cid: '../x' as never, owner: validator(7) }),
        refusedWith('bad-cid'),
      );
      const wrongRecords: Partial<Record<keyof ReplicaRecord, unknown>>[] = [
        { expiry: 1.5 },
        { size: -1 },
        { n: 2 ** 53 },
        { link: new Uint8Array(31) },
        { link: undefined },
        { state: 'asleep' },
        { kept: Array.from({ length: 33 }, (_, n) => ({ n, seed: bytes32(0), keyedRoot: bytes32(0) })) },
        { lastFailure: { at: 1, reason: 'x'.repeat(2000) } },
      ];
      for (const wrong of wrongRecords)
        await assert.rejects(index.addReplica(replica(1, wrong as never)), refusedWith('bad-input'));
      await assert.rejects(
        index.putObject(object(1, { pieceIds: [piece(1), 'nothing' as never] })),
        refusedWith('bad-input'),
      );
      assert.deepEqual((await index.listReplicas(null, 10)).items, []);
      assert.deepEqual(await index.objectsOfPiece(piece(1)), []);
    });

    test('any sequence of changes leaves what a plain map would hold', async (context) => {
      const [index] = await openedPlacement(backend, context);
      const random = seededRandom(context);
      const model = new Map<string, ReplicaRecord>();
      const pieces = Array.from({ length: 7 }, (_, n) => piece(n));
      const change = async (): Promise<void> => {
        const sample = replica(random.below(30));
        const name = nameOf(sample);
        const stored = model.get(name);
        switch (random.below(5)) {
          case 0:
            await index.putPiece(placedPiece(random.below(7), { copies: 1 + random.below(4) }));
            return;
          case 1:
            assert.equal(await index.removeReplica(sample), model.delete(name));
            return;
          case 2:
            assert.equal(await index.addReplica(sample), stored === undefined);
            if (stored === undefined) model.set(name, sample);
            return;
          default: {
            if (stored === undefined) return;
            const version = stored.version + random.below(3);
            const next: ReplicaRecord = {
              ...stored,
              version,
              state: random.pick(['active', 'failed']),
              expiry: random.below(9000),
              size: random.below(5000),
              pieceId: piece(random.below(7)),
            };
            const fits = version === stored.version + 1;
            assert.equal(await index.updateReplica(next), fits);
            if (fits) model.set(name, next);
          }
        }
      };
      for (let i = 0; i < 500; i++) await change();
      assert.deepEqual(await assertConsistent(index, pieces), new Map([...model].sort()));
    });
  });
}
