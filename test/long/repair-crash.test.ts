// A hundred repairs, each killed with -9 at two random points before it is left alone.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { crashRepairs } from '../nodes/validator/repair-crash.js';

test('100 repairs killed at random points: all replicas are back each time, and no byte is lost', async (t) => {
  const seed = Number(process.env.FILETAO_TEST_SEED ?? Math.floor(Math.random() * 2 ** 31));
  t.diagnostic(`FILETAO_TEST_SEED=${seed}`);
  const counts = await crashRepairs(t, { rounds: 100, seed, killsPerRound: 2 });
  t.diagnostic(JSON.stringify(counts));
  assert.equal(counts.restored, 200);
  assert.ok(counts.inTheMiddle > 20, 'kills hit repairs under way');
});
