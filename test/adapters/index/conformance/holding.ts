// What every holding index must do.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { seededRandom } from '../../seeded-random.js';
import { openHoldingAt } from '../backends.js';
import { all } from '../consistency.js';
import { bytes32, held, root, validator } from '../records.js';
import type { IndexBackend } from '../writer-crash.js';
import { openedHolding, refusedWith } from './opened.js';

export function holdingIndexConformance(backend: IndexBackend): void {
  describe(`holding index on ${backend.name}`, () => {
    test('replicas are put, replaced, renewed and removed, and bytes are counted', async (context) => {
      const [index, address] = await openedHolding(backend, context);
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
      const [index] = await openedHolding(backend, context);
      await index.put(held(1));
      await index.noteAnswer(held(1), 17, bytes32(3));
      assert.deepEqual(await index.get(held(1)), held(1, { lastN: 17, link: bytes32(3) }));
      await index.put(held(3, { size: 0 }));
      assert.equal(await index.remove(held(3)), true, 'a size of 0 is counted too');
      await index.noteAnswer(held(2), 17, bytes32(3));
      assert.equal(await index.get(held(2)), null);
    });

    test('changes at once keep the sums right', async (context) => {
      const [index] = await openedHolding(backend, context);
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
      const [index] = await openedHolding(backend, context);
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
