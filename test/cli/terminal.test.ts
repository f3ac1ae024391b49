// The questions, at a terminal made of two streams: keys go in, and all that would be on the screen comes out.

import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import { askHidden, askYesNo, isInteractive, type Terminal } from '../../src/cli/terminal.js';
import { unlockAtTerminal, waitingLine } from '../../src/cli/unlock-at-terminal.js';
import { isFileTaoError } from '../adapters/wallets/is-error.js';

class FakeTerminal implements Terminal {
  readonly input: NodeJS.ReadStream;
  readonly output: NodeJS.WriteStream;
  raw = false;
  screen = '';
  /** Whether a question for something secret was there before the terminal was silent. */
  echoed = false;

  constructor() {
    const input = new PassThrough();
    const output = new PassThrough();
    this.input = Object.assign(input, {
      isTTY: true,
      setRawMode: (mode: boolean) => {
        this.raw = mode;
        return input;
      },
    }) as unknown as NodeJS.ReadStream;
    this.output = Object.assign(output, { isTTY: true, columns: 200 }) as unknown as NodeJS.WriteStream;
    output.setEncoding('utf8').on('data', (text: string) => {
      // a terminal that is not raw yet shows what is typed at once
      if (!this.raw && text.endsWith(': ')) this.echoed = true;
      this.screen += text;
    });
  }

  /** Types one key after another, as a person does. */
  async type(keys: string): Promise<void> {
    for (const key of keys) {
      await new Promise((resolve) => setImmediate(resolve));
      (this.input as unknown as PassThrough).write(key);
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
}

test('what is typed unseen is not shown, can be corrected, and the terminal is left as it was', async () => {
  const terminal = new FakeTerminal();
  const answer = askHidden('Password: ', terminal);
  await terminal.type('sekrit\u007f\u007fr');
  assert.equal(terminal.raw, true);
  await terminal.type('et pässwörd\r');
  assert.equal(await answer, 'sekrret pässwörd');
  assert.equal(terminal.raw, false);
  assert.equal(terminal.screen, 'Password: \n');
  assert.equal(terminal.echoed, false, 'silent before the question is there');
});

test('Ctrl-C and Ctrl-D end the question', async () => {
  for (const key of ['\u0003', '\u0004']) {
    for (const ask of [askHidden, askYesNo]) {
      const terminal = new FakeTerminal();
      const answer = assert.rejects(ask('? ', terminal), isFileTaoError('cancelled', 'interrupted'));
      await terminal.type(key);
      await answer;
      assert.equal(terminal.raw, false);
    }
  }
});

test('only yes is yes', async () => {
  for (const [keys, expected] of [
    ['y', true],
    ['YES', true],
    ['', false],
    ['n', false],
    ['yess', false],
  ] as const) {
    const terminal = new FakeTerminal();
    const answer = askYesNo('Print it?', terminal);
    await terminal.type(`${keys}\r`);
    assert.equal(await answer, expected, keys);
    assert.match(terminal.screen, /Print it\? \[y\/N\] /);
  }
});

test('a new password is asked for twice, and the two must be the same', async () => {
  for (const second of ['one password', 'another']) {
    const terminal = new FakeTerminal();
    const answer = unlockAtTerminal(terminal).askNew!('/w/coldkey');
    answer.catch(() => {});
    await terminal.type('one password\r');
    await terminal.type(`${second}\r`);
    if (second === 'another') await assert.rejects(answer, isFileTaoError('bad-input', 'differ'));
    else assert.equal(await answer, second);
    assert.ok(!terminal.screen.includes('password\r') && !terminal.screen.includes('another'));
  }
});

test('without a terminal nobody is asked and nothing is drawn', () => {
  const terminal = new FakeTerminal();
  (terminal.input as { isTTY: boolean }).isTTY = false;
  assert.equal(isInteractive(terminal), false);
  const unlock = unlockAtTerminal(terminal);
  assert.equal(unlock.ask, undefined);
  assert.equal(unlock.askNew, undefined);
  (terminal.output as { isTTY: boolean }).isTTY = false;
  const line = waitingLine(terminal.output);
  line.began();
  line.ended();
  assert.equal(terminal.screen, '');
});

test('a line says what the seconds are spent on, and goes away', async () => {
  const terminal = new FakeTerminal();
  const line = waitingLine(terminal.output);
  line.began();
  line.ended();
  await new Promise((resolve) => setImmediate(resolve));
  const text = 'deriving the key from the password (about 10 s, 600 MB of memory)  0 s';
  assert.equal(terminal.screen, `\r${text}\u001b[K\r\u001b[K`);
});
