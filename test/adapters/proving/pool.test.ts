// The proving pool: the same answers as the core's own, and what happens when a task is refused, given up, or loses its worker.
import assert from 'node:assert/strict';
import { createCipheriv } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { loadCore } from '../../../src/adapters/proving/load-core.js';
import { type PoolOptions, ProvingPool } from '../../../src/adapters/proving/pool.js';
import { ProvingError, type ProvingErrorCode } from '../../../src/adapters/proving/proving-error.js';
import type { ProveTask } from '../../../src/adapters/proving/tasks.js';
import { hex, pseudoData } from '../../model/pseudo-data.js';
import { openDescriptors } from '../open-descriptors.js';
import type { Fate } from './fragile-worker.js';

const folder = mkdtempSync(join(tmpdir(), 'filetao-pool-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const KEY = pseudoData(32, 11);
const BLINDING = pseudoData(32, 12);
const SMALL = pseudoData(777_777);
const LARGE = pseudoData(24 * 1024 * 1024, 5);
const small = file('small', SMALL);
// 24,576 commitments: about a tenth of a second of work, enough to be interrupted in the middle.
const large: ProveTask = { ...file('large', LARGE), chunkSize: 1024 };

function file(name: string, bytes: Uint8Array): ProveTask {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return { path, size: bytes.length, key: KEY, chunkSize: 4096, blinding: BLINDING };
}

async function withPool(options: PoolOptions, use: (pool: ProvingPool) => Promise<void>): Promise<void> {
  const pool = new ProvingPool(options);
  try {
    await use(pool);
  } finally {
    await pool.close();
  }
}

const rejectsWith = (code: ProvingErrorCode, promise: Promise<unknown>): Promise<void> =>
  assert.rejects(promise, (error: unknown) => error instanceof ProvingError && error.code === code);

const fragile = (options: PoolOptions = {}): PoolOptions => ({
  threads: 1,
  workerFile: new URL('./fragile-worker.js', import.meta.url),
  ...options,
});

/** A file whose next attempts meet these fates. */
function fated(name: string, fates: Fate[]): ProveTask {
  const task = file(name, SMALL);
  writeFileSync(`${task.path}.fate`, JSON.stringify(fates));
  return task;
}

/** The threads that began each attempt at a task so far. */
const threadsOf = (task: ProveTask): string[] =>
  readFileSync(`${task.path}.threads`, 'utf8').trim().split('\n');

/** How many descriptors of this process, its workers included, are open on a file. */
async function eventually(what: string, holds: () => boolean): Promise<void> {
  for (const end = performance.now() + 120_000; !holds(); await sleep(5)) {
    assert.ok(performance.now() < end, `not in two minutes: ${what}`);
  }
}

const core = loadCore();

for (const build of new Set([core.build, 'simd'] as const)) {
  test(`${build}: prove, digest and commit answer as the core does`, async () => {
    process.env.FILETAO_CORE = build;
    await withPool({ threads: 2 }, async (pool) => {
      const proof = await pool.prove(small);
      assert.equal(proof.count, Math.ceil(SMALL.length / 4096));
      assert.equal(hex(proof.keyedRoot), hex(core.keyed(KEY, SMALL)));
      assert.equal(hex(proof.nodes), hex(core.chunkNodes(KEY, SMALL, 0, 4096)));
      const r = core.blindings(BLINDING, 0, proof.count);
      assert.equal(hex(proof.commitments), hex(core.commit(proof.nodes, r)));
      assert.equal(hex(proof.commitmentRoot), hex(core.treeRoot({ kind: 'commitment' }, proof.commitments)));
      assert.ok(proof.milliseconds > 0);

      const plain = await pool.digest({ ...small, keys: [KEY, BLINDING], outboard: true });
      assert.equal(hex(plain.root), hex(core.hash(SMALL)));
      assert.deepEqual(plain.keyed.map(hex), [hex(core.keyed(KEY, SMALL)), hex(core.keyed(BLINDING, SMALL))]);
      assert.equal(hex(plain.leafNodes!), hex(core.chunkNodes(null, SMALL, 0, 1024)));

      const encodeKey = pseudoData(32, 77);
      const encoded = createCipheriv('aes-256-ctr', encodeKey, new Uint8Array(16)).update(SMALL);
      const replica = await pool.digest({ ...small, keys: [KEY], outboard: false, encodeKey });
      assert.equal(hex(replica.root), hex(core.hash(encoded)));
      assert.equal(hex(replica.keyed[0]!), hex(core.keyed(KEY, encoded)));
      assert.equal(replica.leafNodes, undefined);

      const m = pseudoData(32 * 5000);
      const blindings = core.blindings(BLINDING, 0, 5000);
      const { commitments } = await pool.commit({ m, r: blindings });
      assert.equal(hex(commitments), hex(core.commit(m, blindings)));
    }).finally(() => {
      delete process.env.FILETAO_CORE;
    });
  });
}

test('many tasks on two threads each get their own answer', async () => {
  await withPool({ threads: 2 }, async (pool) => {
    const sizes = [1, 1023, 1024, 5000, 262_144, 262_145, 524_288, 700_001];
    const tasks = sizes.map((size) => file(`size-${size}`, SMALL.subarray(0, size)));
    const proofs = await Promise.all(tasks.map((task) => pool.prove(task)));
    for (const [i, proof] of proofs.entries()) {
      assert.equal(hex(proof.keyedRoot), hex(core.keyed(KEY, SMALL.subarray(0, sizes[i]))));
    }
    assert.deepEqual(pool.load, { running: 0, waiting: 0 });
  });
});

test('files and inputs that are not what the task says', async () => {
  await withPool({ threads: 1 }, async (pool) => {
    await rejectsWith('size-mismatch', pool.prove({ ...small, size: small.size + 1 }));
    await rejectsWith('size-mismatch', pool.prove({ ...small, size: small.size - 1 }));
    await rejectsWith('size-mismatch', pool.digest({ ...small, size: 1, keys: [], outboard: false }));
    await rejectsWith('unreadable', pool.prove({ ...small, path: join(folder, 'no such file') }));
    await rejectsWith('unreadable', pool.prove({ ...small, path: folder }));
    await rejectsWith('bad-input', pool.prove({ ...small, chunkSize: 1000 }));
    await rejectsWith('bad-input', pool.prove({ ...small, size: 2 ** 26 + 1 }));
    await rejectsWith('bad-input', pool.prove({ ...small, key: new Uint8Array(31) }));
    const digest = { ...small, keys: [], outboard: false };
    await rejectsWith('bad-input', pool.digest({ ...digest, encodeKey: new Uint8Array(16) }));
    const r = new Uint8Array(32).fill(255);
    await rejectsWith('bad-input', pool.commit({ m: r, r }));
    await rejectsWith('bad-input', pool.commit({ m: new Uint8Array(64), r: new Uint8Array(32) }));
    await rejectsWith('bad-input', pool.commit({ m: new Uint8Array(32), r: new Uint8Array(64) }));
    assert.equal(openDescriptors(small.path), 0);
    assert.equal((await pool.prove(small)).count, 190);
  });
});

test('a full queue refuses, and takes tasks again when there is room', async () => {
  await withPool({ threads: 1, queue: 2 }, async (pool) => {
    const { signal } = new AbortController();
    const taken = [pool.prove(large, { signal }), pool.prove(small, { signal }), pool.prove(small)];
    assert.deepEqual(pool.load, { running: 1, waiting: 2 });
    await rejectsWith('busy', pool.prove(small, { signal }));
    await rejectsWith('busy', pool.commit({ m: KEY, r: new Uint8Array(32) }));
    await Promise.all(taken);
    assert.equal((await pool.prove(small)).count, 190);
  });
});

test('a task given up before, while waiting or while running; the worker stays', async () => {
  await withPool(fragile({ grace_ms: 20_000 }), async (pool) => {
    await pool.prove(large);
    await rejectsWith('aborted', pool.prove(large, { signal: AbortSignal.abort() }));

    const running = new AbortController();
    const waiting = new AbortController();
    const first = pool.prove(large, { signal: running.signal });
    const second = pool.prove(small, { signal: waiting.signal });
    const third = pool.prove(small);
    await eventually('the first task runs', () => threadsOf(large).length === 2);
    waiting.abort();
    await rejectsWith('aborted', second);
    assert.deepEqual(pool.load, { running: 1, waiting: 1 });
    running.abort();
    await rejectsWith('aborted', first);
    assert.equal((await third).count, 190);
    assert.equal(threadsOf(small).length, 1);
    // It stopped in the middle rather than work on for nobody.
    assert.equal(readFileSync(`${large.path}.failures`, 'utf8'), 'aborted\n');

    await rejectsWith('deadline', pool.prove(large, { timeout_ms: 30 }));
    assert.equal((await pool.prove(small, { timeout_ms: 60_000 })).count, 190);
    assert.deepEqual(pool.load, { running: 0, waiting: 0 });
    assert.equal(openDescriptors(large.path), 0);
    assert.equal(new Set([...threadsOf(large), ...threadsOf(small)]).size, 1);
  });
});

for (const fate of ['exit', 'exit-midway', 'crash'] as const) {
  test(`a worker that dies (${fate}) is replaced, its task retried once`, async () => {
    await withPool(fragile(), async (pool) => {
      const once = fated(`once-${fate}`, [fate]);
      assert.equal(hex((await pool.prove(once)).keyedRoot), hex(core.keyed(KEY, SMALL)));
      assert.equal(new Set(threadsOf(once)).size, 2);

      const twice = fated(`twice-${fate}`, [fate, fate]);
      await rejectsWith('worker-died', pool.prove(twice));
      assert.equal(threadsOf(twice).length, 2);
      assert.equal((await pool.prove(twice)).count, 190);
      await eventually('all files are closed', () => openDescriptors(twice.path) === 0);

      // Others waiting in the queue are not lost with the worker.
      const waiting = [pool.prove(fated(`among-${fate}`, [fate])), pool.prove(small), pool.prove(small)];
      for (const proof of await Promise.all(waiting)) assert.equal(proof.count, 190);
    });
  });
}

test('a worker that does not stop when told to is ended and replaced', async () => {
  await withPool(fragile({ grace_ms: 50 }), async (pool) => {
    const hanging = fated('hanging', ['hang']);
    const hopeless = new AbortController();
    const gone = pool.prove(hanging, { signal: hopeless.signal });
    const next = pool.prove(small);
    await eventually('the task runs', () => existsSync(`${hanging.path}.threads`));
    hopeless.abort();
    await rejectsWith('aborted', gone);
    assert.equal((await next).count, 190);
    assert.equal((await pool.prove(hanging)).count, 190);
    assert.equal(new Set(threadsOf(hanging)).size, 2);
  });
});

test('closing gives up what is at hand, and leaves nothing behind', async () => {
  const resources = (): string => process.getActiveResourcesInfo().sort().join();
  const before = resources();
  const pool = new ProvingPool({ threads: 2 });
  await pool.prove(small);
  const tasks = [pool.prove(large), pool.prove(large), pool.prove(large, { timeout_ms: 60_000 })];
  const outcomes = Promise.all(tasks.map((task) => rejectsWith('closed', task)));
  await sleep(10);
  const closed = pool.close();
  await rejectsWith('closed', pool.prove(small));
  await Promise.all([outcomes, closed, pool.close()]);
  await rejectsWith('closed', pool.commit({ m: KEY, r: new Uint8Array(32) }));
  assert.deepEqual(pool.load, { running: 0, waiting: 0 });
  assert.equal(openDescriptors(large.path), 0);
  await eventually('all handles are gone', () => resources() === before);
});

test('a caller keeps the bytes it gave', async () => {
  await withPool({ threads: 1 }, async (pool) => {
    const key = KEY.slice();
    const keys = [key, BLINDING.slice()];
    await pool.prove({ ...small, key });
    await pool.digest({ ...small, keys, outboard: false });
    await pool.commit({ m: key, r: new Uint8Array(32) });
    assert.equal(hex(key), hex(KEY));
    assert.equal(hex(keys[1]!), hex(BLINDING));
  });
});
