// Users that stop reading, never send, or send a byte at a time, and miners that never answer: each costs what it is
// allowed to cost, for as long as it is allowed to, and nobody else waits for it.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { createHttpNetwork } from '../../../src/adapters/rpc/client.js';
import { systemClock } from '../../../src/adapters/system/clock.js';
import { mebibyte } from '../../../src/domain/model/constants.js';
import { FileTaoError } from '../../../src/domain/model/errors.js';
import type { RunningNode } from '../../../src/nodes/running-node.js';
import { core, eventually, startNetwork } from '../network.js';
import { inAnHour, User } from './user.js';

/** A connection that sent this and then does nothing; what comes is not read. */
async function stalled(t: TestContext, node: RunningNode, text: string): Promise<Socket> {
  const socket = connect(node.address.port, '127.0.0.1');
  socket.on('error', () => {});
  t.after(() => socket.destroy());
  await new Promise<void>((resolve) => socket.once('connect', resolve));
  socket.pause();
  socket.write(text);
  return socket;
}

/** Stores one replica of each piece. */
async function putOnce(user: User, data: Uint8Array, pieceSize = mebibyte): Promise<string> {
  for (let at = 0; at < data.length; at += pieceSize)
    assert.equal((await user.putPiece(data.subarray(at, at + pieceSize), 'copies=1')).status, 200);
  const manifest = await user.manifest(data, { redundancy: { scheme: 'replicate', copies: 1 } }, pieceSize);
  const answer = await user.ask('POST', '/objects', { body: manifest });
  assert.equal(answer.status, 201, answer.body.toString());
  return answer.json().cid!;
}

/** Takes connections at this port and never says a word. */
async function silentAt(t: TestContext, port: number): Promise<{ readonly asked: Promise<void> }> {
  const sockets = new Set<Socket>();
  let noteAsked = (): void => {};
  const asked = new Promise<void>((resolve) => {
    noteAsked = resolve;
  });
  const server = createServer((socket) => {
    sockets.add(socket.on('error', () => {}));
    socket.once('data', noteAsked);
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { asked };
}

test('many that stop reading cost no memory for what they do not read, and others are served', async (t) => {
  const network = await startNetwork(t, { miners: 1 });
  const pieceSize = 4 * mebibyte;
  const node = await network.api({ pieceSize, replicas: 1 });
  const user = new User(node);
  const data = randomBytes(16 * mebibyte);
  const cid = await putOnce(user, data, pieceSize);

  const held = (): number => process.memoryUsage().arrayBuffers + process.memoryUsage().heapUsed;
  const before = held();
  const count = 20;
  const sockets = await Promise.all(
    Array.from({ length: count }, () => stalled(t, node, `GET /objects/${cid} HTTP/1.1\r\nhost: x\r\n\r\n`)),
  );
  // Each has been begun: its system buffers are full, and more waits in the node.
  await Promise.all(sockets.map((socket) => eventually(() => socket.bytesRead >= 0 && socket.readable)));
  const whole = await user.ask('GET', `/objects/${cid}`);
  assert.ok(whole.body.equals(data), 'another is served meanwhile');
  const { status } = await user.ask('GET', `/objects/${cid}/status`);
  assert.equal(status, 200);
  // Of what it grows by 48 MiB are the buffers that all readers share; what they asked for is 320.
  const grown = held() - before - whole.body.length;
  assert.ok(
    grown < (48 + count) * mebibyte,
    `${(grown / mebibyte).toFixed(0)} MiB more for ${count} objects of 16 MiB`,
  );
  for (const socket of sockets) socket.destroy();
  assert.ok((await user.ask('GET', `/objects/${cid}`)).body.equals(data), 'and after they have gone');
});

test('a body that stops, or drips, holds nobody up and leaves nothing behind', async (t) => {
  const network = await startNetwork(t, { miners: 1 });
  const node = await network.api({ pieceSize: mebibyte, replicas: 1 });
  const user = new User(node);
  const spool = join(network.folder, 'validator', 'spool');
  const piece = randomBytes(mebibyte);
  const id = Buffer.from(core.hash(piece)).toString('hex');
  const head = `PUT /pieces/${id}?copies=1&expiry=${inAnHour()} HTTP/1.1\r\nhost: x\r\ncontent-length: ${piece.length}\r\n\r\n`;
  const upload = 'POST /files HTTP/1.1\r\nhost: x\r\ntus-resumable: 1.0.0\r\nupload-length: 1000\r\n';
  const begin = `${upload}content-type: application/offset+octet-stream\r\ncontent-length: 1000\r\n\r\n`;
  const sockets = await Promise.all([
    ...Array.from({ length: 20 }, () => stalled(t, node, head)),
    ...Array.from({ length: 20 }, () => stalled(t, node, `${head}half`)),
    ...Array.from({ length: 5 }, () => stalled(t, node, `${begin}half`)),
    ...Array.from({ length: 20 }, () => stalled(t, node, 'GET /v1/in')),
    ...Array.from({ length: 20 }, () => stalled(t, node, '')),
  ]);
  await eventually(async () => (await readdir(spool)).length === 40);
  const dripping = sockets[0]!;
  for (let i = 0; i < 5; i++) dripping.write(piece.subarray(i, i + 1));
  // The very same piece, meanwhile.
  assert.equal((await user.putPiece(piece, 'copies=1')).status, 200);
  for (const socket of sockets) socket.destroy();
  await eventually(async () => (await readdir(spool)).length === 0);
  assert.equal((await user.putPiece(randomBytes(5000), 'copies=1')).status, 200);
});

test('--api.store_timeout and --api.retrieve_timeout end what a silent miner would not', async (t) => {
  const network = await startNetwork(t, { miners: 1 });
  const first = await network.api({ replicas: 1 });
  // A busy machine may need more than a second to store it.
  const patient = new User(first);
  const cid = await putOnce(patient, randomBytes(20_000));
  await first.close();
  const node = await network.api({ replicas: 1, storeSeconds: 1, retrieveSeconds: 1 });
  const user = new User(node);
  const [miner] = network.miners;
  const { port } = miner!.node.address;
  await miner!.stop();
  const { asked } = await silentAt(t, port);
  const started = performance.now();
  const put = await user.putPiece(randomBytes(1000), 'copies=1');
  await asked;
  const tookMs = performance.now() - started;
  assert.equal(put.status, 504, put.body.toString());
  assert.match(put.json().detail!, /0 of 1 replicas were stored within 1 s: send the piece again/);
  // The miner's own deadline is a minute in this network: it was the option that ended it.
  assert.ok(tookMs >= 990 && tookMs < 50_000, `${tookMs} ms`);
  const again = performance.now();
  const get = await user.ask('GET', `/objects/${cid}`);
  const took = performance.now() - again;
  assert.equal(get.status, 504, get.body.toString());
  assert.equal(get.json().code, 'timeout');
  assert.ok(took >= 990 && took < 50_000, `${took} ms`);
});

/** A port whose queue of connections is full and stays so: what comes next is never taken up. */
async function fullPort(t: TestContext): Promise<number> {
  const program = `require('node:net').createServer().listen({ port: 0, host: '127.0.0.1', backlog: 1 }, function () {
    console.log(this.address().port);
  })`;
  const child = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(() => child.kill('SIGKILL'));
  const port = Number(String((await once(child.stdout, 'data'))[0]));
  child.kill('SIGSTOP');
  for (;;) {
    const socket = connect(port, '127.0.0.1').on('error', () => {});
    t.after(() => socket.destroy());
    const isTaken = await Promise.race([
      once(socket, 'connect').then(() => true),
      systemClock.sleep(1000).then(() => false),
    ]);
    if (!isTaken) return port;
  }
}

test('--api.ping_timeout is how long a connection to a miner may take', async (t) => {
  const port = await fullPort(t);
  for (const connectMs of [100, 1500]) {
    const http = createHttpNetwork({ clock: systemClock, connectMs });
    t.after(() => http.close());
    const started = performance.now();
    await assert.rejects(
      http.request({
        address: { host: '127.0.0.1', port },
        route: 'ping',
        head: new Uint8Array(100),
        timeoutMs: 120_000,
      }),
      (error) =>
        error instanceof FileTaoError &&
        error.code === 'unreachable' &&
        error.details.waitedMs === connectMs &&
        /no connection to/.test(error.message),
    );
    const took = performance.now() - started;
    assert.ok(took >= connectMs - 10 && took < 60_000, `${took} ms of ${connectMs}`);
  }
});
