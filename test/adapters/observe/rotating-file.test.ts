import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { RotatingFile } from '../../../src/adapters/observe/rotating-file.js';
import { temporaryFolder } from '../temporary-folder.js';

test('files are put aside at their size, the oldest go, and no line is lost or torn before that', async (t) => {
  const path = join(await temporaryFolder(t), 'deep', 'node.log');
  const file = new RotatingFile(path, { maxBytes: 100, keep: 3 });
  const lines = Array.from({ length: 50 }, (_, i) => `line ${String(i).padStart(4, '0')}\n`);
  for (const line of lines) file.write(line);
  file.close();
  const names = readdirSync(join(path, '..')).sort();
  assert.deepEqual(names, ['node.log', 'node.log.1', 'node.log.2', 'node.log.3']);
  const kept = [...names].reverse().map((name) => readFileSync(join(path, '..', name), 'utf8'));
  assert.ok(kept.every((text) => text.length <= 100));
  assert.equal(kept.join(''), lines.slice(-kept.join('').length / 10).join(''));
  assert.equal(statSync(path).mode & 0o777, 0o600);
});

test('a file that is there is gone on with, and a line longer than a file is written whole', async (t) => {
  const path = join(await temporaryFolder(t), 'node.log');
  writeFileSync(path, 'before\n');
  const file = new RotatingFile(path, { maxBytes: 10, keep: 1 });
  file.write('a\n');
  file.write(`${'x'.repeat(50)}\n`);
  file.close();
  assert.equal(readFileSync(`${path}.1`, 'utf8'), 'before\na\n');
  assert.equal(readFileSync(path, 'utf8').length, 51);
});

test('a folder that is gone costs lines, not the node', async (t) => {
  const folder = join(await temporaryFolder(t), 'logs');
  const file = new RotatingFile(join(folder, 'node.log'), { maxBytes: 10, keep: 1 });
  file.write('first\n');
  rmSync(folder, { recursive: true });
  file.write('second\n');
  assert.equal(file.lost, 1);
  mkdirSync(folder);
  file.write('third\n');
  file.close();
  assert.equal(readFileSync(join(folder, 'node.log'), 'utf8'), 'third\n');
});
