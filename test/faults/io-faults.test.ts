// Failing file operations on a disk in memory; test/long/io-faults.test.ts does the same on a real one.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { powerLossFiles } from '../adapters/system/power-loss-files.js';
import { failEveryOperation, playWithFailure } from './io-faults.js';
import { type Workload, workloads } from './workloads.js';

for (const workload of workloads) {
  test(`${workload.name}: whichever operation fails, nothing is lost, nothing leaks, a retry works`, (t) =>
    failEveryOperation(t, workload, async () => ({ disk: powerLossFiles(), folder: '/data' })));
}

test('a writer that acknowledges before it is on the disk is caught', async () => {
  const hasty: Workload = {
    name: 'hasty',
    start: async (files) => ({
      steps: [
        {
          key: 'file',
          async run() {
            await files.create('/file').then(
              (file) => file.close(),
              () => {},
            );
            return 'there';
          },
        },
      ],
      close: async () => {},
    }),
    read: async (files) => new Map([['file', (await files.size('/file')) === null ? 'absent' : 'there']]),
  };
  await assert.rejects(playWithFailure(hasty, powerLossFiles(), '/nowhere', 0, 'EIO'), /was acknowledged/);
});
