import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { after, test } from 'node:test';
import { FileTaoClient } from '../../src/client/client.js';
import type { ContractApiNode } from './contract-api-node.js';
import { coded, collect, fastRetry, noise, startNode, testFolder, testWallet } from './fixtures.js';

const folder = testFolder();
const wallet = await testWallet();

function clientOf(node: ContractApiNode, hashFolder: string): FileTaoClient {
  const client = new FileTaoClient({ url: node.url, wallet, hashFolder, retry: fastRetry });
  after(() => client.close());
  return client;
}

test('a put is recorded, its manifest kept and used, its name found again', async () => {
  const node = await startNode();
  const hashFolder = join(folder, 'a');
  const client = clientOf(node, hashFolder);
  const data = noise(100_000);
  const path = join(folder, 'report.pdf');
  writeFileSync(path, data);
  const { cid } = await client.put(path);
  const streamed = await client.put(Readable.from([data.subarray(1)]), { name: '../evil' });
  assert.deepEqual(
    (await client.records.list()).map(({ name, cid: of, size }) => [name, of, size]),
    [
      ['report.pdf', cid, data.length],
      ['../evil', streamed.cid, data.length - 1],
    ],
  );
  assert.equal(statSync(client.records.path).mode & 0o777, 0o600);
  const out = join(folder, 'out', 'deep');
  const file = await client.getToFolder(cid.toUpperCase(), out);
  assert.equal(file.path, join(out, 'report.pdf'));
  assert.ok(readFileSync(file.path).equals(data));
  assert.ok(!node.requests.some((request) => request.endsWith('/manifest')), 'the kept manifest was used');
  assert.equal((await client.getToFolder(streamed.cid, out)).path, join(out, streamed.cid));
  assert.deepEqual(readdirSync(out).sort(), [streamed.cid, 'report.pdf'].sort());
  const object = await clientOf(node, join(folder, 'elsewhere')).open(cid);
  assert.ok((await collect(object.plaintext)).equals(data));
});

test('a record file that cannot be read stops a put before anything is sent', async () => {
  const node = await startNode();
  const hashFolder = join(folder, 'b');
  mkdirSync(hashFolder);
  writeFileSync(join(hashFolder, 'alice.json'), 'nonsense');
  await assert.rejects(clientOf(node, hashFolder).put(noise(10)), coded('damaged'));
  assert.deepEqual(node.requests, []);
});

test('a put that cannot be recorded says its CID all the same', async () => {
  const node = await startNode();
  const hashFolder = join(folder, 'c');
  mkdirSync(hashFolder);
  writeFileSync(join(hashFolder, 'manifests'), 'a file where a folder should be');
  await assert.rejects(
    clientOf(node, hashFolder).put(noise(10)),
    coded('partial', /^stored as bafkrei\w+, but not recorded/),
  );
});

test('an object that was opened and not read can be let go', async () => {
  const node = await startNode();
  const client = clientOf(node, join(folder, 'd'));
  const { cid } = await client.put(noise(3_000_000));
  const object = await client.open(cid);
  await object.cancel();
  const again = await client.open(cid);
  for await (const _ of again.plaintext) break;
});
