// Event records: whole lines, in order, and never more bytes than allowed.
import assert from 'node:assert/strict';
import { appendFileSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { olderEvents, openEventRecords } from '../../../src/adapters/observe/event-records.js';
import { temporaryFolder } from '../temporary-folder.js';

const numbersIn = (path: string): number[] =>
  readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => /^\{.*\}$/u.test(line))
    .map((line) => (JSON.parse(line) as { n: number }).n);

test('rotation keeps the newest half at least, within the bound', async (t) => {
  const path = join(await temporaryFolder(t), 'deep', 'events.jsonl');
  const records = await openEventRecords(path, 1000);
  await Promise.all(Array.from({ length: 200 }, (_, n) => records.write({ n, padding: 'x'.repeat(20) })));
  await records.close();
  const kept = [...numbersIn(olderEvents(path)), ...numbersIn(path)];
  assert.deepEqual(
    kept,
    Array.from({ length: kept.length }, (_, i) => 200 - kept.length + i),
  );
  assert.ok(statSync(path).size + statSync(olderEvents(path)).size <= 1000);
});

test('a line that a crash cut short does not spoil the next', async (t) => {
  const path = join(await temporaryFolder(t), 'events.jsonl');
  const first = await openEventRecords(path, 1e6);
  await first.write({ n: 1 });
  await first.close();
  appendFileSync(path, '{"n":2,"cut');
  const second = await openEventRecords(path, 1e6);
  await second.write({ n: 3 });
  await second.close();
  assert.deepEqual(numbersIn(path), [1, 3]);
});
