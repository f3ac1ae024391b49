// The LMDB environment: schema, atomicity, growth under several processes, a full disk.
import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { openLmdbEnvironment } from '../../../src/adapters/system/lmdb-environment.js';
import { FileTaoError } from '../../../src/domain/model/errors.js';
import { nextLine, startProgram } from '../program.js';
import { temporaryFolder } from '../temporary-folder.js';

const child = new URL('./lmdb-environment-child.js', import.meta.url);
const mebibyte = 1024 * 1024;
const options = (directory: string) => ({
  directory,
  kind: 'test',
  schemaVersion: 1,
  tables: ['values', 'keys'] as const,
  mapBytes: mebibyte,
});

test('a change that throws leaves nothing behind, and those beside it stand', async (context) => {
  const environment = await openLmdbEnvironment(options(await temporaryFolder(context)));
  context.after(() => environment.close());
  const { values, keys } = environment.tables;
  const results = await Promise.allSettled([
    environment.write(() => void values.put(Buffer.from('a'), Buffer.from([1]))),
    environment.write(() => {
      values.put(Buffer.from('b'), Buffer.from([1]));
      throw new FileTaoError('conflict', 'no');
    }),
    environment.write(() => {
      keys.put(Buffer.from('c'), Buffer.from([1]));
      values.put(Buffer.alloc(5000, 1), Buffer.from([1])); // longer than a key may be
    }),
    environment.write(() => values.getCount()),
  ]);
  assert.deepEqual(
    results.map((result) => (result.status === 'fulfilled' ? 'done' : (result.reason as FileTaoError).code)),
    ['done', 'conflict', 'io', 'done'],
  );
  assert.equal(values.getCount(), 1);
  assert.equal(keys.getCount(), 0);
});

test('a newer schema is refused and left as it is; so is an older one', async (context) => {
  const folder = await temporaryFolder(context);
  const newer = await openLmdbEnvironment({ ...options(folder), schemaVersion: 3 });
  await newer.close();
  const before = await readFile(join(folder, 'data.mdb'));
  await assert.rejects(
    openLmdbEnvironment({ ...options(folder), tables: ['values', 'keys', 'more'] }),
    (error: unknown) =>
      error instanceof FileTaoError &&
      error.code === 'schema' &&
      error.details.found === 3 &&
      error.details.supported === 1 &&
      /upgrade/.test(error.message),
  );
  assert.ok(before.equals(await readFile(join(folder, 'data.mdb'))), 'not a byte changed');
  await assert.rejects(
    openLmdbEnvironment({ ...options(folder), schemaVersion: 4 }),
    (error: unknown) =>
      error instanceof FileTaoError && error.code === 'schema' && /migrate/.test(error.message),
  );
  await (await openLmdbEnvironment({ ...options(folder), schemaVersion: 3 })).close();
});

test('a folder that cannot be is a typed error', async (context) => {
  const folder = await temporaryFolder(context);
  await (await openLmdbEnvironment(options(folder))).close();
  await assert.rejects(openLmdbEnvironment(options(join(folder, 'data.mdb'))), FileTaoError);
});

test('the map grows while two processes write, and each sees the other at once', async (context) => {
  const folder = await temporaryFolder(context);
  const environment = await openLmdbEnvironment(options(folder));
  context.after(() => environment.close());
  const other = startProgram(context, child, ['fill', folder, '24']);
  for (let i = 0; i < 24; i++) {
    assert.equal(await nextLine(other), String(i));
    const key = Buffer.from(`value ${String(i).padStart(6, '0')}`);
    // Acknowledged there is visible here, in the same turn in which we hear of it.
    const value = environment.read(() => environment.tables.values.get(key));
    assert.ok(value !== undefined && value.length === mebibyte && value.every((byte) => byte === i));
    await environment.write(() =>
      environment.tables.values.put(Buffer.from(`own ${i}`), Buffer.alloc(mebibyte)),
    );
  }
  await other.end();
  assert.equal(
    environment.read(() => environment.tables.values.getCount()),
    48,
  );
});

test('another process’s acknowledged change is seen within the same turn', async (context) => {
  const folder = await temporaryFolder(context);
  const environment = await openLmdbEnvironment(options(folder));
  context.after(() => environment.close());
  const count = () => environment.read(() => environment.tables.values.getCount());
  assert.equal(count(), 0);
  execFileSync(process.execPath, [fileURLToPath(child), 'fill', folder, '1'], { stdio: 'ignore' });
  assert.equal(count(), 1);
});

const smallDisks = (() => {
  try {
    execFileSync('unshare', ['-rm', 'true'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
})();

test('on a full disk a change fails as `full`, and what was acknowledged stays', {
  skip: smallDisks ? false : 'a small disk needs unshare -rm, which this machine refuses',
}, async (context) => {
  const folder = await temporaryFolder(context);
  const script = 'mount -t tmpfs -o size=2m none "$1" && exec "$2" "$3" full "$1"';
  const { stdout } = await promisify(execFile)(
    'unshare',
    ['-rm', 'sh', '-c', script, 'sh', folder, process.execPath, fileURLToPath(child)],
    { timeout: 120_000 },
  );
  const seen = JSON.parse(stdout) as {
    acknowledged: number;
    codes: string[];
    both: number[];
    reopened: number;
  };
  assert.ok(seen.acknowledged > 5);
  assert.deepEqual(seen.codes, ['full', 'full', 'full']);
  assert.deepEqual(seen.both, [seen.acknowledged, seen.acknowledged]);
  assert.equal(seen.reopened, seen.acknowledged);
});
