// PROTOCOL 9, invariant 3: any delay, duplication, reordering, crash or restore leaves an honest miner able to pass,
// and never failed for what it did not do. Histories are explored over the real state machines; FILETAO_TEST_SEED
// repeats them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { playHistory } from './simulated/history.js';
import type { Mutations } from './simulated/world.js';

/** About three seconds' worth; test/long/ has more and longer ones. */
const histories = 60;
const firstSeed = Number(process.env.FILETAO_TEST_SEED ?? Math.floor(Math.random() * 2 ** 31));

test('an honest miner passes after any history', async (context) => {
  context.diagnostic(`FILETAO_TEST_SEED=${firstSeed}`);
  let rounds = 0;
  let retrievals = 0;
  for (let seed = firstSeed; seed < firstSeed + histories; seed++) {
    const history = await playHistory(seed);
    rounds += history.rounds;
    retrievals += history.retrievals;
    assert.deepEqual(history.violations, [], `seed ${seed}:\n${history.steps.join('\n')}`);
  }
  context.diagnostic(`${histories} histories, ${rounds} rounds, ${retrievals} retrievals`);
  assert.ok(rounds > 50, 'histories hold rounds');
});

const planted: Readonly<Record<string, { readonly mutations: Mutations; readonly finds: RegExp }>> = {
  'the link moves on although the round failed': {
    mutations: { linkAdvancesOnFail: true },
    finds: /does not name the link of the last passed round/,
  },
  "the miner's own link governs": {
    mutations: { ownLinkGoverns: true },
    finds: /failed an honest miner: forbidden|did not pass the next round/,
  },
  'n is not durable': {
    mutations: { indexNotDurable: true },
    finds: /two challenges of the same n/,
  },
  'blindings are drawn, not derived': {
    mutations: { blindingsNotDerived: true },
    finds: /failed an honest miner: commitment-changed/,
  },
};

for (const [bug, { mutations, finds }] of Object.entries(planted)) {
  test(`a planted bug is found: ${bug}`, async (context) => {
    for (let seed = 1; seed <= 150; seed++) {
      const { violations } = await playHistory(seed, { mutations });
      if (!violations.some((violation) => finds.test(violation))) continue;
      context.diagnostic(`found by history ${seed}`);
      return;
    }
    assert.fail('150 histories do not find it');
  });
}
