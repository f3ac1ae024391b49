// Two repairs of a validator that is killed in the middle; test/long holds the hundred.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { crashRepairs } from './repair-crash.js';

test('a repair that is killed with -9 is taken up again, and no byte is lost', async (t) => {
  const seed = Number(process.env.FILETAO_TEST_SEED ?? Math.floor(Math.random() * 2 ** 31));
  t.diagnostic(`FILETAO_TEST_SEED=${seed}`);
  const counts = await crashRepairs(t, { rounds: 2, seed });
  t.diagnostic(JSON.stringify(counts));
  assert.equal(counts.restored, 4);
});
