// Little of a large piece, proved to its pieceId by a real API node from what real miners hold.
import assert from 'node:assert/strict';
import { randomBytes, randomInt } from 'node:crypto';
import { test } from 'node:test';
import { FileTaoClient } from '../../../src/client/client.js';
import { mebibyte } from '../../../src/domain/model/constants.js';
import { openRange, rangeBulkLength } from '../../../src/domain/protocol/retrieve.js';
import { temporaryFolder } from '../../adapters/temporary-folder.js';
import { collect, testWallet } from '../../client/fixtures.js';
import { core, startNetwork } from '../network.js';
import { User } from './user.js';

test('ranges of an object are proved to the pieceIds of its manifest', async (t) => {
  const network = await startNetwork(t, { miners: 1 });
  const node = await network.api({ pieceSize: mebibyte, replicas: 1 });
  const client = new FileTaoClient({
    url: `http://127.0.0.1:${node.address.port}`,
    wallet: await testWallet(),
    hashFolder: await temporaryFolder(t),
  });
  t.after(() => client.close());
  const data = randomBytes(2 * mebibyte + 300_001);
  const { cid } = await client.put(data, { encrypt: false });
  for (const [from, to] of [
    [0, 1],
    [mebibyte - 1, mebibyte + 1],
    [2 * mebibyte + 300_000, data.length],
    [randomInt(mebibyte), mebibyte + randomInt(mebibyte)],
  ] as const) {
    const { plaintext } = await client.openRange(cid, { start: from, end: to });
    assert.ok((await collect(plaintext)).equals(data.subarray(from, to)), `${from}-${to}`);
  }

  const user = new User(node);
  const ask = (query: string) => user.ask('GET', `/objects/${cid}/proof?${query}`);
  // The last chunk of the last piece is short.
  const chunks = Math.ceil(300_001 / 1024);
  for (const [piece, first, count] of [
    [0, 0, 1],
    [1, 1000, 24],
    [2, chunks - 1, 1],
    [2, 0, chunks],
  ] as const) {
    const size = piece === 2 ? 300_001 : mebibyte;
    const whole = data.subarray(piece * mebibyte, piece * mebibyte + size);
    const range = { root: core.hash(whole), size, chunkSize: 1024, firstChunk: first, chunks: count };
    const answer = await ask(`piece=${piece}&first=${first}&chunks=${count}`);
    assert.equal(answer.status, 200);
    assert.equal(answer.body.length, rangeBulkLength(core, range));
    const opened = openRange(core, range, answer.body);
    assert.ok(opened !== null && whole.subarray(first * 1024, (first + count) * 1024).equals(opened));
  }
  for (const [query, status] of [
    ['piece=3&first=0&chunks=1', 416],
    ['piece=0&first=1024&chunks=1', 416],
    [`piece=2&first=0&chunks=${chunks + 1}`, 416],
    ['piece=0&first=0&chunks=0', 400],
    ['piece=0&first=0&chunks=2049', 400],
    ['piece=-1&first=0&chunks=1', 400],
    ['piece=0&first=0', 400],
  ] as const)
    assert.equal((await ask(query)).status, status, query);
  const unknown = cid.replace(/.{4}$/, 'aaaa');
  assert.equal((await user.ask('GET', `/objects/${unknown}/proof?piece=0&first=0&chunks=1`)).status, 404);
});
