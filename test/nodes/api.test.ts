// A real API node over real miners: what a user is told when miners are missing or fail, and that bytes which do
// not verify never reach anybody.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { systemRandom } from '../../src/adapters/system/random.js';
import { createWallet, openWallet } from '../../src/adapters/wallets/wallet-files.js';
import { ApiConnection } from '../../src/client/api-connection.js';
import { nodeRuntime } from '../../src/client/node-runtime.js';
import { retrieve } from '../../src/client/retrieve.js';
import { store } from '../../src/client/store.js';
import { retrievalOrder } from '../../src/domain/economy/placement.js';
import { toHex } from '../../src/domain/model/bytes.js';
import type { ReplicaRecord } from '../../src/domain/model/records.js';
import type { Network } from '../../src/domain/ports/network.js';
import { challengeReplica } from '../../src/nodes/validator/challenging.js';
import { fetchPiece } from '../../src/nodes/validator/fetching.js';
import { startValidator } from '../../src/nodes/validator/validator.js';
import { flipByte } from '../../src/tools/demo/damage.js';
import { runCli } from '../cli/run-cli.js';
import { core, dutyIn, eventually, startNetwork, type TestNetwork } from './network.js';

const retry = { attempts: 1, firstDelayMs: 1, delayMsMax: 1 };

async function userAt(t: TestContext, network: TestNetwork, changes: Parameters<TestNetwork['api']>[0] = {}) {
  const api = await network.api(changes);
  const names = { path: join(network.folder, 'wallets'), name: 'user', hotkey: 'default' };
  await createWallet(names, { unencrypted: true });
  const wallet = await openWallet(names);
  const connection = new ApiConnection(`http://127.0.0.1:${api.address.port}`, {
    signer: wallet.hotkey,
    random: systemRandom,
    nowMs: Date.now,
  });
  t.after(() => connection.close());
  const common = { connection, wallet, runtime: nodeRuntime(), retry };
  return {
    api,
    put: (data: Uint8Array, copies = 3, ttlSeconds?: number) =>
      store(data, {
        ...common,
        journalFolder: null,
        copies,
        ...(ttlSeconds === undefined ? {} : { ttlSeconds }),
      }),
    async get(cid: string): Promise<Buffer> {
      const parts: Uint8Array[] = [];
      const object = await retrieve(cid, common);
      for await (const part of object.plaintext) parts.push(part);
      return Buffer.concat(parts);
    },
  };
}

async function replicasOf(index: Awaited<ReturnType<TestNetwork['validator']>>['index'], cid: string) {
  const [object] = await index.claimsOf(cid as never, 1);
  return Promise.all(object!.pieceIds.map((id) => index.replicasOfPiece(id)));
}

test('an object of many pieces comes back although every piece has a damaged, a lost and a good replica', async (t) => {
  const network = await startNetwork(t, { miners: 3 });
  const validator = await network.validator();
  const { put, get } = await userAt(t, network);
  const data = randomBytes(500_000);
  const { cid, pieces } = await put(data);
  assert.equal(pieces, 8);
  const damaged: ReplicaRecord[] = [];
  for (const replicas of await replicasOf(validator.index, cid)) {
    const [first, second] = retrievalOrder(replicas);
    await flipByte(network.fileOf(first!).file, first!.size);
    damaged.push(first!);
    await rm(network.fileOf(second!).file);
  }
  assert.ok((await get(cid)).equals(data));
  for (const replica of damaged) {
    const { state, lastFailure } = (await validator.index.getReplica(replica))!;
    assert.deepEqual([state, lastFailure?.reason], ['failed', 'root']);
  }
  // No good replica left: an error, and no bytes that could be taken for the file.
  for (const replicas of await replicasOf(validator.index, cid)) {
    await rm(network.fileOf(retrievalOrder(replicas)[0]!).file, { force: true });
  }
  await assert.rejects(get(cid), { code: 'integrity' });
});

test('an object whose owner names no time is kept as long as the node says (--neuron.data_ttl)', async (t) => {
  const network = await startNetwork(t, { miners: 1 });
  const validator = await network.validator();
  const dataTtl = 7200;
  const { put, api } = await userAt(t, network, { dataTtl });
  const start = Math.floor(Date.now() / 1000);
  const keptFor = async (seconds: number, object: Promise<{ cid: string; expiry: number }>) => {
    const { cid, expiry } = await object;
    const now = Math.ceil(Date.now() / 1000);
    assert.ok(expiry >= start + seconds && expiry <= now + seconds);
    const [replicas] = await replicasOf(validator.index, cid);
    assert.equal(replicas![0]!.expiry, expiry, 'its replicas too');
  };
  await keptFor(dataTtl, put(randomBytes(1000), 1));
  await keptFor(1800, put(randomBytes(1000), 1, 1800));

  // The same by HTTP alone: an upload, and a piece.
  const url = `http://127.0.0.1:${api.address.port}`;
  const info = (await (await fetch(`${url}/v1/info`)).json()) as { dataTtl: number };
  assert.equal(info.dataTtl, dataTtl);
  const body = randomBytes(1000);
  const upload = await fetch(`${url}/files`, {
    method: 'POST',
    headers: {
      'tus-resumable': '1.0.0',
      'upload-length': String(body.length),
      'upload-metadata': `copies ${Buffer.from('1').toString('base64')}`,
      'content-type': 'application/offset+octet-stream',
    },
    body,
  });
  assert.equal(upload.status, 201);
  const cid = await eventually(async () => {
    const { headers } = await fetch(new URL(upload.headers.get('location')!, url), {
      method: 'HEAD',
      headers: { 'tus-resumable': '1.0.0' },
    });
    return headers.get('filetao-cid');
  });
  const [claim] = await validator.index.claimsOf(cid as never, 1);
  await keptFor(dataTtl, Promise.resolve({ cid, expiry: claim!.expiry }));
});

test('no miners, fewer than R miners, and miners that die during a store', async (t) => {
  const network = await startNetwork(t, { miners: 3 });
  const { api, put, get } = await userAt(t, network, {});
  const data = randomBytes(200_000);
  await assert.rejects(put(data, 4), ({ code, message }: { code: string; message: string }) => {
    assert.equal(code, 'partial');
    assert.match(message, /3 of 4 replicas .* start more miners or ask for fewer replicas/);
    return true;
  });
  const putting = put(randomBytes(2_000_000), 3);
  await network.miners[2]!.stop();
  await assert.rejects(putting, { code: 'partial' });
  const { cid } = await put(data, 2);
  assert.ok((await get(cid)).equals(data));
  await Promise.all(network.miners.map((miner) => miner.stop()));
  await assert.rejects(
    put(data, 1).then(() => put(randomBytes(1000), 1)),
    { code: 'too-few-miners' },
  );
  await assert.rejects(get(cid), {
    code: 'unreachable',
    message: /the miners that hold the piece do not answer/,
  });
  // What a user gave up on is still being stored for a moment: the next try finds it there.
  await eventually(async () => (await readdir(join(network.folder, 'validator', 'spool'))).length === 0);
  await api.close();

  const empty = await startNetwork(t, { miners: 0 });
  const user = await userAt(t, empty);
  await assert.rejects(user.put(data), { code: 'too-few-miners', message: /no miner is registered/ });
});

test('a wrong K signed in a passed round is found at the next full retrieve', async (t) => {
  const network = await startNetwork(t, { miners: 1 });
  const validator = await network.validator();
  // A miner without one byte passes as long as its chunk is not among the 44 of 293 that are opened; then it gets
  // the byte back, and nobody could tell but for the K that it signed.
  for (;;) {
    const { replicas, pieceId } = await network.storePiece(validator, 300_000);
    const { file } = network.fileOf(replicas[0]!);
    const whole = await readFile(file);
    assert.equal((await challengeReplica(validator, replicas[0]!))?.outcome, 'pass');
    await flipByte(file, whole.length);
    const lucky = (await challengeReplica(validator, replicas[0]!))?.outcome === 'pass';
    await writeFile(file, whole);
    if (!lucky) continue;
    await fetchPiece(validator, pieceId);
    const after = await eventually(async () => {
      const now = (await validator.index.getReplica(replicas[0]!))!;
      return now.state === 'failed' && now;
    });
    assert.equal(after.lastFailure?.reason, 'false-keyed-root');
    const said = await eventually(
      async () => network.logged.find(({ msg }) => String(msg).includes('false K')) ?? false,
    );
    assert.equal(said.n, 2, 'of the two rounds it is the second');
    // The replica is kept, and with it the round's own transcript shows it to anybody.
    const { root } = replicas[0]!;
    assert.ok(typeof said.evidence === 'string' && (await readFile(said.evidence)).equals(whole));
    const given = join(network.folder, 'validator', 'transcripts');
    const show = (n: number, file: string) =>
      runCli(['audit', 'show', given, '--root', root, '--n', String(n), '--replica', file], {
        home: network.folder,
      });
    const honest = await show(1, said.evidence);
    assert.equal(honest.code, 0);
    assert.match(honest.stdout, /ok +data +the signed K is that of the replica/u);
    const caught = await show(2, said.evidence);
    assert.equal(caught.code, 5);
    assert.match(caught.stdout, /FAULT +data +the miner signed a false K/u);
    assert.match(caught.stdout, /its own signature proves it/u);
    await flipByte(said.evidence, whole.length);
    const other = await show(2, said.evidence);
    assert.deepEqual([other.code, other.stdout], [5, '']);
    assert.match(other.stderr, /is not replica/u);
    return;
  }
});

test('honest kept rounds are settled by a retrieve, many at once', async (t) => {
  const network = await startNetwork(t, { miners: 1 });
  const validator = await network.validator();
  const { replicas, pieceId } = await network.storePiece(validator, 50_000);
  assert.equal((await challengeReplica(validator, replicas[0]!))?.outcome, 'pass');
  await Promise.all(Array.from({ length: 8 }, () => fetchPiece(validator, pieceId)));
  const settled = await eventually(async () => {
    const now = (await validator.index.getReplica(replicas[0]!))!;
    return now.kept.length === 0 && now;
  });
  assert.equal(settled.state, 'active');
});

test('the same piece put twice keeps its replicas, and a later expiry is renewed on the miners', async (t) => {
  const network = await startNetwork(t, { miners: 4 });
  const validator = await network.validator();
  const { api } = await userAt(t, network);
  const data = randomBytes(30_000);
  const pieceId = toHex(core.hash(data));
  const put = async (expiry: number) => {
    const url = `http://127.0.0.1:${api.address.port}/pieces/${pieceId}?copies=3&expiry=${expiry}`;
    const response = await fetch(url, { method: 'PUT', body: data });
    assert.equal(response.status, 200, await response.clone().text());
    return (await response.json()) as { hotkeys: string[] };
  };
  const soon = Math.floor(Date.now() / 1000) + 3600;
  const first = await put(soon);
  assert.deepEqual(await put(soon), first);
  const later = await put(soon + 500);
  assert.deepEqual(later, first);
  const replicas = await validator.index.replicasOfPiece(pieceId as never);
  assert.deepEqual(
    replicas.map(({ expiry }) => expiry),
    [soon + 500, soon + 500, soon + 500],
  );
  // One of them is away: its place is taken by the fourth miner.
  await network.minerOf(replicas[0]!).stop();
  const moved = await put(soon + 1000);
  assert.notDeepEqual(moved, first);
  assert.equal(moved.hotkeys.length, 3);
});

test('bytes that are no request do not harm API node and validator', async (t) => {
  const network = await startNetwork(t, { miners: 0 });
  const { api } = await userAt(t, network);
  const validator = await startValidator({
    ...(await network.validatorParts()),
    host: '127.0.0.1',
    port: 0,
    rewards: await network.rewardParts(),
    duty: dutyIn(network.folder),
    prune: async () => ({ files: 0, bytes: 0, unreadable: [] }),
  });
  t.after(() => validator.close());
  const id = '0'.repeat(64);
  const routes: readonly (readonly [number, string, string])[] = [
    [api.address.port, 'PUT', `/pieces/${id}`],
    [api.address.port, 'PUT', `/pieces/${id}?copies=1e9&expiry=-1`],
    [api.address.port, 'PUT', '/pieces/nonsense'],
    [api.address.port, 'POST', '/objects'],
    [api.address.port, 'DELETE', '/objects'],
    [api.address.port, 'PUT', '/%00%ff/../..'],
    [validator.address.port, 'POST', '/v1/operator/rounds'],
  ];
  for (const [port, method, path] of routes) {
    for (const length of [0, 1, 100, 5000, 100_000]) {
      const response = await fetch(`http://127.0.0.1:${port}${path}`, { method, body: randomBytes(length) });
      assert.ok(
        response.status >= 400 && response.status < 500,
        `${method} ${path} ${length}: ${response.status}`,
      );
      assert.match(response.headers.get('content-type')!, /^application\/problem\+json/);
      const { detail } = (await response.json()) as { detail: string };
      assert.ok(detail.length > 0 && !detail.includes('\n'));
    }
    const answer = await new Promise<string>((resolve) => {
      const socket = connect(port, '127.0.0.1', () =>
        socket.write(`${method} ${path} HTTP/1.1\r\nhost: x\r\ncontent-length: 99999999999999\r\n\r\nabc`),
      );
      socket.setEncoding('latin1').once('data', (text: string) => {
        socket.destroy();
        resolve(text);
      });
      socket.once('error', () => resolve('')).once('close', () => resolve(''));
    });
    assert.match(answer, /^HTTP\/1\.1 4\d\d /, `${method} ${path}`);
  }
  for (const cid of ['x', `bafkrei${'a'.repeat(52)}`, '%00']) {
    const response = await fetch(`http://127.0.0.1:${api.address.port}/objects/${cid}`);
    assert.ok(response.status === 400 || response.status === 404, `${cid}: ${response.status}`);
  }
  assert.equal((await fetch(`http://127.0.0.1:${api.address.port}/v1/info`)).status, 200);
  assert.deepEqual(
    network.logged.filter(({ level }) => level === 'error'),
    [],
  );
});

test('a validator that is told to end ends its rounds as void, and says so in a transcript', async (t) => {
  const network = await startNetwork(t, { miners: 1 });
  const helper = await network.validator({ processId: 'helper' });
  const { replicas } = await network.storePiece(helper, 50_000);
  const parts = await network.validatorParts();
  let asked: () => void = () => {};
  const hanging = new Promise<void>((resolve) => {
    asked = resolve;
  });
  const stuck: Network = {
    request: (request) => {
      asked();
      return new Promise((_resolve, reject) =>
        request.signal?.addEventListener('abort', () => reject(request.signal!.reason)),
      );
    },
    close: async () => {},
  };
  const validator = await startValidator({
    ...parts,
    network: stuck,
    host: '127.0.0.1',
    port: 0,
    rewards: await network.rewardParts(),
    duty: dutyIn(network.folder, { challengeEvery: 1 }),
    prune: async () => ({ files: 0, bytes: 0, unreadable: [] }),
  });
  await hanging;
  const started = performance.now();
  await validator.close();
  await parts.network.close();
  assert.ok(performance.now() - started < 30_000, 'long before the round would time out');
  const { openRound, n } = (await helper.index.getReplica(replicas[0]!))!;
  assert.deepEqual([openRound, n], [null, 1]);
  assert.equal((await challengeReplica(helper, replicas[0]!))?.outcome, 'pass');
});
