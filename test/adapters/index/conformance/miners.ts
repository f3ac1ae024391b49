// What every placement index must keep of miners: counts, and bytes promised to them.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { miner, replica, root } from '../records.js';
import type { IndexBackend } from '../writer-crash.js';
import { openedPlacement, refusedWith } from './opened.js';

export function placementMiners(backend: IndexBackend): void {
  describe(`placement index on ${backend.name}: miners`, () => {
    test('attempts are counted, also many at once, and a new window keeps lifetime successes', async (context) => {
      const [index] = await openedPlacement(backend, context);
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
        ...Array.from({ length: 30 }, (_, n) => index.count(miner(1), 'challenge', n % 3 === 0)),
        index.count(miner(1), 'store', true),
        index.count(miner(2), 'retrieve', false),
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
      await index.count(miner(1), 'challenge', true);
      const rolled = await Promise.all([
        index.rollWindow(7, judgements),
        index.rollWindow(7, judgements),
        index.count(miner(3), 'store', true),
      ]);
      assert.deepEqual(rolled.slice(0, 2).sort(), [false, true], 'of two that roll at once one does');
      assert.equal(await index.window(), 7);
      assert.equal(await index.rollWindow(6, judgements), false, 'an earlier window');
      await index.count(miner(1), 'store', true);
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

    test('counts are put as they were elsewhere', async (context) => {
      const [index] = await openedPlacement(backend, context);
      await index.count(miner(1), 'store', false);
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
      const [index] = await openedPlacement(backend, context);
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
  });
}
