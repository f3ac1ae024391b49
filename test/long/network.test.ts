// Bad networks between real nodes: bounded retries, nothing done twice, nothing believed that was garbled, a partition
// heals; and callers that hold connections without using them.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { openLmdbHoldingIndex } from '../../src/adapters/index/lmdb/holding-index.js';
import { silentLog } from '../../src/adapters/observe/log.js';
import { connectionLimit } from '../../src/adapters/rpc/connection-limit.js';
import { createServer } from '../../src/adapters/rpc/server.js';
import { systemRandom } from '../../src/adapters/system/random.js';
import { createWallet, openWallet } from '../../src/adapters/wallets/wallet-files.js';
import { ApiConnection } from '../../src/client/api-connection.js';
import { nodeRuntime } from '../../src/client/node-runtime.js';
import { retrieve } from '../../src/client/retrieve.js';
import { store } from '../../src/client/store.js';
import { FileTaoError } from '../../src/domain/model/errors.js';
import { challengeReplica } from '../../src/nodes/validator/challenging.js';
import { fetchPiece } from '../../src/nodes/validator/fetching.js';
import { renewReplicaOn } from '../../src/nodes/validator/renewing.js';
import { auditTranscripts } from '../../src/tools/audit/verify.js';
import { seededRandom } from '../adapters/seeded-random.js';
import { anyTrouble, type BadNetwork, badNetwork, type Trouble } from '../nodes/bad-network.js';
import { eventually, startNetwork, type TestNetwork } from '../nodes/network.js';

/** A miner that its validator reaches only through a bad network. */
async function minerBehind(t: TestContext): Promise<{ network: TestNetwork; proxy: BadNetwork }> {
  const network = await startNetwork(t, { miners: 1 });
  const [miner] = network.miners;
  const proxy = await badNetwork(t, () => miner!.node.address);
  await network.chain.serve(miner!.signer, proxy.address);
  return { network, proxy };
}

/** Trouble for the next connections, then none. */
function troubleFor(proxy: BadNetwork, trouble: Trouble, connections: number): void {
  const until = proxy.connections + connections;
  Object.defineProperty(proxy, 'trouble', {
    configurable: true,
    get: () => (proxy.connections > until ? { kind: 'none' } : trouble),
  });
}

test('validator and miner: what heals passes, nothing is done twice, retries are bounded', async (t) => {
  const random = seededRandom(t);
  const { network, proxy } = await minerBehind(t);
  const validator = await network.validator();
  const stored = await network.storePiece(validator, 30_000);
  const [replica] = stored.replicas;
  const honest: Trouble[] = [
    { kind: 'delay', ms: 30 },
    { kind: 'byte-by-byte' },
    { kind: 'reset', after: 0, direction: 'down' },
    { kind: 'reset', after: 50 + random.below(150), direction: 'down' },
    { kind: 'reset', after: 100, direction: 'up' },
    { kind: 'half-close', after: random.below(200) },
    { kind: 'refuse' },
  ];
  for (const trouble of honest) {
    const before = (await validator.index.getReplica(replica!))!;
    proxy.cut(); // kept connections would not meet the trouble
    troubleFor(proxy, trouble, 2);
    const connections = proxy.connections;
    const result = await challengeReplica(validator, before);
    const what = JSON.stringify(trouble);
    assert.equal(result?.outcome, 'pass', `${what}: ${result?.reason}`);
    assert.equal((await validator.index.getReplica(replica!))!.n, before.n + 1, what);
    assert.ok(
      proxy.connections - connections <= 12,
      `${what}: ${proxy.connections - connections} connections`,
    );
  }
  for (const trouble of [...honest, { kind: 'repeat' }, { kind: 'reorder' }] as Trouble[]) {
    proxy.cut();
    troubleFor(proxy, trouble, 1);
    const connections = proxy.connections;
    await fetchPiece(validator, stored.pieceId).then(
      ({ data }) => assert.ok(Buffer.from(data).equals(stored.data), 'only the very bytes are believed'),
      (error) => assert.ok(error instanceof FileTaoError, String(error)),
    );
    const { expiry } = (await validator.index.getReplica(replica!))!;
    await renewReplicaOn(validator, replica!, expiry + 10).catch((error) =>
      assert.ok(error instanceof FileTaoError, String(error)),
    );
    assert.ok(proxy.connections - connections <= 24);
  }
  troubleFor(proxy, { kind: 'none' }, 0);
  const index = await openLmdbHoldingIndex(join(network.miners[0]!.directory, 'index'));
  const held = (await index.list(null, 100)).items;
  await index.close();
  assert.deepEqual(
    held.map(({ root }) => root),
    [replica!.root],
  );
  assert.deepEqual(await readdir(join(network.miners[0]!.directory, 'replicas', 'incoming')), []);
  const audit = await auditTranscripts([join(network.folder, 'validator', 'transcripts')], { loss: 0.1 });
  assert.deepEqual(audit.findings, []);
  assert.equal(audit.failedByMiner, 0, 'no signature of the miner speaks against it');
});

test('a partition heals: rounds pass again, and the chain goes on', async (t) => {
  const { network, proxy } = await minerBehind(t);
  const validator = await network.validator();
  const { replicas, pieceId, data } = await network.storePiece(validator, 30_000);
  assert.equal((await challengeReplica(validator, replicas[0]!))?.outcome, 'pass');
  proxy.trouble = { kind: 'silence' };
  proxy.cut();
  const impatient = { ...validator, deadlines: { baseMs: 1500, bytesPerSecond: 1e6 } };
  const parted = await challengeReplica(impatient, (await validator.index.getReplica(replicas[0]!))!);
  assert.notEqual(parted?.outcome, 'pass');
  proxy.trouble = { kind: 'none' };
  proxy.cut();
  // A round that failed for silence is the validator's word; repair may have the replica stored anew or asked again.
  const after = await eventually(async () => {
    const result = await challengeReplica(validator, (await validator.index.getReplica(replicas[0]!))!);
    return result !== null && result.outcome === 'pass' && result;
  });
  assert.ok(after.n >= 3);
  assert.ok(Buffer.from((await fetchPiece(validator, pieceId)).data).equals(data));
  const audit = await auditTranscripts([join(network.folder, 'validator', 'transcripts')], { loss: 0.1 });
  assert.deepEqual([audit.findings, audit.failedByMiner], [[], 0]);
});

test('client and API node: puts and gets go through whatever heals, once', async (t) => {
  const random = seededRandom(t);
  const network = await startNetwork(t, { miners: 1 });
  const api = await network.api({ replicas: 1 });
  const proxy = await badNetwork(t, () => api.address);
  const names = { path: join(network.folder, 'wallets'), name: 'user', hotkey: 'default' };
  await createWallet(names, { unencrypted: true });
  const wallet = await openWallet(names);
  const connection = new ApiConnection(`http://127.0.0.1:${proxy.address.port}`, {
    signer: wallet.hotkey,
    random: systemRandom,
    nowMs: Date.now,
  });
  t.after(() => connection.close());
  const common = {
    connection,
    wallet,
    runtime: nodeRuntime(),
    retry: { attempts: 8, firstDelayMs: 5, delayMsMax: 50 },
  };
  let puts = 0;
  for (let i = 0; i < 8; i++) {
    const trouble = anyTrouble(random);
    proxy.cut();
    // The first word with a node has three attempts: it heals before the last.
    troubleFor(proxy, trouble, 1 + random.below(2));
    const connections = proxy.connections;
    const data = randomBytes(1 + random.below(100_000));
    try {
      const { cid } = await store(data, { ...common, journalFolder: null, copies: 1 });
      puts++;
      const parts: Uint8Array[] = [];
      const object = await retrieve(cid, common);
      for await (const part of object.plaintext) parts.push(part);
      assert.ok(Buffer.concat(parts).equals(data));
    } catch (error) {
      // Garbled answers end an attempt for good: they are no outage.
      assert.ok(error instanceof FileTaoError, String(error));
      assert.ok(
        trouble.kind === 'repeat' || trouble.kind === 'reorder',
        `${JSON.stringify(trouble)}: ${error.message}`,
      );
    }
    assert.ok(proxy.connections - connections <= 60, `${proxy.connections - connections} connections`);
  }
  assert.ok(puts > 0);
  await eventually(async () => (await readdir(join(network.folder, 'validator', 'spool'))).length === 0);
});

const openSocket = async (port: number): Promise<Socket> => {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => {});
  await once(socket, 'connect');
  return socket;
};

test('slow-loris and idle connections are ended, and others are served meanwhile', async (t) => {
  const server = createServer({
    log: silentLog(),
    host: '127.0.0.1',
    port: 0,
    headersMs: 600,
    connectionsMax: 120,
  });
  server.app.get('/hello', async () => 'hello');
  const { port } = await server.listen();
  t.after(() => server.close());
  const slow = await Promise.all(Array.from({ length: 100 }, () => openSocket(port)));
  const ends = slow.map((socket) => new Promise<void>((resolve) => socket.once('close', () => resolve())));
  const stop = new AbortController();
  const dripping = (async () => {
    for (const text = 'GET /hello HTTP/1.1\r\nhost: x\r\nx-slow: '; !stop.signal.aborted; ) {
      // Half of them send a byte now and then, the others nothing at all.
      for (const [i, socket] of slow.entries())
        if (i % 2 === 0 && socket.writable) socket.write(text[socket.bytesWritten] ?? 'a');
      await delay(40);
    }
  })();
  assert.equal(await (await fetch(`http://127.0.0.1:${port}/hello`)).text(), 'hello');
  await Promise.all(ends.filter((_, i) => i % 2 === 0));
  stop.abort();
  await dripping;
  for (const socket of slow) socket.destroy();

  // Beyond the limit a connection is closed at once, and there is room again when others go.
  const many = await Promise.all(Array.from({ length: 200 }, () => openSocket(port)));
  await eventually(
    () => many.filter(({ destroyed, readableEnded }) => destroyed || readableEnded).length >= 80,
  );
  for (const socket of many) socket.destroy();
  await eventually(async () => {
    const answer = await fetch(`http://127.0.0.1:${port}/hello`).catch(() => null);
    return answer?.status === 200;
  });
  assert.equal(connectionLimit(1024), 512);
  assert.equal(connectionLimit(1e6), 10_000);
});
