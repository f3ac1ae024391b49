// A file's way through the core: read in this thread, or overlapped with the core's work.
import assert from 'node:assert/strict';
import { createCipheriv } from 'node:crypto';
import { truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { passFile } from '../../../src/adapters/proving/file-pass.js';
import { loadCore } from '../../../src/adapters/proving/load-core.js';
import { ProvingError } from '../../../src/adapters/proving/proving-error.js';
import { STEP_BYTES } from '../../../src/domain/core/instance.js';
import { pseudoData } from '../../model/pseudo-data.js';
import { openDescriptors } from '../open-descriptors.js';
import { temporaryFolder } from '../temporary-folder.js';

const core = loadCore('simd', { window: 11 });
const ways = { 'in this thread': 0, overlapped: Number.POSITIVE_INFINITY };
const encodeKey = pseudoData(32, 2);

for (const [way, waitedBelow] of Object.entries(ways)) {
  test(`${way}: the core gets the file's bytes, encoded where told to`, async (t) => {
    const path = join(await temporaryFolder(t), 'replica');
    for (const size of [1, STEP_BYTES, STEP_BYTES + 1, 5 * STEP_BYTES - 7]) {
      const data = pseudoData(size);
      writeFileSync(path, data);
      const rootOf = async (key?: Uint8Array): Promise<Uint8Array> => {
        const pass = core.startDigest({ size, keys: [], outboard: false });
        await passFile(pass, { path, size, encodeKey: key }, () => {}, waitedBelow);
        return pass.finish().root;
      };
      assert.deepEqual(await rootOf(), core.hash(data));
      const encoded = createCipheriv('aes-256-ctr', encodeKey, new Uint8Array(16)).update(data);
      assert.deepEqual(await rootOf(encodeKey), core.hash(encoded));
      assert.equal(openDescriptors(path), 0);
    }
  });

  test(`${way}: a file that shrinks while it is read, and a check that throws`, async (t) => {
    const path = join(await temporaryFolder(t), 'replica');
    const size = 5 * STEP_BYTES;
    const passWith = async (check: () => void): Promise<void> => {
      writeFileSync(path, pseudoData(size));
      const pass = core.startDigest({ size, keys: [], outboard: false });
      await passFile(pass, { path, size }, check, waitedBelow);
    };
    await assert.rejects(
      passWith(() => truncateSync(path, 3 * STEP_BYTES + 5)),
      (error) => error instanceof ProvingError && error.code === 'size-mismatch',
    );
    let steps = 0;
    const enough = new Error('enough');
    const stop = (): void => {
      if (++steps === 3) throw enough;
    };
    await assert.rejects(passWith(stop), enough);
    assert.equal(steps, 3);
    assert.equal(openDescriptors(path), 0);
  });
}
