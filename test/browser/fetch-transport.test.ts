// The client over fetch, against the same API node that the client over node:http is tested with. Node's own fetch
// behaves as a browser's here; what only a browser shows is in test/page/app.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { loadCore } from '../../src/adapters/proving/load-core.js';
import { blobSource } from '../../src/browser/blob-source.js';
import { FetchTransport } from '../../src/browser/fetch-transport.js';
import { browserRuntime, connect } from '../../src/browser/runtime.js';
import { put } from '../../src/client/put.js';
import { retrieve } from '../../src/client/retrieve.js';
import { FileTaoError } from '../../src/domain/model/errors.js';
import { fastRetry, startNode, testWallet } from '../client/fixtures.js';
import { eventually } from '../nodes/network.js';

const wallet = await testWallet();
const runtime = browserRuntime(loadCore());

test('put and get over fetch, piece by piece', async () => {
  const node = await startNode();
  const connection = connect(node.url, wallet.hotkey);
  const data = randomBytes(3 * 1024 * 1024 + 7);
  const result = await put(blobSource(new File([data], 'name.bin')), {
    connection,
    wallet,
    runtime,
    journal: null,
    retry: fastRetry,
  });
  assert.equal(result.name, 'name.bin');
  const object = await retrieve(result.cid, { connection, wallet, runtime, retry: fastRetry });
  const parts: Uint8Array[] = [];
  for await (const part of object.plaintext) parts.push(part);
  assert.ok(Buffer.concat(parts).equals(data));
});

const serve = async (t: TestContext, answer: RequestListener): Promise<URL> => {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
};
const get = { method: 'GET', path: '/', headers: {}, body: undefined, signal: undefined } as const;
const coded =
  (code: string) =>
  (error: unknown): boolean =>
    error instanceof FileTaoError && error.code === code;
const readAll = async (body: AsyncIterable<Uint8Array>): Promise<number> => {
  let bytes = 0;
  for await (const part of body) bytes += part.length;
  return bytes;
};

test('silence, broken bodies, nobody there and cancelling each have their error', async (t) => {
  let dropped = 0;
  const url = await serve(t, (request, response) => {
    response.on('close', () => dropped++);
    if (request.url === '/silent') return;
    if (request.url === '/broken') {
      response.writeHead(200, { 'content-length': '100' }).write('half');
      setImmediate(() => response.destroy());
    } else response.writeHead(200, { 'content-length': '100' }).write('then nothing');
  });
  const hasty = new FetchTransport(url, { answerMs: 100 });
  await assert.rejects(hasty.send({ ...get, path: '/silent' }), coded('timeout'));
  const transport = new FetchTransport(url, { bodyMs: 100 });
  const broken = await new FetchTransport(url).send({ ...get, path: '/broken' });
  await assert.rejects(readAll(broken.body), coded('unreachable'));
  const stalled = await transport.send({ ...get, path: '/stalled' });
  await assert.rejects(readAll(stalled.body), coded('timeout'));
  // no connection is left behind
  await eventually(() => dropped === 3);

  const patient = new FetchTransport(url);
  const ending = new AbortController();
  const cancelled = patient.send({ ...get, path: '/silent', signal: ending.signal });
  ending.abort();
  await assert.rejects(cancelled, coded('cancelled'));
  const open = await patient.send({ ...get, path: '/stalled' });
  open.drop();
  const closing = patient.send({ ...get, path: '/silent' });
  patient.close();
  await assert.rejects(closing);
  const nobody = new FetchTransport(new URL('http://127.0.0.1:1'));
  await assert.rejects(nobody.send(get), coded('unreachable'));
  assert.throws(() => connect('ftp://node', wallet.hotkey), coded('bad-input'));
});
