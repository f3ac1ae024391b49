// What every placement index must do with objects and their owners.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { all } from '../consistency.js';
import { cid, claim, object, piece, validator } from '../records.js';
import type { IndexBackend } from '../writer-crash.js';
import { openedPlacement } from './opened.js';

export function placementObjects(backend: IndexBackend): void {
  describe(`placement index on ${backend.name}: objects`, () => {
    test('objects are kept as put, replaced, listed and deleted', async (context) => {
      const [index] = await openedPlacement(backend, context);
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
      const [index] = await openedPlacement(backend, context);
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
      const [index] = await openedPlacement(backend, context);
      const manifest = new Uint8Array(64 + 4 * 1024 * 1024).fill(7);
      const pieceIds = Array.from({ length: 65536 }, (_, i) => piece(i));
      await index.putObject(object(1, { manifest, pieceIds }));
      assert.deepEqual(await index.getObject(claim(1)), object(1, { manifest, pieceIds }));
      for (const n of [2, 3, 4]) await index.putObject(object(n, { manifest }));
      const page = await index.listObjects(null, 100);
      assert.ok(page.items.length < 4 && page.next !== null, `${page.items.length} objects in one page`);
      assert.equal((await all((cursor, limit) => index.listObjects(cursor, limit), 100)).length, 4);
    });
  });
}
