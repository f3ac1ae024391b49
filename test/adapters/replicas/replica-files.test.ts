// Replica files on a real file system: what is acknowledged is durable and whole, what is not is nowhere.
import assert from 'node:assert/strict';
import { readdir, readFile, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { openReplicaFiles } from '../../../src/adapters/replicas/replica-files.js';
import type { FileTaoError } from '../../../src/domain/model/errors.js';
import type { ReplicaId } from '../../../src/domain/model/records.js';
import type { Replicas } from '../../../src/domain/ports/replicas.js';
import { nextLine, startProgram } from '../program.js';
import { seededRandom } from '../seeded-random.js';
import { watchedFiles } from '../system/watched-files.js';
import { temporaryFolder } from '../temporary-folder.js';
import { content, leafValues, replicaId } from './samples.js';

const child = new URL('./replica-files-child.js', import.meta.url);

const store = async (replicas: Replicas, n: number, size: number): Promise<void> => {
  const writer = await replicas.create(replicaId(n), size);
  await writer.write(content(n, size));
  await writer.commit(leafValues(size));
};

/** Every file below, by path. */
const filesBelow = async (folder: string): Promise<string[]> =>
  (await readdir(folder, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort();

const listed = async (replicas: Replicas): Promise<Map<string, number>> => {
  const found = new Map<string, number>();
  for await (const { id, size } of replicas.list()) found.set(JSON.stringify(id), size);
  return found;
};
const nameOf = (id: ReplicaId): string =>
  JSON.stringify({ minerKey: id.minerKey, validatorKey: id.validatorKey, root: id.root });

const opened = async (context: TestContext): Promise<[Replicas, string]> => {
  const directory = join(await temporaryFolder(context), 'data', 'replicas');
  const replicas = await openReplicaFiles({ directory });
  context.after(() => replicas.close());
  return [replicas, directory];
};

test('a replica is read back whole, in ranges and as a stream, after reopening too', async (context) => {
  const [first, directory] = await opened(context);
  const size = 2_500_000;
  const data = content(1, size);
  await store(first, 1, size);
  await first.close();
  await assert.rejects(first.read(replicaId(1), 0, 1), { code: 'internal' });
  const replicas = await openReplicaFiles({ directory });
  context.after(() => replicas.close());
  assert.deepEqual(await replicas.read(replicaId(1), 0, size), data);
  assert.deepEqual(await replicas.read(replicaId(1), 1000, 1001), data.subarray(1000, 1001));
  assert.equal((await replicas.read(replicaId(1), 7, 7)).length, 0);
  const parts: Uint8Array[] = [];
  for await (const part of replicas.stream(replicaId(1), 5, size)) parts.push(part);
  assert.deepEqual(
    parts.map((part) => part.length),
    [1048576, 1048576, size - 5 - 2 * 1048576],
  );
  assert.ok(Buffer.concat(parts).equals(data.subarray(5)));
  assert.ok((await readFile(await replicas.path(replicaId(1)))).equals(data));
  assert.deepEqual(await replicas.readOutboard(replicaId(1), size), leafValues(size));
  assert.deepEqual(await listed(replicas), new Map([[nameOf(replicaId(1)), size]]));
  assert.equal((await stat(await replicas.path(replicaId(1)))).mode & 0o777, 0o600);
  assert.equal((await stat(directory)).mode & 0o777, 0o700);
});

test('what is not there is an unknown replica', async (context) => {
  const [replicas] = await opened(context);
  const missing = { code: 'unknown-replica' };
  await assert.rejects(replicas.path(replicaId(1)), missing);
  await assert.rejects(replicas.read(replicaId(1), 0, 1), missing);
  await assert.rejects(replicas.stream(replicaId(1), 0, 1)[Symbol.asyncIterator]().next(), missing);
  await assert.rejects(replicas.writeOutboard(replicaId(1), leafValues(1)), missing);
  assert.equal(await replicas.readOutboard(replicaId(1), 1), null);
  assert.equal(await replicas.remove(replicaId(1)), false);
  await store(replicas, 1, 5000);
  assert.equal(await replicas.remove(replicaId(1)), true);
  await assert.rejects(replicas.read(replicaId(1), 0, 1), missing);
  assert.equal((await listed(replicas)).size, 0);
});

test('nothing is visible before commit, and an abort leaves nothing', async (context) => {
  const [replicas, directory] = await opened(context);
  const writer = await replicas.create(replicaId(1), 3000);
  await writer.write(content(1, 3000));
  await assert.rejects(replicas.path(replicaId(1)), { code: 'unknown-replica' });
  assert.equal((await listed(replicas)).size, 0);
  assert.equal(await replicas.sweep(), 0, 'a writer at work is no leftover');
  await writer.abort();
  await writer.abort();
  assert.deepEqual(await filesBelow(directory), []);
  await assert.rejects(writer.write(content(1, 1)), { code: 'internal' });
  await assert.rejects(writer.commit(leafValues(3000)), { code: 'internal' });

  const again = await replicas.create(replicaId(1), 3000);
  await again.write(content(1, 3000));
  await again.commit(leafValues(3000));
  await again.abort();
  assert.deepEqual(await replicas.read(replicaId(1), 0, 3000), content(1, 3000));
  const left = await replicas.create(replicaId(2), 10);
  await replicas.close();
  await assert.rejects(left.write(content(2, 10)), { code: 'internal' });
  assert.equal((await filesBelow(directory)).length, 2);
});

test('wrong lengths are refused and leave nothing', async (context) => {
  const [replicas, directory] = await opened(context);
  for (const size of [0, -1, 1.5, Number.NaN])
    await assert.rejects(replicas.create(replicaId(1), size), { code: 'bad-input' });
  await assert.rejects(replicas.create(replicaId(1), 64 * 1024 * 1024 + 1), { code: 'too-large' });
  const short = await replicas.create(replicaId(1), 100);
  await short.write(content(1, 99));
  await assert.rejects(short.commit(leafValues(100)), { code: 'bad-input' });
  const long = await replicas.create(replicaId(1), 100);
  await assert.rejects(long.write(content(1, 101)), { code: 'too-large' });
  await assert.rejects(long.write(content(1, 1)), { code: 'internal' }, 'it is over');
  const wrong = await replicas.create(replicaId(1), 100);
  await wrong.write(content(1, 100));
  await assert.rejects(wrong.commit(leafValues(2000)), { code: 'bad-input' });
  const hasty = await replicas.create(replicaId(1), 100);
  const underWay = hasty.write(content(1, 100));
  await assert.rejects(hasty.commit(leafValues(100)), { code: 'bad-input' }, 'a write is still under way');
  await underWay.catch(() => {});
  assert.deepEqual(await filesBelow(directory), []);
  assert.ok((await replicas.freeBytes()) > 0);
  for (const [start, end] of [
    [-1, 5],
    [5, 4],
    [0.5, 1],
    [0, 2 ** 53],
  ] as const)
    await assert.rejects(replicas.read(replicaId(1), start, end), { code: 'bad-input' });
});

test('an acknowledged replica was synced before it got its name, and its folders after', async (context) => {
  const files = watchedFiles();
  const directory = join(await temporaryFolder(context), 'replicas');
  const replicas = await openReplicaFiles({ directory, files });
  context.after(() => replicas.close());
  const writer = await replicas.create(replicaId(1), 5000);
  await writer.write(content(1, 5000));
  files.done.length = 0;
  await writer.commit(leafValues(5000));
  const { minerKey, validatorKey, root } = replicaId(1);
  const names: [RegExp | string, string][] = [
    [/incoming\/.*/, 'temporary'],
    [`/${minerKey}/${validatorKey}/7f/${root}.outboard`, ' outboard'],
    [`/${minerKey}/${validatorKey}/7f/${root}`, ' replica'],
    [`/${minerKey}/${validatorKey}/7f`, ' shard'],
    [`/${minerKey}/${validatorKey}`, ' validator'],
    [`/${minerKey}`, ' miner'],
  ];
  const changes = files.done.filter((line) => !line.startsWith('close '));
  const order = changes.map((line) =>
    names.reduce((text, [name, word]) => text.replace(name, word), line.replace(directory, '')),
  );
  const told = order.map((line) => line.replace(/[ /]+/g, ' ').trim());
  // The replica's file and its outboard's are written and synced side by side.
  assert.deepEqual(told.slice(0, 4).sort(), [
    'create temporary',
    'sync temporary',
    'sync temporary',
    'write temporary',
  ]);
  assert.deepEqual(told.slice(4), [
    'makeFolder miner',
    'syncFolder',
    'makeFolder validator',
    'syncFolder miner',
    'makeFolder shard',
    'syncFolder validator',
    'size replica',
    'rename outboard',
    'rename replica',
    'syncFolder shard',
  ]);
  files.done.length = 0;
  await replicas.remove(replicaId(1));
  assert.match(files.done.at(-1)!, /^syncFolder .*7f$/);
});

test('a failed replacement keeps the replica that was there', async (context) => {
  for (let at = 0; ; at++) {
    const files = watchedFiles();
    const replicas = await openReplicaFiles({ directory: await temporaryFolder(context), files });
    await store(replicas, 1, 5000);
    files.begun = 0;
    files.failure = { at, code: 'EIO' };
    await store(replicas, 1, 5000).catch(() => {});
    const hit = files.begun > at;
    files.failure = null;
    assert.deepEqual(await replicas.read(replicaId(1), 0, 5000), content(1, 5000));
    assert.deepEqual(await replicas.readOutboard(replicaId(1), 5000), leafValues(5000));
    await replicas.close();
    if (!hit) break;
  }
});

test('the quota counts what is stored, what is promised, and what was there at start', async (context) => {
  const directory = await temporaryFolder(context);
  const quotaBytes = 3 * (10_240 + 320);
  const replicas = await openReplicaFiles({ directory, quotaBytes });
  await store(replicas, 1, 10_240);
  assert.equal(await replicas.freeBytes(), 2 * 10_240, 'with room for outboards');
  const writers = await Promise.allSettled([2, 3, 4, 5].map((n) => replicas.create(replicaId(n), 10_240)));
  assert.equal(writers.filter(({ status }) => status === 'fulfilled').length, 2, 'at once no more than fit');
  for (const result of writers)
    if (result.status === 'rejected') assert.equal((result.reason as FileTaoError).code, 'full');
  assert.equal(await replicas.freeBytes(), 0);
  for (const result of writers) if (result.status === 'fulfilled') await result.value.abort();
  await store(replicas, 1, 10_240); // again: replaces, takes no more room
  await store(replicas, 2, 10_240);
  await replicas.close();

  const reopened = await openReplicaFiles({ directory, quotaBytes });
  context.after(() => reopened.close());
  await assert.rejects(reopened.create(replicaId(3), 10_241), { code: 'full' });
  await store(reopened, 3, 10_240);
  await assert.rejects(reopened.create(replicaId(4), 1), { code: 'full' });
  await reopened.remove(replicaId(1));
  await store(reopened, 4, 10_240);
});

test('the disk keeps its reserve, writers at once included', async (context) => {
  const mebibyte = 1024 * 1024;
  let free = 10 * mebibyte;
  const files = watchedFiles(() => free);
  const replicas = await openReplicaFiles({
    directory: await temporaryFolder(context),
    files,
    diskReserveBytes: 4 * mebibyte,
  });
  context.after(() => replicas.close());
  assert.equal(Math.floor((await replicas.freeBytes()) / mebibyte), 5);
  const first = await replicas.create(replicaId(1), 3 * mebibyte);
  await assert.rejects(replicas.create(replicaId(2), 3 * mebibyte), { code: 'full' });
  await first.write(content(1, 2 * mebibyte));
  free -= 2 * mebibyte; // what is written is no longer promised but gone from the disk
  assert.equal(Math.floor((await replicas.freeBytes()) / mebibyte), 2);
  await first.abort();
});

test('a short file is damaged, a wrong outboard is none, and both can be mended', async (context) => {
  const [replicas] = await opened(context);
  await store(replicas, 1, 5000);
  const path = await replicas.path(replicaId(1));
  await truncate(path, 4000);
  assert.deepEqual(await replicas.read(replicaId(1), 0, 4000), content(1, 4000));
  await assert.rejects(replicas.read(replicaId(1), 3999, 4001), { code: 'damaged' });
  await assert.rejects(
    async () => {
      for await (const part of replicas.stream(replicaId(1), 0, 5000)) assert.ok(part);
    },
    { code: 'damaged' },
  );
  await truncate(`${path}.outboard`, 31);
  assert.equal(await replicas.readOutboard(replicaId(1), 5000), null);
  await store(replicas, 1, 5000);
  assert.deepEqual(await replicas.read(replicaId(1), 0, 5000), content(1, 5000));
  await replicas.writeOutboard(replicaId(1), new Uint8Array(160).fill(3));
  assert.deepEqual(await replicas.readOutboard(replicaId(1), 5000), new Uint8Array(160).fill(3));
  await assert.rejects(replicas.writeOutboard(replicaId(1), new Uint8Array(161)), { code: 'bad-input' });
});

test('ids that are not hexadecimal digests reach no path', async (context) => {
  const [replicas, directory] = await opened(context);
  const outside = join(directory, '..', 'outside');
  await writeFile(outside, 'kept');
  const wrong = [
    '../../outside',
    '..',
    '',
    'incoming',
    'A'.repeat(64),
    `${'0'.repeat(63)}/`,
    `${'0'.repeat(64)}\0`,
  ];
  for (const part of [...wrong, undefined, 5, { toString: () => '0'.repeat(64) }]) {
    for (const field of ['minerKey', 'validatorKey', 'root']) {
      const id = { ...replicaId(1), [field]: part } as ReplicaId;
      const refused = { code: 'bad-input' };
      await assert.rejects(replicas.create(id, 10), refused);
      await assert.rejects(replicas.path(id), refused);
      await assert.rejects(replicas.read(id, 0, 1), refused);
      await assert.rejects(replicas.stream(id, 0, 1)[Symbol.asyncIterator]().next(), refused);
      await assert.rejects(replicas.readOutboard(id, 10), refused);
      await assert.rejects(replicas.writeOutboard(id, leafValues(10)), refused);
      await assert.rejects(replicas.remove(id), refused);
    }
  }
  assert.equal(await readFile(outside, 'utf8'), 'kept');
  assert.deepEqual(await filesBelow(directory), []);
});

test('changes of one replica at once leave it whole, and the room as it is', async (context) => {
  const directory = await temporaryFolder(context);
  const replicas = await openReplicaFiles({ directory, quotaBytes: 1_000_000 });
  context.after(() => replicas.close());
  const random = seededRandom(context);
  const before = await replicas.freeBytes();
  for (let round = 0; round < 10; round++) {
    await Promise.all(
      Array.from({ length: 8 }, () =>
        random.below(3) === 0 ? replicas.remove(replicaId(1)) : store(replicas, 1, 5120),
      ),
    );
    const files = await filesBelow(directory);
    assert.ok(files.length === 0 || files.length === 2, files.join());
    if (files.length === 2) assert.deepEqual(await replicas.read(replicaId(1), 0, 5120), content(1, 5120));
    assert.equal(await replicas.freeBytes(), files.length === 2 ? before - 5120 : before);
  }
});

test('kill -9 in mid-write: the acknowledged are whole, the rest is swept', async (context) => {
  const directory = await temporaryFolder(context);
  const random = seededRandom(context);
  const acknowledged = new Set<number>();
  let leftovers = 0;
  for (let round = 0; round < 5; round++) {
    const writer = startProgram(context, child, ['store', directory]);
    const killAfter = 3 + random.below(20);
    let killed: Promise<void> | null = null;
    let lines = 0;
    for await (const line of writer.lines) {
      const [word, n] = line.split(' ') as [string, string];
      if (word === 'stored') acknowledged.add(Number(n));
      if (++lines === killAfter) killed = writer.kill();
    }
    assert.ok(killed, 'it was killed, it did not end');
    await killed;
    const replicas = await openReplicaFiles({ directory });
    const swept = await replicas.sweep();
    assert.ok(swept > 0, 'at least the one that never ends');
    leftovers += swept;
    assert.equal(await replicas.sweep(), 0);
    const found = await listed(replicas);
    for (const n of acknowledged) assert.ok(found.has(nameOf(replicaId(n))), `replica ${n} was acknowledged`);
    for (const [name, size] of found) {
      const id = JSON.parse(name) as ReplicaId;
      const n = size - 300_000;
      assert.equal(nameOf(replicaId(n)), name, 'whole or not there');
      assert.deepEqual(await replicas.read(id, 0, size), content(n, size));
      assert.deepEqual(await replicas.readOutboard(id, size), leafValues(size));
    }
    assert.equal((await filesBelow(directory)).length, 2 * found.size);
    await replicas.close();
  }
  context.diagnostic(`${acknowledged.size} acknowledged, ${leftovers} leftovers swept`);
});

test('leftovers are swept, foreign files are left alone', async (context) => {
  const [replicas, directory] = await opened(context);
  await store(replicas, 1, 5000);
  await store(replicas, 2, 5000);
  const path = await replicas.path(replicaId(1));
  await replicas.remove(replicaId(2));
  await writeFile(join(directory, 'incoming', 'left-over'), 'x');
  await writeFile(path.replace(/[^/]+$/, `${replicaId(4).root}.outboard`), 'x');
  await writeFile(join(directory, 'notes.txt'), 'the operator’s');
  assert.equal(await replicas.sweep(), 2);
  assert.deepEqual(
    (await filesBelow(directory)).map((name) => name.split('/').at(-1)),
    [replicaId(1).root, `${replicaId(1).root}.outboard`, 'notes.txt'],
  );
});

test('64 MiB pass in bounded memory, in parts of at most 1 MiB', async (context) => {
  const large = startProgram(context, child, ['large', await temporaryFolder(context)]);
  const { seen, longest, streaming, rss } = JSON.parse(await nextLine(large)) as Record<string, number>;
  await large.end();
  context.diagnostic(
    `peak ${Math.round(rss! / 2 ** 20)} MiB, ${Math.round(streaming! / 2 ** 20)} of them streaming`,
  );
  assert.equal(seen, 64 * 1024 * 1024);
  assert.equal(longest, 1024 * 1024);
  assert.ok(rss! < 160 * 2 ** 20, 'a bare node takes about 50 MiB');
});
