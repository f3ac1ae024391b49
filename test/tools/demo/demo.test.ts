// The demo as a user starts it: its one line of JSON, what it refuses, and that Ctrl-C at any time leaves neither a
// process nor a folder behind.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { temporaryFolder } from '../../adapters/temporary-folder.js';
import { mainScript } from '../../cli/run-cli.js';

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the demo with its temporary files in `folder`; `onText` sees what it has written to stderr so far. */
function runDemo(
  t: TestContext,
  folder: string,
  args: readonly string[],
  onText: (text: string, interrupt: () => void) => void = () => {},
): Promise<Ended> {
  const child = spawn(process.execPath, [mainScript, 'demo', ...args], {
    cwd: folder,
    env: { PATH: process.env.PATH ?? '', HOME: folder, TMPDIR: join(folder, 'tmp') },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  t.after(() => child.kill('SIGKILL'));
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
    onText(stderr, () => child.kill('SIGINT'));
  });
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, stdout, stderr })));
}

async function folderFor(t: TestContext): Promise<string> {
  const folder = await temporaryFolder(t);
  mkdirSync(join(folder, 'tmp'));
  return folder;
}

function assertNothingLeft(folder: string): void {
  assert.deepEqual(readdirSync(join(folder, 'tmp')), [], 'no folder is left');
  if (process.platform !== 'linux') return;
  const left = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(join(folder, 'tmp'));
      } catch {
        return false;
      }
    });
  assert.deepEqual(left, [], 'no process is left');
}

test('a file of one byte and an empty file; --json is exactly one line with the documented keys', async (t) => {
  const folder = await folderFor(t);
  writeFileSync(join(folder, 'one'), 'x');
  writeFileSync(join(folder, 'empty'), '');
  // The first is looked at, and stays until Ctrl-C.
  let page: Promise<string> | null = null;
  const look = (text: string, interrupt: () => void): void => {
    const url = /^Look at it: (http:\S+)$/mu.exec(text)?.[1];
    if (page === null && url !== undefined && /until Ctrl-C/u.test(text)) {
      page = fetch(url).then((answer) => answer.text());
      void page.finally(interrupt);
    }
  };
  for (const [name, bytes] of [
    ['one', 1],
    ['empty', 0],
  ] as const) {
    const { code, stdout, stderr } = await runDemo(
      t,
      folder,
      [
        name,
        '--miners',
        '3',
        '--rounds',
        '1',
        '--json',
        ...(name === 'one' ? ['--dashboard.port', '0'] : []),
      ],
      look,
    );
    assert.equal(code, name === 'one' ? 130 : 0, stderr);
    assert.match(stdout, /^\{.*\}\n$/);
    const result = JSON.parse(stdout);
    assert.deepEqual(Object.keys(result), [
      'ok',
      'cid',
      'bytes',
      'pieces',
      'replicas',
      'challenges',
      'damaged',
      'flipped',
      'retrieved',
      'seconds',
      'prove',
      'node',
      'core',
      'repaired',
    ]);
    assert.deepEqual(
      [result.ok, result.bytes, result.challenges, result.damaged.caught, result.flipped, result.retrieved],
      [true, bytes, { passed: 3, failed: 0 }, true, { caught: true }, true],
    );
    for (const line of stderr.split('\n')) assert.ok(line.length <= 80, line);
  }
  assert.match((await page) ?? '', /The network at a glance.*Rounds as they happen.*failed/su);
  assertNothingLeft(folder);
});

test('what the demo cannot do is refused at once, in one line', async (t) => {
  const folder = await folderFor(t);
  for (const [args, code, says] of [
    [['missing'], 3, /missing/],
    [['.'], 2, /directory/],
    [['--replicas', '2'], 2, /--replicas/],
    [['--replicas', '17', '--miners', '20'], 2, /--replicas/],
    [['--miners', '2'], 2, /--miners/],
    [['--miners', '65'], 2, /--miners/],
    [['--rounds', '0'], 2, /--rounds/],
    [['--size', 'big'], 2, /--size/],
    [['--dashboard.port', '70000'], 2, /--dashboard.port/],
  ] as const) {
    const ended = await runDemo(t, folder, args);
    assert.equal(ended.code, code, ended.stderr);
    assert.match(ended.stderr, says);
    assert.match(ended.stderr, /^filetao: [^\n]*\n$/);
    assert.equal(ended.stdout, '');
  }
  assertNothingLeft(folder);
});

for (const [phase, signs] of [
  ['starting', ['FileTAO demo']],
  ['storing', ['starting the network:']],
  ['challenging', ['encrypting and storing']],
  ['retrieving', ['flipping a single byte']],
  ['starting, twice', ['FileTAO demo', 'FileTAO demo']],
  ['storing, twice', ['starting the network:', 'starting the network:']],
] as const) {
  test(`Ctrl-C while ${phase} leaves nothing behind`, async (t) => {
    const folder = await folderFor(t);
    let sent = 0;
    const rounds = phase === 'challenging' ? '20' : '1';
    const args = ['--miners', '3', '--rounds', rounds, '--size', '8MiB', '--json'];
    const { code, stdout, stderr } = await runDemo(t, folder, args, (text, interrupt) => {
      while (sent < signs.length && text.includes(signs[sent]!)) {
        sent++;
        setTimeout(interrupt, 150 * sent);
      }
    });
    assert.equal(code, 130, stderr);
    assert.equal(stdout, '');
    assert.doesNotMatch(stderr, /\n\s+at /, 'no stack trace');
    assertNothingLeft(folder);
  });
}
