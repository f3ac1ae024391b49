import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, readdir, readFile, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { pruneTranscripts, readFrames } from '../../../src/adapters/observe/transcript-files.js';
import { openTranscriptLog } from '../../../src/adapters/observe/transcript-log.js';
import { encodeEntry, type Frame, FrameReader } from '../../../src/domain/audit/transcript.js';
import { Dice } from '../../nodes/simulated/schedule.js';
import { manualClock } from '../manual-clock.js';
import { temporaryFolder } from '../temporary-folder.js';

const dayMs = 24 * 3600 * 1000;
const day = Date.parse('2026-01-10T00:00:00Z');
const name = '2026-01-10-validator-1768000000000.transcript';

const entry = (fill: number, bulk: number | null = 5000): Uint8Array =>
  encodeEntry(new Uint8Array(200 + fill).fill(fill), bulk === null ? [] : [new Uint8Array(bulk).fill(fill)]);

async function framesOf(path: string): Promise<Frame[]> {
  const frames: Frame[] = [];
  for await (const frame of readFrames(path)) frames.push(frame);
  return frames;
}

test('entries are cut out of any parts of a stream', () => {
  const dice = new Dice(3);
  const entries = Array.from({ length: 50 }, (_, i) => entry(i, i % 3 === 0 ? null : i * 400));
  const whole = Buffer.concat(entries);
  for (let trial = 0; trial < 20; trial++) {
    const reader = new FrameReader();
    const lengths: number[] = [];
    for (let at = 0; at < whole.length; ) {
      const size = 1 + dice.below(trial % 2 === 0 ? 7 : 30_000);
      for (const { length, offset } of reader.push(whole.subarray(at, at + size))) {
        lengths.push(length);
        assert.equal(
          offset + length,
          lengths.reduce((sum, one) => sum + one, 0),
        );
      }
      at += size;
    }
    assert.deepEqual(
      lengths,
      entries.map((one) => one.length),
    );
    assert.equal(reader.torn, 0);
  }
});

test('pruning takes the bulks of days that have passed, and nothing else', async (context) => {
  const folder = await temporaryFolder(context);
  const path = join(folder, name);
  await writeFile(path, Buffer.concat([entry(1), entry(2, null), entry(3)]));
  await writeFile(join(folder, '2026-01-14-validator-1.transcript'), entry(4));
  await writeFile(join(folder, 'notes.txt'), 'not a transcript');
  const before = await framesOf(path);
  const keep = 3 * dayMs;
  assert.equal((await pruneTranscripts(folder, keep, day + dayMs + keep - 1)).files, 0);
  const pruned = await pruneTranscripts(folder, keep, day + dayMs + keep);
  assert.deepEqual(pruned, { files: 1, bytes: 10_000, unreadable: [] });
  const after = await framesOf(path);
  assert.deepEqual(
    after.map(({ sealedHead }) => sealedHead),
    before.map(({ sealedHead }) => sealedHead),
  );
  assert.deepEqual(
    after.map(({ bulks }) => bulks),
    [[null], [], [null]],
  );
  assert.equal((await stat(path)).mode & 0o777, 0o600);
  assert.deepEqual(await pruneTranscripts(folder, keep, day + dayMs + keep), {
    files: 0,
    bytes: 0,
    unreadable: [],
  });
  assert.equal(
    (await framesOf(join(folder, '2026-01-14-validator-1.transcript')))[0]!.bulks[0]!.length,
    5000,
  );
});

test('a file that cannot be read to its end is left as it is', async (context) => {
  const folder = await temporaryFolder(context);
  const path = join(folder, name);
  await writeFile(path, Buffer.concat([entry(1), entry(2)]));
  await truncate(path, entry(1).length + 300);
  const content = await readFile(path);
  const { unreadable, files } = await pruneTranscripts(folder, 0, day + 2 * dayMs);
  assert.deepEqual([unreadable, files], [[path], 0]);
  assert.deepEqual(await readFile(path), content);
  assert.deepEqual(await readdir(folder), [name]);
});

test('pruning killed at any moment leaves the old file or the new one', async (context) => {
  const folder = await temporaryFolder(context);
  const path = join(folder, name);
  const old = Buffer.concat(Array.from({ length: 400 }, (_, i) => entry(i % 50, 20_000)));
  const heads = Array.from({ length: 400 }, (_, i) => 200 + (i % 50));
  const child = fileURLToPath(new URL('./prune-child.js', import.meta.url));
  let killedBefore = 0;
  for (let trial = 0; trial < 8; trial++) {
    await writeFile(path, old);
    const process_ = spawn(process.execPath, [child, folder, String(day + 30 * dayMs)], { stdio: 'pipe' });
    await once(process_.stdout!, 'data');
    const timer = setTimeout(() => process_.kill('SIGKILL'), trial * 6);
    await once(process_, 'exit');
    clearTimeout(timer);
    const frames = await framesOf(path);
    assert.deepEqual(
      frames.map(({ sealedHead }) => sealedHead.length),
      heads,
    );
    const left = frames.filter(({ bulks }) => bulks[0] !== null).length;
    assert.ok(left === 0 || left === 400, `${left} bulks left`);
    if (left === 400) killedBefore++;
  }
  context.diagnostic(`killed before the rename ${killedBefore} times of 8`);
  await writeFile(path, old);
  assert.equal((await pruneTranscripts(folder, 0, day + 30 * dayMs)).files, 1);
  assert.deepEqual(await readdir(folder), [name]);
});

test('a new run cuts off what a crash left unfinished, and writes to its own file', async (context) => {
  const folder = await temporaryFolder(context);
  const clock = manualClock(day);
  const open = () => openTranscriptLog({ directory: folder, processName: 'validator', clock });
  const first = await open();
  await first.append(entry(1));
  await first.append(entry(2));
  await first.close();
  const [file] = await readdir(folder);
  const whole = entry(1).length + entry(2).length;
  for (const tail of [
    entry(3).subarray(0, 3),
    entry(3).subarray(0, 150),
    entry(3).subarray(0, -1),
    new Uint8Array(9),
  ]) {
    await appendFile(join(folder, file!), tail);
    clock.advance(10);
    await (await open()).close();
    assert.equal((await stat(join(folder, file!))).size, whole);
  }
  const garbage = new Uint8Array(64).fill(0xee);
  await appendFile(join(folder, file!), garbage);
  await (await open()).close();
  assert.equal(
    (await stat(join(folder, file!))).size,
    whole + garbage.length,
    'what no crash leaves is not touched',
  );
});
