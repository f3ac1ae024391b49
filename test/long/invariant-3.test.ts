// Invariant 3 over many and longer histories; the short form is test/nodes/invariant-3.test.ts.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { playHistory } from '../nodes/simulated/history.js';

const firstSeed = Number(process.env.FILETAO_TEST_SEED ?? Math.floor(Math.random() * 2 ** 31));
const histories = 1500;

test(`an honest miner passes after any of ${histories} long histories`, async (context) => {
  context.diagnostic(`FILETAO_TEST_SEED=${firstSeed}`);
  let rounds = 0;
  for (let seed = firstSeed; seed < firstSeed + histories; seed++) {
    const history = await playHistory(seed, { steps: 20 + (seed % 100) });
    rounds += history.rounds;
    assert.deepEqual(history.violations, [], `seed ${seed}:\n${history.steps.join('\n')}`);
  }
  context.diagnostic(`${rounds} rounds`);
});
