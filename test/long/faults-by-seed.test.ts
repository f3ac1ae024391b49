// Faults by seed, as many as go into the time there is: 20,000 seeds, or 40 minutes. The short form is
// test/nodes/faults-by-seed.test.ts. FILETAO_TEST_SEED repeats.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { playFaults } from '../nodes/faulty/history.js';
import { report } from '../nodes/faulty/report.js';
import { Happenings } from '../nodes/simulated/happenings.js';

const seeds = Number(process.env.FILETAO_TEST_SEEDS ?? 20_000);
const minutesMax = Number(process.env.FILETAO_TEST_MINUTES ?? 40);
const firstSeed = Number(process.env.FILETAO_TEST_SEED ?? Math.floor(Math.random() * 2 ** 31));

test(`up to ${seeds} seeds of faults in ${minutesMax} minutes`, async (context) => {
  context.diagnostic(`FILETAO_TEST_SEED=${firstSeed}`);
  const end = performance.now() + minutesMax * 60_000;
  const found: string[] = [];
  const happenings = new Happenings();
  let played = 0;
  for (; played < seeds && performance.now() < end; played++) {
    const history = await playFaults(firstSeed + played);
    happenings.add(history.happened);
    for (const violation of history.violations) found.push(`seed ${history.seed}: ${violation}`);
  }
  context.diagnostic(`${played} seeds`);
  for (const line of report(happenings)) context.diagnostic(line);
  assert.deepEqual(
    found,
    [],
    'play one again: FILETAO_TEST_SEED=… FILETAO_TEST_SEEDS=1 npm test -- faults-by-seed',
  );
});
