// What every backend of the two index ports must do. A backend's test file calls both functions with its
// factory; nothing here knows which backend it runs on.
import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { FileTaoError } from '../../../src/domain/model/errors.js';
import type { ReplicaRecord } from '../../../src/domain/model/records.js';
import type { HoldingIndex } from '../../../src/domain/ports/holding-index.js';
import type { PlacementIndex } from '../../../src/domain/ports/placement-index.js';
import { startProgram } from '../program.js';
import { seededRandom } from '../seeded-random.js';
import { openHoldingAt, openPlacementAt } from './backends.js';
import { all, assertConsistent, nameOf } from './consistency.js';
import { counted } from './counted.js';
import {
  bytes32,
  cid,
  claim,
  held,
  miner,
  object,
  piece,
  placedPiece,
  replica,
  root,
  validator,
} from './records.js';
import { type IndexBackend, killWriterUnderLoad } from './writer-crash.js';

const child = new URL('./child.js', import.meta.url);
const refusedWith =
  (code: string) =>
  (error: unknown): boolean =>
    error instanceof FileTaoError && error.code === code;

export type { IndexBackend } from './writer-crash.js';

export function placementIndexConformance(backend: IndexBackend): void {
  const opened = async (context: TestContext): Promise<[PlacementIndex, string]> => {
    const address = await backend.prepare(context);
    const index = await openPlacementAt(address);
    context.after(() => index.close());
    return [index, address];
  };

  describe(`placement index on ${backend.name}`, () => {
    test('objects are kept as put, replaced, listed and deleted', async (context) => {
      const [index] = await opened(context);
      const empty = object(0, { size: 0, pieceIds: [] });
      for (const record of [empty, object(1), object(2)]) await index.putObject(record);
      assert.deepEqual(await index.getObject(claim(0)), empty);
      assert.deepEqual(await index.getObject(claim(1)), object(1));
      assert.equal(await index.getObject(claim(9)), null);

      const moved = object(1, { pieceIds: [piece(3), piece(50), piece(50)], expiry: 9000 });
      await index.putObject(moved);
      assert.deepEqual(await index.getObject(claim(1)), moved);
      assert.deepEqual(await index.objectsOfPiece(piece(2)), [], 'a claim given up');
      assert.deepEqual(await index.objectsOfPiece(piece(3)), [claim(1)], 'a claim kept');
      assert.deepEqual(await index.objectsOfPiece(piece(50)), [claim(1)]);
      await index.putObject(object(5, { pieceIds: [piece(50)] }));
      assert.deepEqual(await index.objectsOfPiece(piece(50)), [claim(1), claim(5)]);

      const listed = await all((cursor, limit) => index.listObjects(cursor, limit), 1);
      assert.deepEqual(
        listed.map((record) => record.cid),
        [cid(0), cid(1), cid(2), cid(5)],
      );
      assert.deepEqual(await index.expiredObjects(1999, 10), []);
      assert.deepEqual(await index.expiredObjects(2002, 10), [claim(0), claim(2)]);
      assert.deepEqual(
        await index.expiredObjects(9000, 2),
        [claim(0), claim(2)],
        'oldest first, up to the limit',
      );

      assert.equal(await index.deleteObject(claim(1)), true);
      assert.equal(await index.deleteObject(claim(1)), false);
      assert.equal(await index.getObject(claim(1)), null);
      assert.deepEqual(await index.objectsOfPiece(piece(50)), [claim(5)]);
      assert.deepEqual(await index.expiredObjects(9000, 10), [claim(0), claim(2), claim(5)]);
    });

    test('several owners claim the same bytes, each on terms of its own', async (context) => {
      const [index] = await opened(context);
      const of = (n: number, owner: number, change = {}) => object(n, { owner: validator(owner), ...change });
      const first = of(1, 5, { expiry: 4000 });
      const second = of(1, 9, { expiry: 3000, pieceIds: [piece(2)], size: 64 });
      for (const record of [first, second, of(2, 9), of(3, 5)]) await index.putObject(record);
      assert.deepEqual(await index.claimsOf(cid(1), 10), [first, second]);
      assert.deepEqual(await index.claimsOf(cid(1), 1), [first]);
      assert.deepEqual(await index.claimsOf(cid(9), 10), []);
      assert.deepEqual(await index.getObject(second), second);
      assert.deepEqual(
        (await index.objectsOfPiece(piece(2))).map(({ owner }) => owner),
        [validator(5), validator(9)],
      );
      const owned = await all((cursor, limit) => index.listObjectsOf(validator(9), cursor, limit), 1);
      assert.deepEqual(owned, [second, of(2, 9)]);
      assert.deepEqual(await index.ownedBy(validator(9)), { objects: 2, bytes: 166 });
      await index.putObject({ ...second, size: 60, expiry: 5000 });
      await index.putObject({ ...second, size: 60, expiry: 5000 });
      assert.deepEqual(await index.ownedBy(validator(9)), { objects: 2, bytes: 162 });
      assert.deepEqual((await index.expiredObjects(4500, 10)).at(-1), { cid: cid(1), owner: validator(5) });

      assert.equal(await index.deleteObject(first), true);
      assert.equal(await index.deleteObject(first), false);
      assert.deepEqual(await index.claimsOf(cid(1), 10), [{ ...second, size: 60, expiry: 5000 }]);
      assert.deepEqual(await index.objectsOfPiece(piece(2)), [claim(1, 9)]);
      assert.deepEqual(await index.objectsOfPiece(piece(3)), []);
      assert.deepEqual(await index.ownedBy(validator(5)), { objects: 1, bytes: 103 });
      await index.deleteObject(of(3, 5));
      assert.deepEqual(await index.ownedBy(validator(5)), { objects: 0, bytes: 0 });
      assert.deepEqual(await all((cursor, limit) => index.listObjectsOf(validator(5), cursor, limit), 5), []);
    });

    test('an object of the largest manifest fits, and pages of large objects end early', async (context) => {
      const [index] = await opened(context);
      const manifest = new Uint8Array(64 + 4 * 1024 * 1024).fill(7);
      const pieceIds = Array.from({ length: 65536 }, (_, i) => piece(i));
      await index.putObject(object(1, { manifest, pieceIds }));
      assert.deepEqual(await index.getObject(claim(1)), object(1, { manifest, pieceIds }));
      for (const n of [2, 3, 4]) await index.putObject(object(n, { manifest }));
      const page = await index.listObjects(null, 100);
      assert.ok(page.items.length < 4 && page.next !== null, `${page.items.length} objects in one page`);
      assert.equal((await all((cursor, limit) => index.listObjects(cursor, limit), 100)).length, 4);
    });

    test('pieces only move up, and go when nothing refers to them', async (context) => {
      const [index] = await opened(context);
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
      const [index] = await opened(context);
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
      const [index] = await opened(context);
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
      const [index] = await opened(context);
      await index.addReplica(replica(1));
      const results = await Promise.all(
        Array.from({ length: 50 }, (_, n) => index.updateReplica({ ...replica(1), n, version: 2 })),
      );
      assert.equal(results.filter(Boolean).length, 1);
      assert.equal((await index.getReplica(replica(1)))!.n, results.indexOf(true));
    });

    test('state, size, expiry and piece of a replica move it in every listing', async (context) => {
      const [index] = await opened(context);
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

    test('attempts are counted, also many at once, and a new window keeps lifetime successes', async (context) => {
      const [index] = await opened(context);
      const none = { store: 0, challenge: 0, retrieve: 0 };
      assert.deepEqual(await index.statistics(miner(1)), {
        minerKey: miner(1),
        attempts: none,
        successes: none,
        totalSuccesses: 0,
        tier: 'Bronze',
      });
      assert.deepEqual(await index.listStatistics(), []);
      await Promise.all([
        ...Array.from({ length: 30 }, (_, n) => index.count(counted(miner(1), 'challenge', n % 3 === 0))),
        index.count(counted(miner(1), 'store', true)),
        index.count(counted(miner(2), 'retrieve', false)),
      ]);
      const before = await index.statistics(miner(1));
      assert.deepEqual(before.attempts, { store: 1, challenge: 30, retrieve: 0 });
      assert.deepEqual(before.successes, { store: 1, challenge: 10, retrieve: 0 });
      assert.equal(await index.window(), 0);
      assert.equal(before.tier, 'Bronze');
      const judgements = (await index.listStatistics()).map((record) => ({
        ...record,
        tier: 'Gold' as const,
      }));
      // comes after the judgement, so it belongs to the window that begins
      await index.count(counted(miner(1), 'challenge', true));
      const rolled = await Promise.all([
        index.rollWindow(7, judgements),
        index.rollWindow(7, judgements),
        index.count(counted(miner(3), 'store', true)),
      ]);
      assert.deepEqual(rolled.slice(0, 2).sort(), [false, true], 'of two that roll at once one does');
      assert.equal(await index.window(), 7);
      assert.equal(await index.rollWindow(6, judgements), false, 'an earlier window');
      await index.count(counted(miner(1), 'store', true));
      const after = await index.listStatistics();
      assert.deepEqual(
        after.map((record) => [
          record.minerKey,
          record.attempts.challenge,
          record.totalSuccesses,
          record.tier,
        ]),
        [
          [miner(1), 1, 13, 'Gold'],
          [miner(2), 0, 0, 'Gold'],
          [miner(3), 0, 1, 'Bronze'],
        ],
      );
    });

    test('an answer counts once while it waits, and waits until it is settled', async (context) => {
      const [index] = await opened(context);
      const answers = Array.from({ length: 300 }, (_, n) => counted(miner(n % 3), 'retrieve', n % 2 === 0));
      const first = await Promise.all([...answers, ...answers].map((answer) => index.count(answer)));
      assert.equal(first.filter((isNew) => isNew).length, 300);
      assert.equal((await index.statistics(miner(0))).attempts.retrieve, 100);
      const byDigest = (list: readonly { readonly transcript: Uint8Array }[]) =>
        [...list].sort((a, b) => Buffer.compare(a.transcript, b.transcript));
      const copy = (list: typeof answers) =>
        list.map((answer) => ({ ...answer, transcript: Buffer.from(answer.transcript) }));
      assert.deepEqual(
        byDigest(copy([...(await index.waitingAnswers(1000))])),
        byDigest(copy(answers)),
        'with every field',
      );
      assert.equal((await index.waitingAnswers(7)).length, 7);
      await index.settleAnswers(answers.slice(10).map(({ transcript }) => transcript));
      await index.settleAnswers(answers.slice(0, 20).map(({ transcript }) => transcript));
      assert.deepEqual(await index.waitingAnswers(1000), []);
      assert.equal((await index.statistics(miner(0))).attempts.retrieve, 100, 'counts stay');
      await assert.rejects(
        index.count({ ...answers[0]!, transcript: new Uint8Array(31) }),
        refusedWith('bad-input'),
      );
      await index.close();
    });

    test('counts are put as they were elsewhere', async (context) => {
      const [index] = await opened(context);
      await index.count(counted(miner(1), 'store', false));
      const moved = {
        minerKey: miner(1),
        attempts: { store: 5, challenge: 2 ** 53 - 1, retrieve: 0 },
        successes: { store: 4, challenge: 2 ** 53 - 1, retrieve: 0 },
        totalSuccesses: 2 ** 53 - 1,
        tier: 'Super Saiyan' as const,
      };
      await index.putStatistics(moved);
      assert.deepEqual(await index.statistics(miner(1)), moved);
      assert.deepEqual(await index.listStatistics(), [moved]);
    });

    test('promised bytes count until they are settled, taken back or run out', async (context) => {
      const [index] = await opened(context);
      const promise = (n: number, bytes: number, until: number, of = miner(1)) => ({
        minerKey: of,
        id: root(n),
        bytes,
        until,
      });
      await index.addReplica(replica(1, { size: 400 }));
      assert.equal(await index.promise(promise(1, 300, 100), 50, 1000), true);
      assert.equal(await index.promise(promise(2, 301, 100), 50, 1000), false, 'one byte over');
      assert.equal(await index.promise(promise(2, 300, 200), 50, 1000), true, 'exactly full');
      assert.equal(await index.promise(promise(3, 1, 200), 50, 1000), false);
      assert.equal(await index.promise(promise(3, 1000, 200, miner(2)), 50, 1000), true, 'another miner');
      assert.equal(await index.promisedBytes(miner(1), 50), 600);
      assert.equal(await index.promisedBytes(miner(1), 100), 300, 'the first has run out');
      assert.equal(await index.promise(promise(2, 600, 300), 100, 1000), true, 'the same again replaces');
      assert.equal(await index.promisedBytes(miner(1), 100), 600);
      assert.equal(await index.addReplica(replica(6, { size: 600 }), root(2)), true);
      assert.equal(await index.promisedBytes(miner(1), 100), 0, 'settled with its replica');
      assert.equal(await index.usedBytes(miner(1)), 1000);
      assert.equal(await index.releasePromise(miner(2), root(3)), true);
      assert.equal(await index.releasePromise(miner(2), root(3)), false);
      assert.equal(await index.promisedBytes(miner(2), 0), 0);
      await assert.rejects(index.promise(promise(4, -1, 200), 50, 1000), refusedWith('bad-input'));
      await assert.rejects(
        index.promise({ ...promise(4, 1, 200), id: 'x' }, 50, 1000),
        refusedWith('bad-input'),
      );
      const many = await Promise.all(
        Array.from({ length: 40 }, (_, n) => index.promise(promise(100 + n, 100, 900, miner(3)), 50, 1000)),
      );
      assert.equal(many.filter(Boolean).length, 10, 'promises at once never exceed the limit');
    });

    test('pieces are listed in order, page by page', async (context) => {
      const [index] = await opened(context);
      for (const n of [3, 1, 2]) await index.putPiece(placedPiece(n));
      const listed = await all((cursor, limit) => index.listPieces(cursor, limit), 2);
      assert.deepEqual(listed, [placedPiece(1), placedPiece(2), placedPiece(3)]);
    });

    test('a wrong id or record is refused, and nothing changes', async (context) => {
      const [index] = await opened(context);
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
      const [index] = await opened(context);
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

    test('two processes advance one replica: no update is lost, no chain forks', {
      skip: backend.oneProcess ?? false,
    }, async (context) => {
      const [index, address] = await opened(context);
      const rounds = 150;
      await index.addReplica(replica(1));
      const names = ['a', 'b'];
      const programs = names.map((name) =>
        startProgram(context, child, ['advance', address, name, String(rounds)]),
      );
      const claims: string[][] = await Promise.all(
        programs.map(async (program) => {
          const own: string[] = [];
          for await (const line of program.lines) own.push(line);
          await program.end();
          return own;
        }),
      );
      const byVersion = new Map<number, string>();
      for (const line of claims.flat()) {
        const [version, name] = line.split(' ') as [string, string];
        assert.ok(!byVersion.has(Number(version)), `version ${version} was claimed by both`);
        byVersion.set(Number(version), name);
      }
      let link = replica(1).link;
      for (let version = 2; version <= 1 + 2 * rounds; version++) {
        const name = byVersion.get(version);
        assert.ok(name, `version ${version} was claimed by nobody`);
        link = Uint8Array.from(link, (byte, i) => (byte * 31 + i + name.charCodeAt(0)) & 0xff);
      }
      const last = (await index.getReplica(replica(1)))!;
      assert.deepEqual([last.n, last.version], [2 * rounds, 1 + 2 * rounds]);
      assert.deepEqual(last.link, link, 'the chain is the acknowledged one');
      const switches = [...byVersion].sort(([a], [b]) => a - b).map(([, name]) => name);
      context.diagnostic(
        `the writer changed ${switches.filter((name, i) => i > 0 && name !== switches[i - 1]).length} times`,
      );
    });

    test(
      'kill -9 of a writer: what it acknowledged is there, and the others go on',
      {
        skip: backend.oneProcess ?? false,
      },
      (context) => killWriterUnderLoad(context, backend, 10),
    );

    test('a closed index refuses work, and closing waits for what is under way', async (context) => {
      const address = await backend.prepare(context);
      const index = await openPlacementAt(address);
      const underWay = index.addReplica(replica(1));
      await index.close();
      await index.close();
      assert.equal(await underWay, true);
      await assert.rejects(index.getReplica(replica(1)), refusedWith('internal'));
      await assert.rejects(index.addReplica(replica(2)), refusedWith('internal'));
      const [again, beside] = await Promise.all([openPlacementAt(address), openPlacementAt(address)]);
      assert.deepEqual(await again.getReplica(replica(1)), replica(1));
      await again.close();
      assert.equal(await beside.removeReplica(replica(1)), true, 'another handle stays open');
      await beside.close();
    });
  });
}

export function holdingIndexConformance(backend: IndexBackend): void {
  const opened = async (context: TestContext): Promise<[HoldingIndex, string]> => {
    const address = await backend.prepare(context);
    const index = await openHoldingAt(address);
    context.after(() => index.close());
    return [index, address];
  };

  describe(`holding index on ${backend.name}`, () => {
    test('replicas are put, replaced, renewed and removed, and bytes are counted', async (context) => {
      const [index, address] = await opened(context);
      assert.equal(await index.get(held(1)), null);
      assert.equal(await index.usedBytes(), 0);
      for (let n = 0; n < 10; n++) await index.put(held(n));
      assert.deepEqual(await index.get(held(4)), held(4));
      assert.equal(await index.usedBytes(), 10 * 1000 + 45);
      assert.equal(await index.usedBytesOf(validator(1)), 3000 + 1 + 4 + 7);
      await index.put(held(4, { size: 1, expiry: 100 }));
      assert.equal(await index.usedBytesOf(validator(1)), 2001 + 1 + 7);
      assert.equal(await index.usedBytesOf(validator(9)), 0);

      assert.equal((await index.renew(held(4), 50))!.expiry, 100, 'never earlier');
      assert.equal((await index.renew(held(4), 7000))!.expiry, 7000);
      assert.equal((await index.get(held(4)))!.expiry, 7000);
      assert.equal(await index.renew(held(44), 7000), null);
      assert.deepEqual(
        (await index.expired(5000, 3)).map((id) => id.root),
        [root(9), root(8), root(7)],
      );
      assert.deepEqual((await index.expired(7000, 100)).at(-1)!.root, root(4));
      assert.deepEqual(await index.expired(4990, 100), []);

      assert.equal(await index.remove(held(9)), true);
      assert.equal(await index.remove(held(9)), false);
      const second = await openHoldingAt(address);
      const listed = await all((cursor, limit) => second.list(cursor, limit), 2);
      assert.deepEqual(
        listed.map((record) => record.root).sort(),
        Array.from({ length: 9 }, (_, n) => root(n)),
      );
      assert.equal(
        listed.reduce((sum, record) => sum + record.size, 0),
        await second.usedBytes(),
      );
      for (const n of [0, 1, 2]) {
        const own = await all((cursor, limit) => second.listOf(validator(n), cursor, limit), 2);
        const expected = listed.filter((record) => record.validatorKey === validator(n));
        assert.deepEqual(own, expected, 'the replicas of one validator');
      }
      await second.close();
    });

    test('an answer is noted, and one to an unknown replica is not', async (context) => {
      const [index] = await opened(context);
      await index.put(held(1));
      await index.noteAnswer(held(1), 17, bytes32(3));
      assert.deepEqual(await index.get(held(1)), held(1, { lastN: 17, link: bytes32(3) }));
      await index.put(held(3, { size: 0 }));
      assert.equal(await index.remove(held(3)), true, 'a size of 0 is counted too');
      await index.noteAnswer(held(2), 17, bytes32(3));
      assert.equal(await index.get(held(2)), null);
    });

    test('changes at once keep the sums right', async (context) => {
      const [index] = await opened(context);
      const random = seededRandom(context);
      await Promise.all(
        Array.from({ length: 300 }, () => {
          const n = random.below(20);
          return random.below(3) === 0
            ? index.remove(held(n))
            : index.put(held(n, { size: random.below(5000), expiry: random.below(9000) }));
        }),
      );
      const listed = await all((cursor, limit) => index.list(cursor, limit), 100);
      const bytesOf = (records: typeof listed) => records.reduce((sum, record) => sum + record.size, 0);
      assert.equal(await index.usedBytes(), bytesOf(listed));
      for (const n of [0, 1, 2])
        assert.equal(
          await index.usedBytesOf(validator(n)),
          bytesOf(listed.filter((record) => record.validatorKey === validator(n))),
        );
      const filed = await index.expired(9000, 100);
      assert.deepEqual(filed.map((id) => id.root).sort(), listed.map((record) => record.root).sort());
    });

    test('a wrong id or record is refused', async (context) => {
      const [index] = await opened(context);
      await assert.rejects(index.get({ ...held(1), root: '../..' as never }), refusedWith('bad-input'));
      await assert.rejects(
        index.put(held(1, { receipt: new Uint8Array(100_000) })),
        refusedWith('bad-input'),
      );
      await assert.rejects(index.put(held(1, { size: -5 })), refusedWith('bad-input'));
      assert.equal(await index.usedBytes(), 0);
    });
  });
}
