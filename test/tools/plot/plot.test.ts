import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { linearScale, tickText } from '../../../src/adapters/observe/plot/scale.js';
import { tableColumns, writeEventTable } from '../../../src/tools/plot/event-table.js';
import { plotEvents } from '../../../src/tools/plot/plot-events.js';
import { Thinned } from '../../../src/tools/plot/thinned.js';
import { temporaryFolder } from '../../adapters/temporary-folder.js';

const hotkey = (uid: number): string => `5Hotkey${uid}`;

/** Records as a validator writes them (docs/duty.md). */
const record = (i: number): Record<string, unknown> => ({
  time: '2026-01-01T00:00:00.000Z',
  task_name: ['challenge', 'store', 'retrieve', 'monitor'][i % 4],
  block: 1000 + 3 * i,
  step_length: 1.5,
  uids: [0, 1, null, 3],
  hotkeys: [0, 1, 2, 3].map(hotkey),
  successful: [true, true, false, i % 5 > 0],
  completion_times: [0.4, 0.6, null, 2 + (i % 3)],
  rewards: [0.7, 0.6, -0.05, i % 5 > 0 ? 0.3 : -0.03],
  best_uid: 0,
  moving_averaged_scores: Object.fromEntries(
    [0, 1, 2, 3].map((uid) => [hotkey(uid), 0.01 * i + 0.001 * uid]),
  ),
});

/** Tags that open are closed, in order: enough to be well formed, together with escaped text. */
function checkWellFormed(svg: string): void {
  const open: string[] = [];
  for (const [, slash, name, closed] of svg.matchAll(/<(\/?)([a-z]+)[^<>]*?(\/?)>/g)) {
    if (slash === '/') assert.equal(open.pop(), name);
    else if (closed !== '/') open.push(name!);
  }
  assert.deepEqual(open, []);
  assert.doesNotMatch(svg, /NaN|Infinity|undefined/);
}

test('event records become charts', async (context) => {
  const folder = await temporaryFolder(context);
  const file = join(folder, 'events.jsonl');
  const lines = Array.from({ length: 60 }, (_, i) => JSON.stringify(record(i)));
  // A crash cut the last line short.
  await writeFile(file, `${lines.join('\n')}\n{"task_name":"sto`);
  const { events, skipped, files } = await plotEvents(file, join(folder, 'charts'));
  assert.deepEqual([events, skipped], [60, 1]);
  const names = files.map((path) => path.slice(path.lastIndexOf('/') + 1));
  assert.deepEqual(names, [
    'rewards.svg',
    'completion-times.svg',
    'moving-averages.svg',
    'tasks.svg',
    'tier-table.svg',
    'sigmoid.svg',
  ]);
  for (const path of files) {
    const svg = await readFile(path, 'utf8');
    checkWellFormed(svg);
    assert.match(svg, /prefers-color-scheme:dark/);
  }
  assert.match(await readFile(join(folder, 'charts', 'rewards.svg'), 'utf8'), /uid 3</);
  assert.match(await readFile(join(folder, 'charts', 'tasks.svg'), 'utf8'), /challenge \(60\)/);
});

test('event records become a table, a row for each answer', async (context) => {
  const folder = await temporaryFolder(context);
  const [file, out] = [join(folder, 'events.jsonl'), join(folder, 'events.csv')];
  const told = {
    ...record(0),
    task_status_messages: ['OK', 'said "no", twice', 'two\nlines'],
    step_length: 2,
  };
  const kept = { task_name: 'purge', block: 7, dropped: 3 };
  const list = { ...record(1), moving_averaged_scores: [0.5, 0.25] };
  await writeFile(file, [told, kept, list].map((one) => `${JSON.stringify(one)}\n`).join(''));
  assert.deepEqual(await writeEventTable(file, out), { rows: 8, skipped: 0 });
  const text = await readFile(out, 'utf8');
  assert.equal(text.split('\r\n')[0], tableColumns.join(','));
  const time = '2026-01-01T00:00:00.000Z';
  assert.ok(text.includes(`\r\n${time},challenge,1000,2,0,5Hotkey0,true,OK,,0.4,0.7,0\r\n`), text);
  assert.ok(
    text.includes(`${time},challenge,1000,2,1,5Hotkey1,true,"said ""no"", twice",,0.6,0.6,0.001\r\n`),
  );
  assert.ok(text.includes(`${time},challenge,1000,2,,5Hotkey2,false,"two\nlines",,,-0.05,0.002\r\n`));
  assert.ok(text.endsWith(`${time},store,1003,1.5,3,5Hotkey3,true,,,3,0.3,\r\n`), text);

  const empty = join(folder, 'empty');
  await writeFile(empty, 'nothing\n');
  const none = join(folder, 'none.csv');
  await assert.rejects(writeEventTable(empty, none), { code: 'bad-input' });
  await assert.rejects(writeEventTable(join(folder, 'missing'), none), { code: 'not-found' });
  await assert.rejects(readFile(none), { code: 'ENOENT' });
  await assert.rejects(writeEventTable(file, join(folder, 'no', 'folder.csv')), { code: 'not-found' });
});

test('records of the reference, with scores in a list, are read too', async (context) => {
  const folder = await temporaryFolder(context);
  const file = join(folder, 'events.json');
  await writeFile(
    file,
    `${JSON.stringify({ ...record(1), hotkeys: undefined, moving_averaged_scores: [0.1, 0.2] })}\n`,
  );
  const { files } = await plotEvents(file, folder);
  checkWellFormed(await readFile(files.find((path) => path.endsWith('moving-averages.svg'))!, 'utf8'));
});

test('no file, no records: an error that says so', async (context) => {
  const folder = await temporaryFolder(context);
  await assert.rejects(plotEvents(join(folder, 'none'), folder), { code: 'not-found' });
  const file = join(folder, 'text');
  for (const text of ['', 'hello\n', '[1]\n{"block":1}\n']) {
    await writeFile(file, text);
    await assert.rejects(plotEvents(file, folder), { code: 'bad-input' });
  }
});

test('axes end on round numbers, also for one value and for none', () => {
  const scale = linearScale([0.3, 97], [0, 100], { zero: true });
  assert.deepEqual([scale.from, scale.to, scale.ticks[1]], [0, 100, 20]);
  for (const values of [[], [5], [0], [-3, -3]]) {
    const { from, to, ticks } = linearScale(values, [0, 10]);
    assert.ok(to > from && ticks.length > 1, `${values}`);
  }
  assert.deepEqual([0, 5, 9999, 10_000, 2.5e6, 0.05].map(tickText), [
    '0',
    '5',
    '9999',
    '10k',
    '2.5M',
    '0.05',
  ]);
});

test('a long stream is thinned evenly', () => {
  const thinned = new Thinned<number>(100);
  for (let i = 0; i < 100_000; i++) thinned.add(i);
  const { items } = thinned;
  assert.ok(items.length >= 50 && items.length < 100);
  const gap = items[1]! - items[0]!;
  assert.ok(items.every((item, i) => i === 0 || item - items[i - 1]! === gap));
});
