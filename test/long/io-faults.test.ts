// Failing file operations on the real file system, where descriptors are counted by the system itself.
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { test } from 'node:test';
import { systemFiles } from '../../src/adapters/system/files.js';
import { temporaryFolder } from '../adapters/temporary-folder.js';
import { failEveryOperation } from '../faults/io-faults.js';
import { workloads } from '../faults/workloads.js';

for (const workload of workloads) {
  test(`${workload.name}: whichever operation of the real disk fails`, async (t) => {
    const root = await temporaryFolder(t);
    await failEveryOperation(t, workload, async () => {
      const folder = join(root, randomUUID());
      await systemFiles.makeFolder(folder);
      return { disk: systemFiles, folder };
    });
  });
}
