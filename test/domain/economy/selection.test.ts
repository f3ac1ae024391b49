// The choice of miners from a block's hash: fixed by vectors, fair by count, repeatable by anyone.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { blake3 } from '@noble/hashes/blake3.js';
import fc from 'fast-check';
import {
  roundBlock,
  selectionTasks,
  selectMiners,
  verifySelection,
} from '../../../src/domain/economy/selection.js';
import { propertyOptions } from '../../property-options.js';

const hashOf = (text: string): Uint8Array => createHash('sha256').update(text).digest();
const uids = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

test('vectors: the algorithm is what it is', () => {
  const zero = new Uint8Array(32);
  assert.deepEqual(selectMiners(zero, 'challenge', uids(10), 3), [9, 0, 8]);
  assert.deepEqual(
    selectMiners(hashOf('vector'), 'store', uids(256), 15),
    [4, 89, 1, 168, 190, 180, 244, 56, 230, 122, 28, 78, 195, 159, 65],
  );
});

test('a plain reading of the algorithm gives the same', () => {
  for (let round = 0; round < 50; round++) {
    const hash = hashOf(`plain ${round}`);
    const material = Buffer.concat([hash, Buffer.from('retrieve')]);
    const stream = blake3(material, { context: Buffer.from('filetao v1 selection'), dkLen: 4096 });
    const view = new DataView(stream.buffer, stream.byteOffset);
    let at = 0;
    const left = uids(33);
    const chosen: number[] = [];
    while (chosen.length < 12) {
      const m = left.length;
      let value = view.getUint32(4 * at++, true);
      while (value >= Math.floor(2 ** 32 / m) * m) value = view.getUint32(4 * at++, true);
      // what the swap does: the drawn one leaves, the first takes its place
      const j = value % m;
      const drawn = left[j]!;
      left[j] = left[0]!;
      left.shift();
      chosen.push(drawn);
    }
    assert.deepEqual(selectMiners(hash, 'retrieve', uids(33), 12), chosen);
  }
});

test('each candidate once, in any order of candidates the same, and verified', (t) => {
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 32, maxLength: 32 }),
      fc.constantFrom(...selectionTasks),
      fc.uniqueArray(fc.nat(65535), { maxLength: 60 }),
      fc.nat(70),
      (hash, task, candidates, k) => {
        const chosen = selectMiners(hash, task, candidates, k);
        assert.equal(chosen.length, Math.min(k, candidates.length));
        assert.equal(new Set(chosen).size, chosen.length);
        assert.ok(chosen.every((uid) => candidates.includes(uid)));
        assert.deepEqual(selectMiners(hash, task, [...candidates].reverse(), k), chosen);
        assert.ok(verifySelection(hash, task, candidates, k, [...chosen].reverse()));
        const other = candidates.find((uid) => !chosen.includes(uid));
        if (chosen.length > 0 && other !== undefined)
          assert.ok(!verifySelection(hash, task, candidates, k, [other, ...chosen.slice(1)]));
        assert.ok(!verifySelection(hash, task, candidates, k, [...chosen, 70_000]));
        if (chosen.length > 1)
          assert.ok(!verifySelection(hash, task, candidates, k, [...chosen.slice(1), chosen[1]!]));
        // a longer choice begins with the shorter one
        assert.deepEqual(selectMiners(hash, task, candidates, k + 5).slice(0, k), chosen);
      },
    ),
    propertyOptions(t, 500),
  );
});

test('every candidate comes as often as every other: chi squared over 20,000 rounds', () => {
  const [rounds, n, k] = [20_000, 24, 6];
  const counts = new Array<number>(n).fill(0);
  for (let round = 0; round < rounds; round++)
    for (const uid of selectMiners(hashOf(`round ${round}`), 'challenge', uids(n), k)) counts[uid]!++;
  const expected = (rounds * k) / n;
  const chiSquared = counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
  // 23 degrees of freedom: above 50 once in a thousand; the rounds are fixed, so it holds always or never
  assert.ok(chiSquared < 50, `chi squared ${chiSquared}`);
});

test('tasks of one round choose apart', () => {
  const choices = selectionTasks.map((task) => selectMiners(hashOf('one'), task, uids(200), 10).join());
  assert.equal(new Set(choices).size, selectionTasks.length);
});

test('a round is three blocks', () => {
  assert.deepEqual([0, 1, 2, 3, 4, 5, 6].map(roundBlock), [0, 0, 0, 3, 3, 3, 6]);
});
