// Ten thousand idle connections to a real miner process, or as many as this machine's limits allow: others are served
// meanwhile, memory stays bounded, and the idle are ended.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { test } from 'node:test';
import { temporaryFolder } from '../adapters/temporary-folder.js';
import { runCli } from '../cli/run-cli.js';
import { eventually } from '../nodes/network.js';
import { startNodeProcess } from '../nodes/processes.js';

const wanted = 10_000;

const residentMib = (pid: number): number =>
  Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]) / 1024;

test('ten thousand idle connections', async (t) => {
  const home = await temporaryFolder(t);
  const made = await runCli(['wallet', 'create', '--no-password'], { home });
  assert.equal(made.code, 0, made.stderr);
  const miner = await startNodeProcess(t, home, ['miner', '--axon.port', '0', '--proving.workers', '1']);
  const { host, port } = miner.address;
  const pid = miner.child.pid!;
  const before = residentMib(pid);
  const limit = Number(/^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))![1]);
  const count = Math.min(wanted, limit - 500);
  const sockets = new Set<Socket>();
  t.after(() => {
    for (const socket of sockets) socket.destroy();
  });
  let most = 0;
  for (let i = 0; i < count; i++) {
    const socket = connect(port, host);
    socket
      .on('error', () => {})
      .on('close', () => sockets.delete(socket))
      .resume(); // reads, to see the end
    sockets.add(socket);
    if (i % 100 === 99)
      await new Promise((resolve) => socket.once('connect', resolve).once('close', resolve));
    most = Math.max(most, sockets.size);
  }
  const health = await eventually(() => fetch(`http://${host}:${port}/v1/none`).catch(() => null));
  assert.equal(health.status, 404, 'others are served');
  const during = residentMib(pid);
  t.diagnostic(
    `${most} connections of ${wanted} open at once (limit of descriptors ${limit}), ${before.toFixed()} MiB → ${during.toFixed()} MiB`,
  );
  assert.ok(during - before < 400, `${during - before} MiB for idle connections`);
  await eventually(() => sockets.size === 0);
  assert.equal(await miner.end(), 0);
});
