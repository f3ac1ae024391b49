// Several API nodes: which are chosen, and what happens when one of them lies, lacks the object or is gone.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { chooseNodes, requireStake } from '../../src/client/choose-nodes.js';
import { FileTaoClient } from '../../src/client/client.js';
import type { NodeFailure } from '../../src/client/download.js';
import { encodeSs58 } from '../../src/domain/identity/ss58.js';
import { fromHex, publicKeyOf } from '../../src/domain/model/bytes.js';
import type { Neuron } from '../../src/domain/ports/chain.js';
import type { ContractApiNode } from './contract-api-node.js';
import { coded, collect, fastRetry, noise, startNode, testFolder, testWallet } from './fixtures.js';

const wallet = await testWallet();

const neuron = (uid: number, more: Partial<Neuron> = {}): Neuron => ({
  uid,
  hotkey: publicKeyOf(randomBytes(32)),
  stake: 1000,
  validatorPermit: true,
  address: { host: '127.0.0.1', port: 9000 + uid },
  lastUpdate: 0,
  ...more,
});

test('nodes are validators with an address and enough stake, the most first', () => {
  const neurons = [
    neuron(0, { stake: 499.9 }),
    neuron(1, { stake: 500 }),
    neuron(2, { stake: 9000 }),
    neuron(3, { address: null }),
    neuron(4, { validatorPermit: false, stake: 1e6 }),
    neuron(5, { address: { host: '::1', port: 80 } }),
  ];
  const urls = (choice = {}): string[] =>
    chooseNodes(neurons, { stakeLimit: 500, ...choice }).map(({ url }) => url);
  assert.deepEqual(urls(), ['http://127.0.0.1:9002', 'http://[::1]:80', 'http://127.0.0.1:9001']);
  assert.deepEqual(urls({ stakeLimit: 0 }).length, 4);
  assert.deepEqual(urls({ uids: [1, 0, 2] }), ['http://127.0.0.1:9001', 'http://127.0.0.1:9002']);
  const hotkeys = [encodeSs58(fromHex(neurons[5]!.hotkey))];
  assert.deepEqual(urls({ hotkeys }), ['http://[::1]:80']);
  assert.throws(() => urls({ uids: [77] }), coded('not-found', /no uid 77/));
  const info = { hotkey: '5x', hotkeyBytes: fromHex(neurons[0]!.hotkey) } as never;
  assert.throws(() => requireStake(neurons, 500, 'http://x')(info), coded('forbidden', /499.9 TAO/));
  requireStake(neurons, 499, 'http://x')(info);
});

/** A node that keeps the same as another, under its own key. */
async function mirrorOf(node: ContractApiNode): Promise<ContractApiNode> {
  const mirror = await startNode();
  mirror.pieceSize = node.pieceSize;
  Object.assign(mirror, { pieces: node.pieces, objects: node.objects });
  return mirror;
}

test('a node that lies is named and left in the middle of the object, for a stream and for a file', async () => {
  const [liar, folder] = [await startNode(), testFolder()];
  const honest = await mirrorOf(liar);
  const failures: NodeFailure[] = [];
  const client = new FileTaoClient({
    url: [{ url: liar.url }, { url: honest.url }],
    wallet,
    hashFolder: join(folder, 'hashes'),
    retry: fastRetry,
    onNodeFailure: (failure) => failures.push(failure),
  });
  after(() => client.close());
  const data = noise(700_000);
  const { cid } = await client.put(data);
  let sent = 0;
  liar.faults.spoil = (_, piece) => (++sent % 6 === 0 ? piece.map((byte) => byte ^ 1) : piece);
  assert.ok((await collect((await client.open(cid)).plaintext)).equals(data));
  assert.match(failures[0]!.node, new RegExp(`^${liar.url} \\(5\\w+\\)$`));
  assert.match(failures[0]!.error.message, /piece 5 of 11 is not what its owner stored/);
  const before = honest.bytesServed;
  sent = 0;
  await client.getToFile(cid, join(folder, 'copy'));
  assert.ok(readFileSync(join(folder, 'copy')).equals(data));
  assert.ok(honest.bytesServed - before < data.length, 'only the rest came from the other one');
  // A node that is gone is passed over; when all are, the first reason is told.
  await liar.kill();
  assert.ok((await collect((await client.open(cid)).plaintext)).equals(data));
  await honest.kill();
  await assert.rejects(client.open(cid), coded('unreachable'));
  assert.deepEqual(readdirSync(folder).sort(), ['copy', 'hashes']);
});

test('an object is looked for at the validator that the record names first', async () => {
  const [first, second, folder] = [await startNode(), await startNode(), testFolder()];
  const clientOf = (...nodes: ContractApiNode[]): FileTaoClient => {
    const url = nodes.map((node) => ({ url: node.url, hotkey: encodeSs58(node.signer.publicKey) }));
    const client = new FileTaoClient({ url, wallet, hashFolder: folder, retry: fastRetry });
    after(() => client.close());
    return client;
  };
  const data = noise(1000);
  const { cid, hotkeys } = await clientOf(second).put(data);
  assert.deepEqual(hotkeys, [encodeSs58(second.signer.publicKey)]);
  const client = clientOf(first, second);
  assert.ok((await collect((await client.open(cid)).plaintext)).equals(data));
  assert.deepEqual(first.requests, []);
  assert.equal((await client.status(cid)).cid, cid);
  const { expiry } = await client.renew(cid, 60 * 86_400);
  assert.equal((await client.records.find(cid))?.expiry, expiry);
  await assert.rejects(client.renew(cid, 0), coded('bad-input'));
  // Somebody else's is neither renewed nor deleted.
  const thief = new FileTaoClient({
    url: second.url,
    wallet: await testWallet('thief'),
    hashFolder: testFolder(),
    retry: fastRetry,
  });
  after(() => thief.close());
  await assert.rejects(thief.renew(cid, 1000), coded('forbidden', /only its owner/));
  await assert.rejects(thief.remove(cid), coded('forbidden'));
  await client.remove(cid);
  assert.equal(await client.records.find(cid), null);
  await assert.rejects(client.status(cid), coded('not-found'));
});

test('a node under another hotkey than announced, or refused, gets nothing signed', async () => {
  const node = await startNode();
  const { hotkey } = { hotkey: publicKeyOf(randomBytes(32)) };
  const [announced] = chooseNodes(
    [neuron(1, { hotkey, address: { host: '127.0.0.1', port: Number(new URL(node.url).port) } })],
    { stakeLimit: 500 },
  );
  const client = new FileTaoClient({ url: [announced!], wallet, hashFolder: testFolder(), retry: fastRetry });
  after(() => client.close());
  await assert.rejects(
    client.put(noise(10)),
    coded('forbidden', /was announced by 5\w+, but 5\w+ answers there/),
  );
  assert.deepEqual(node.requests, ['GET /v1/info']);
});
