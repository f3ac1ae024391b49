// Health, readiness and metrics of a server without a node behind it, who may read them, and how a server drains.
import assert from 'node:assert/strict';
import { Agent, get } from 'node:http';
import { type TestContext, test } from 'node:test';
import { createLog } from '../../src/adapters/observe/log.js';
import { NodeMetrics } from '../../src/adapters/observe/metrics.js';
import { createServer, type NodeServer, type ServerOptions } from '../../src/adapters/rpc/server.js';
import { publicKeyOf, rootOf } from '../../src/domain/model/bytes.js';
import { addStatusRoutes, type Checks, type Operation } from '../../src/nodes/status.js';
import { eventually } from './network.js';

const logged: Record<string, unknown>[] = [];
const log = createLog({ level: 'warn', json: true, write: (line) => logged.push(JSON.parse(line)) });

function makeServer(options: Partial<ServerOptions> = {}): NodeServer {
  return createServer({ log, host: '127.0.0.1', port: 0, ...options });
}

async function serve(t: TestContext, checks: Checks, operation?: Partial<Operation>) {
  const server = makeServer();
  const metrics = new NodeMetrics({ role: 'miner', version: '1.2.3', core: 'simd' });
  const whole: Operation = {
    metrics,
    allow: ['127.0.0.0/8', '::1'],
    separate: null,
    graceMs: 1000,
    ...operation,
  };
  const status = await addStatusRoutes(server, checks, { operation: whole, log });
  const { port } = await server.listen();
  t.after(async () => {
    await server.close();
    await status.close();
  });
  const ask = async (path: string, headers: Record<string, string> = {}, at = port) => {
    const response = await fetch(`http://127.0.0.1:${at}${path}`, { headers });
    return { status: response.status, text: await response.text() };
  };
  return { status, ask, metrics };
}

test('ready is: started, every check well, and not ending', async (t) => {
  let chain: () => Promise<unknown> = async () => 1;
  const { status, ask } = await serve(t, { chain: () => chain(), index: async () => 1 });
  const readiness = async () => JSON.parse((await ask('/readyz')).text) as { status: string; checks: object };
  assert.equal((await ask('/healthz')).text, '{"status":"ok"}');
  assert.deepEqual([(await ask('/readyz')).status, (await readiness()).status], [503, 'starting']);
  status.started();
  assert.equal((await ask('/readyz')).status, 200);
  chain = () => Promise.reject(new Error('away'));
  const failing = await eventually(async () => {
    const answer = await readiness();
    return answer.status === 'failing' ? answer : null;
  });
  assert.deepEqual(failing.checks, { chain: 'failing', index: 'ok' });
  status.ending();
  assert.equal((await readiness()).status, 'draining');
});

test('metrics are for those allowed, asked directly', async (t) => {
  const { ask } = await serve(t, {});
  const mine = await ask('/metrics');
  assert.equal(mine.status, 200);
  assert.match(mine.text, /^filetao_build_info\{role="miner",version="1.2.3",core="simd"\} 1$/m);
  for (const header of ['forwarded', 'x-forwarded-for', 'x-real-ip', 'via']) {
    const forwarded = await ask('/metrics', { [header]: '127.0.0.1' });
    assert.equal(forwarded.status, 403);
    assert.doesNotMatch(forwarded.text, /filetao_/);
  }
  const closed = await serve(t, {}, { allow: ['192.0.2.0/24', '2001:db8::1'] });
  assert.equal((await closed.ask('/metrics')).status, 403);
  assert.equal((await closed.ask('/healthz')).status, 200);
});

test('a port of their own takes metrics off the node’s', async (t) => {
  const { status, ask } = await serve(t, {}, { separate: { host: '127.0.0.1', port: 0 } });
  assert.equal((await ask('/metrics')).status, 404);
  assert.equal((await ask('/healthz')).status, 200);
  assert.equal((await ask('/metrics', {}, status.separate!.port)).status, 200);
  assert.equal((await ask('/readyz', {}, status.separate!.port)).status, 503);
});

test('a gauge that cannot tell is left out of a scrape', async () => {
  const metrics = new NodeMetrics({ role: 'api', version: '1', core: 'simd' });
  let value: number | null = 7;
  metrics.gauge('filetao_thing_bytes', 'A thing', () => value ?? Promise.reject(new Error('away')));
  metrics.round({
    kind: 'challenge',
    minerKey: publicKeyOf(new Uint8Array(32)),
    root: rootOf(new Uint8Array(32)),
    n: 1,
    outcome: 'fail',
    reason: 'something a miner made up',
    challengeId: null,
    startedAtMs: 0,
    elapsedMs: 3,
    size: 1,
    openedBytes: 0,
  });
  assert.match(await metrics.text, /^filetao_thing_bytes 7$/m);
  assert.match(
    await metrics.text,
    /^filetao_rounds_total\{kind="challenge",outcome="fail",reason="other"\} 1$/m,
  );
  value = null;
  assert.doesNotMatch(await metrics.text, /^filetao_thing_bytes /m);
});

test('draining: new work is refused with Retry-After, begun work ends, what takes too long is cut off', async () => {
  const server = makeServer({ graceMs: 2500, finishing: ['/finish'] });
  const held: (() => void)[] = [];
  server.app.get('/work', async () => {
    await new Promise<void>((resolve) => held.push(resolve));
    return 'done';
  });
  server.app.get('/finish', async () => 'finished');
  const { port } = await server.listen();
  const url = `http://127.0.0.1:${port}`;
  const [short, long] = [fetch(`${url}/work`), fetch(`${url}/work`)];
  long.catch(() => {});
  await eventually(() => held.length === 2);
  const closing = server.close();
  assert.ok(server.isDraining);
  const refused = await fetch(`${url}/work`);
  assert.deepEqual([refused.status, refused.headers.get('retry-after')], [503, '2']);
  assert.match(refused.headers.get('content-type')!, /^application\/problem\+json/);
  assert.equal(await (await fetch(`${url}/finish`)).text(), 'finished');
  held[0]!();
  assert.equal(await (await short).text(), 'done');
  await closing;
  await assert.rejects(long);
  await assert.rejects(fetch(`${url}/finish`));
  assert.equal(logged.at(-1)!.requests, 1);
});

test('an idle connection does not hold a server up', async () => {
  const server = makeServer({ graceMs: 60_000 });
  server.app.get('/', async () => 'here');
  const { port } = await server.listen();
  const agent = new Agent({ keepAlive: true });
  await new Promise<void>((resolve) => {
    get({ port, agent }, (response) => response.resume().once('end', resolve));
  });
  const start = performance.now();
  await server.close();
  assert.ok(performance.now() - start < 30_000);
  agent.destroy();
});
