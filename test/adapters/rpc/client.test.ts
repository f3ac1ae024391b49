// The Network port over HTTP: what is held against the other node, and what not.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { createHttpNetwork } from '../../../src/adapters/rpc/client.js';
import { contentTypes } from '../../../src/adapters/rpc/wire.js';
import { systemClock } from '../../../src/adapters/system/clock.js';

/** Nothing else happens in this process meanwhile. */
const block = (ms: number): void => {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
};

test('a turn of the event loop that is longer than a deadline does not make a node late that was in time', async (t) => {
  const server = createServer((request, response) => {
    request.resume().on('end', () => response.setHeader('content-type', contentTypes.message).end('said'));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const network = createHttpNetwork({ clock: systemClock, connectMs: 50 });
  t.after(async () => {
    await network.close();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const asked = network.request({
    address: { host: '127.0.0.1', port },
    route: 'ping',
    head: new Uint8Array(100),
    timeoutMs: 60_000,
  });
  // The connection is asked for, and its time runs; what comes in is looked at only after this turn.
  for (let i = 0; i < 10; i++) await new Promise<void>((resolve) => process.nextTick(resolve));
  block(200);
  assert.equal(Buffer.from(await (await asked).readAll(100)).toString(), 'said');
});
