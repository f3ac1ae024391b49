// PROTOCOL 8: an honest miner never fails, over 100,000 rounds. FILETAO_TEST_ROUNDS plays fewer.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const rounds = Number(process.env.FILETAO_TEST_ROUNDS ?? 100_000);
const worker = fileURLToPath(new URL('./honest-rounds-worker.js', import.meta.url));
const run = promisify(execFile);

test(`${rounds} honest rounds pass`, async (context) => {
  const processes = Math.min(availableParallelism(), 4);
  const share = Math.ceil(rounds / processes);
  const start = performance.now();
  const results = await Promise.all(
    Array.from({ length: processes }, async (_, i) => {
      const mine = Math.min(share, rounds - i * share);
      const { stdout } = await run(process.execPath, [worker, String(mine), `honest-${i}`]);
      return JSON.parse(stdout) as { passed: number; failures: string[] };
    }),
  );
  context.diagnostic(`${Math.round((performance.now() - start) / 1000)} s in ${processes} processes`);
  assert.deepEqual(
    results.flatMap(({ failures }) => failures),
    [],
  );
  assert.equal(
    results.reduce((sum, { passed }) => sum + passed, 0),
    rounds,
  );
});
