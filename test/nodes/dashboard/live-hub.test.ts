// Streams of live pages: a reader that does not read is dropped and costs nothing further; one page is made once for all.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { type TestContext, test } from 'node:test';
import { LiveHub, type LiveOptions } from '../../../src/nodes/dashboard/live-hub.js';
import { eventually } from '../network.js';

async function serve(t: TestContext, options: LiveOptions) {
  const hub = new LiveHub(options);
  const server = createServer((request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    hub.add(request.url!, response);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    hub.close();
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  /** A reader that counts what it is sent. */
  const reader = (path: string) => {
    const socket = connect(port, '127.0.0.1').on('error', () => {});
    t.after(() => socket.destroy());
    const seen = { bytes: 0, closed: false };
    socket.on('data', (part) => {
      seen.bytes += part.length;
    });
    socket.on('close', () => {
      seen.closed = true;
    });
    socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
    return { socket, seen };
  };
  return { hub, reader };
}

test('a reader that does not read is dropped, and the others are told on', async (t) => {
  let version = 0;
  const { hub, reader } = await serve(t, {
    regionsOf: async () => new Map([['all', `${++version} ${randomBytes(300_000).toString('hex')}`]]),
    version: () => version,
    tickMs: 5,
    stalledMsMax: 50,
  });
  const good = reader('/good');
  const bad = reader('/bad');
  bad.socket.pause();
  await eventually(() => hub.readers === 2);
  await eventually(() => hub.readers === 1);
  const heard = good.seen.bytes;
  await eventually(() => good.seen.bytes > heard + 2_000_000);
  assert.equal(good.seen.closed, false);
  bad.socket.resume();
  await eventually(() => bad.seen.closed);
});

test('a page that several look at is made once, what has not changed is not sent, and the end is an end', async (t) => {
  let made = 0;
  let news = 0;
  const { hub, reader } = await serve(t, {
    regionsOf: async () => {
      made++;
      return new Map([
        ['same', 'x'.repeat(50_000)],
        ['news', String(news)],
      ]);
    },
    version: () => news,
    tickMs: 5,
  });
  const readers = [reader('/one'), reader('/one'), reader('/one')];
  await eventually(() => readers.every(({ seen }) => seen.bytes > 50_000));
  const before = made;
  news++;
  await eventually(() => made > before);
  await eventually(() => readers.every(({ seen }) => seen.bytes > 50_100));
  assert.ok(made < 10, `${made} times`);
  for (const { seen } of readers) assert.ok(seen.bytes < 60_000, `${seen.bytes} bytes`);
  hub.close();
  await eventually(() => readers.every(({ seen }) => seen.closed));
  assert.equal(hub.readers, 0);
});

test('a page that cannot be made now is made later', async (t) => {
  let broken = true;
  const problems: unknown[] = [];
  const { reader } = await serve(t, {
    regionsOf: async () => {
      if (broken) throw new Error('the index is away');
      return new Map([['all', 'there again']]);
    },
    version: () => 1,
    tickMs: 5,
    onProblem: (error) => problems.push(error),
  });
  const { seen } = reader('/');
  await eventually(() => problems.length > 1);
  const before = seen.bytes;
  broken = false;
  await eventually(() => seen.bytes > before);
});
