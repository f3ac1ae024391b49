import assert from 'node:assert/strict';
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { createFile, putInPlace, replaceFile } from '../../../src/adapters/system/durable-file.js';
import { withFileLock } from '../../../src/adapters/system/lock.js';
import { FileTaoError } from '../../../src/domain/model/errors.js';

const folder = mkdtempSync(join(tmpdir(), 'filetao-files-'));
after(() => rmSync(folder, { recursive: true }));
const path = join(folder, 'the.lock');
const conflict = (error: unknown): boolean => error instanceof FileTaoError && error.code === 'conflict';
const noProcess = '4194305 dead\n'; // one above the largest process id of Linux

test('one holder at a time, and the lock goes when it fails', async () => {
  let inside = 0;
  let most = 0;
  const work = (): Promise<void> =>
    withFileLock(path, async () => {
      most = Math.max(most, ++inside);
      await new Promise((resolve) => setTimeout(resolve, 2));
      inside--;
    });
  await Promise.all(Array.from({ length: 10 }, work));
  assert.equal(most, 1);
  await assert.rejects(
    withFileLock(path, () => Promise.reject(new Error('mine'))),
    /mine/,
  );
  assert.deepEqual(readdirSync(folder), []);
});

test('a lock that is held is waited for as long as told, then named', async () => {
  await withFileLock(path, async () => {
    await assert.rejects(
      withFileLock(path, async () => {}, { waitMs: 0 }),
      conflict,
    );
    await assert.rejects(
      withFileLock(path, async () => {}, { waitMs: 50 }),
      conflict,
    );
  });
});

test('a lock whose owner is gone is broken by one of those who wait', async () => {
  for (let round = 0; round < 10; round++) {
    writeFileSync(path, noProcess);
    let inside = 0;
    await Promise.all(
      Array.from({ length: 5 }, () =>
        withFileLock(path, async () => {
          assert.equal(++inside, 1);
          await new Promise((resolve) => setTimeout(resolve, 1));
          inside--;
        }),
      ),
    );
  }
  assert.deepEqual(readdirSync(folder), []);
});

test('an empty lock is given time, unless it is old; an abandoned breaker goes too', async () => {
  writeFileSync(path, '');
  await assert.rejects(
    withFileLock(path, async () => {}, { waitMs: 50 }),
    conflict,
  );
  const old = new Date(Date.now() - 60_000);
  utimesSync(path, old, old);
  writeFileSync(`${path}.break`, '');
  utimesSync(`${path}.break`, old, old);
  await withFileLock(path, async () => {}, { waitMs: 500 });
  assert.deepEqual(readdirSync(folder), []);
});

test('files are replaced whole, created once, and put in place without replacing', async () => {
  const file = join(folder, 'file');
  assert.equal(await createFile(file, 'first'), true);
  assert.equal(await createFile(file, 'second'), false);
  assert.equal(readFileSync(file, 'utf8'), 'first');
  assert.equal(statSync(file).mode & 0o777, 0o600);
  await replaceFile(file, 'third');
  assert.equal(readFileSync(file, 'utf8'), 'third');
  const part = join(folder, 'part');
  writeFileSync(part, 'fourth');
  await assert.rejects(putInPlace(part, file, false), { code: 'EEXIST' });
  assert.equal(readFileSync(file, 'utf8'), 'third');
  await putInPlace(part, file, true);
  assert.equal(readFileSync(file, 'utf8'), 'fourth');
  assert.ok(!existsSync(part));
  await assert.rejects(replaceFile(join(folder, 'no', 'file'), ''), { code: 'ENOENT' });
  assert.deepEqual(readdirSync(folder), ['file']);
});
