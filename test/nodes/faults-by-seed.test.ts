// Faults by seed: every process may crash at every await, disks fail, clocks jump, messages are lost, repeated and
// reordered; no acknowledged piece may be lost while an honest replica of it survives, no honest miner may fail a proof,
// and the transcripts must tell one story. FILETAO_TEST_SEED=n FILETAO_TEST_SEEDS=1 plays one seed again.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { playFaults } from './faulty/history.js';
import { keptSeeds } from './faulty/kept-seeds.js';
import { report } from './faulty/report.js';
import type { Mutations } from './faulty/world.js';
import { Happenings } from './simulated/happenings.js';

const seeds = Number(process.env.FILETAO_TEST_SEEDS ?? 200);
const firstSeed = Number(process.env.FILETAO_TEST_SEED ?? Math.floor(Math.random() * 2 ** 31));

test(`nothing is lost and nobody honest is blamed, over ${seeds} seeds of faults`, async (context) => {
  context.diagnostic(`FILETAO_TEST_SEED=${firstSeed}`);
  const sums = { rounds: 0, acknowledged: 0, repaired: 0 };
  const happenings = new Happenings();
  for (let seed = firstSeed; seed < firstSeed + seeds; seed++) {
    const history = await playFaults(seed);
    sums.rounds += history.rounds;
    sums.acknowledged += history.acknowledged;
    sums.repaired += history.repaired;
    happenings.add(history.happened);
    assert.deepEqual(
      history.violations,
      [],
      `play it again: FILETAO_TEST_SEED=${seed} FILETAO_TEST_SEEDS=1 npm test -- faults-by-seed\n${history.steps.join('\n')}`,
    );
  }
  const { rounds, acknowledged, repaired } = sums;
  context.diagnostic(`${rounds} rounds, ${acknowledged} pieces, ${repaired} repairs`);
  for (const line of report(happenings)) context.diagnostic(line);
});

test('seeds that once found something', async () => {
  for (const { seed, found } of keptSeeds) assert.deepEqual((await playFaults(seed)).violations, [], found);
});

test('the same seed plays the same history', async () => {
  const [one, two] = [await playFaults(7), await playFaults(7)];
  assert.deepEqual(one, two);
});

const planted: Readonly<Record<string, { readonly mutations: Mutations; readonly finds: RegExp }>> = {
  'a receipt before the data is safe': {
    mutations: { receiptBeforeSync: true },
    finds: /failed an honest miner|is lost|did not get back/,
  },
  'a ledger that forgets': {
    mutations: { ledgerNotDurable: true },
    finds: /validator \d reads validator \d: ledger entry \d+, chain/,
  },
  'a ledger that says something else than the validator reckons by': {
    mutations: { ledgerFlatters: true },
    finds: /validator \d reads validator \d: ledger entry \d+, figure: reward/,
  },
  'an index that forgets': {
    mutations: { indexNotDurable: true },
    finds: /rounds of the same n|link|follow/,
  },
};

for (const [bug, { mutations, finds }] of Object.entries(planted)) {
  test(`a planted bug is found: ${bug}`, async (context) => {
    for (let seed = 1; seed <= 200; seed++) {
      const { violations } = await playFaults(seed, mutations);
      if (!violations.some((violation) => finds.test(violation))) continue;
      context.diagnostic(`found by seed ${seed}`);
      return;
    }
    assert.fail('200 seeds do not find it');
  });
}
