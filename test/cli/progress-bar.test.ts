import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ProgressBar, progressLine } from '../../src/cli/progress-bar.js';

const screen = (isTTY: boolean): NodeJS.WriteStream & { text: string } => {
  const stream = {
    isTTY,
    columns: 60,
    text: '',
    write(part: string) {
      stream.text += part;
      return true;
    },
  };
  return stream as unknown as NodeJS.WriteStream & { text: string };
};

test('nothing is drawn without a terminal or when not wanted', () => {
  for (const [shown, isTTY] of [
    [true, false],
    [false, true],
  ] as const) {
    const stream = screen(isTTY);
    const bar = new ProgressBar(shown, stream);
    bar.update('storing', 1, 2);
    bar.clear();
    assert.equal(stream.text, '');
  }
});

test('a line fits the terminal, is drawn at most ten times a second, and is taken away', () => {
  const stream = screen(true);
  const bar = new ProgressBar(true, stream);
  for (let done = 0; done < 1000; done++) bar.update('storing', done, 1000);
  bar.clear();
  const lines = stream.text.split('\r').slice(1);
  assert.ok(lines.length <= 4, `${lines.length}`);
  assert.ok(lines.every((line) => line.replace('\u001b[K', '').length < 60));
  assert.equal(lines.at(-1), '\u001b[K');
});

test('what a line says', () => {
  assert.equal(progressLine('storing', 512, 1024, 100), 'storing  ████████████░░░░░░░░░░░░  50 %  of 1KiB');
  assert.equal(
    progressLine('storing', 1024, 4096, 10_000),
    'storing  ██████░░░░░░░░░░░░░░░░░░  25 %  of 4KiB  102B/s  30 s left',
  );
  assert.equal(progressLine('storing', 2048, null, 1000), 'storing  2KiB  2KiB/s');
  assert.equal(progressLine('storing', 0, 0, 0), 'storing  0B');
});
