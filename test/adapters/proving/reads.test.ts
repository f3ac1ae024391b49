// A worker reads a replica once, from front to back, in whole steps: counted, so that no clock is asked.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { ProvingPool } from '../../../src/adapters/proving/pool.js';
import { STEP_BYTES } from '../../../src/domain/core/instance.js';
import { pseudoData } from '../../model/pseudo-data.js';
import { temporaryFolder } from '../temporary-folder.js';

test('a proof and a digest read each byte of the file once', async (t) => {
  const folder = await temporaryFolder(t);
  const path = join(folder, 'replica');
  const pool = new ProvingPool({ threads: 1, workerFile: new URL('./counting-worker.js', import.meta.url) });
  try {
    for (const size of [1, 1024, STEP_BYTES, STEP_BYTES + 1, 5 * STEP_BYTES - 7]) {
      const data = pseudoData(size);
      writeFileSync(path, data);
      const starts = Array.from({ length: Math.ceil(size / STEP_BYTES) }, (_, i) => i * STEP_BYTES);
      const expected = starts.map((at) => [at, Math.min(STEP_BYTES, size - at)]);
      const readBy = async (work: Promise<unknown>): Promise<unknown> => {
        await work;
        return JSON.parse(readFileSync(`${path}.reads`, 'utf8'));
      };
      const key = pseudoData(32, 2);
      const proof = pool.prove({ path, size, key, chunkSize: 1024, blinding: pseudoData(32, 3) });
      assert.deepEqual(await readBy(proof), expected);
      const digest = pool.digest({ path, size, keys: [key, pseudoData(32, 4)], outboard: true });
      assert.deepEqual(await readBy(digest), expected);
    }
  } finally {
    await pool.close();
  }
});
