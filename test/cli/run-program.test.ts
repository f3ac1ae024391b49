import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type Finished, type RunOptions, runCli, strangeScript } from './run-cli.js';

let home = '';
before(async () => {
  home = await mkdtemp(join(tmpdir(), 'filetao-cli-'));
});
after(async () => {
  await rm(home, { recursive: true, force: true });
});

const strange = (args: readonly string[], options: Partial<RunOptions> = {}): Promise<Finished> =>
  runCli(args, { home, script: strangeScript, ...options });

test('errors are one clean line and the code of the table, with a handle left open', async () => {
  const codes = {
    'not-found': 3,
    'bad-input': 2,
    config: 2,
    partial: 4,
    integrity: 5,
    unreachable: 6,
    exists: 7,
    cancelled: 130,
    forbidden: 1,
  };
  const results = await Promise.all(Object.keys(codes).map((code) => strange(['fail', code])));
  for (const [i, [name, code]] of Object.entries(codes).entries()) {
    assert.deepEqual(
      results[i],
      { code, signal: null, stdout: '', stderr: 'filetao: line one line \\u001b[31mtwo\n' },
      name,
    );
  }
});

test('a bug is one line too, with the stack only under FILETAO_DEBUG=1', async () => {
  for (const [command, words] of [
    ['bug', 'Cannot read properties of undefined'],
    ['later', 'thrown outside the action'],
    ['rejection', 'nobody awaits this'],
  ] as const) {
    const { code, stderr } = await strange([command]);
    assert.equal(code, 1);
    assert.match(stderr, /^filetao: unexpected error: .* \(FILETAO_DEBUG=1 shows where\)\n$/);
    assert.ok(stderr.includes(words), stderr);
    const debug = await strange([command], { env: { FILETAO_DEBUG: '1' } });
    assert.match(debug.stderr, /\n {4}at .*strange-program/);
  }
});

test('Ctrl-C ends with 130, whether the command listens, passes it on, or knows nothing of it', async () => {
  const interrupt: RunOptions['onOutput'] = (child) => child.kill('SIGINT');
  const [plain, tidy, cancelled] = await Promise.all(
    ['plain', 'tidy', 'cancelled'].map((command) => strange([command], { onOutput: interrupt })),
  );
  assert.deepEqual(plain, { code: 130, signal: null, stdout: 'ready\n', stderr: '' });
  assert.deepEqual(tidy, { code: 130, signal: null, stdout: 'ready\ntidied\n', stderr: '' });
  assert.equal(cancelled!.code, 130);
  assert.match(cancelled!.stderr, /^filetao: .*\n$/);
});

test('a second Ctrl-C ends a command that does not react to the first', async () => {
  const { code, stdout } = await strange(['deaf'], {
    onOutput: (child) => {
      child.kill('SIGINT');
      setTimeout(() => child.kill('SIGINT'), 100);
    },
  });
  assert.deepEqual([code, stdout], [130, 'ready\n']);
});

test('SIGTERM: a clean stop is success, anything else says 143', async () => {
  const terminate: RunOptions['onOutput'] = (child) => child.kill('SIGTERM');
  assert.equal((await strange(['tidy'], { onOutput: terminate })).code, 0);
  assert.equal((await strange(['plain'], { onOutput: terminate })).code, 143);
});

test('a reader that goes away ends the command quietly', async () => {
  const { code, stderr } = await strange(['flood'], { onOutput: (child) => child.stdout!.destroy() });
  assert.deepEqual([code, stderr], [0, '']);
});
