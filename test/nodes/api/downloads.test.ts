// Users who download at once share the node: none waits until the others are done.
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { mebibyte } from '../../../src/domain/model/constants.js';
import { startNetwork } from '../network.js';
import { downloadAtOnce, type WantedObject } from './downloads-at-once.js';
import { User } from './user.js';

test('20 downloads at once are served side by side', async (t) => {
  const network = await startNetwork(t, { miners: 2 });
  const node = await network.api({ pieceSize: mebibyte });
  const user = new User(node);
  // Two objects: readers of one share its pieces, readers of the other wait for their own.
  const objects = [randomBytes(8 * mebibyte), randomBytes(8 * mebibyte)];
  const wanted: WantedObject[] = [];
  for (const data of objects) {
    for (let at = 0; at < data.length; at += mebibyte)
      assert.equal((await user.putPiece(data.subarray(at, at + mebibyte), 'copies=1')).status, 200);
    const manifest = await user.manifest(data, { redundancy: { scheme: 'replicate', copies: 1 } }, mebibyte);
    const { cid } = (await user.ask('POST', '/objects', { body: manifest })).json() as { cid?: string };
    const sha256 = createHash('sha256').update(data).digest('hex');
    wanted.push({ path: `/objects/${cid}`, size: data.length, sha256 });
  }
  const shared = await downloadAtOnce(
    node,
    Array.from({ length: 20 }, (_, i) => wanted[i % 2]!),
  );
  t.diagnostic(
    `fairness ${shared.fairness.toFixed(3)}; ${shared.firstMs.toFixed(0)} to ${shared.lastMs.toFixed(0)} ms`,
  );
  // When the first is done every other has had something; one after the other would be 1/20.
  assert.ok(Math.min(...shared.atFirstEnd) > 0, 'nobody waits for the others to end');
  assert.ok(shared.fairness > 0.5, `fairness ${shared.fairness}`);
});
