// Runs docs/first-steps.md as a newcomer would: each of its terminals is a bash of its own, and what the page says
// happens, happens. Only the two fixed default ports are moved, by environment, so that tests can run side by side.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { temporaryFolder } from '../adapters/temporary-folder.js';
import { mainScript } from '../cli/run-cli.js';

const page = readFileSync(new URL('../../../docs/first-steps.md', import.meta.url), 'utf8');

/** The `sh` blocks under the heading of a terminal, in order. */
function blocksOf(terminal: number): string[] {
  const section = page.split(/^## /m).find((part) => part.startsWith(`Terminal ${terminal}:`));
  assert.ok(section, `the page has a terminal ${terminal}`);
  return [...section.matchAll(/^```sh\n(.*?)^```$/gms)].map((match) => match[1]!);
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}

interface Terminal {
  readonly child: ChildProcess;
  output(): string;
  /** Resolves when the output holds the text `times` times; rejects when the terminal ends before. */
  says(text: string, times: number): Promise<void>;
  readonly ended: Promise<number | null>;
}

function openTerminal(t: TestContext, script: string, cwd: string, env: Record<string, string>): Terminal {
  // In a process group of its own, which ends as a whole, as when a terminal is closed.
  const child = spawn('bash', ['-e', '-c', script], {
    cwd,
    env,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  const listeners = new Set<() => void>();
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      for (const listener of listeners) listener();
    });
  }
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  t.after(async () => {
    try {
      process.kill(-child.pid!, 'SIGKILL');
    } catch {
      // it has ended
    }
    await ended;
  });
  return {
    child,
    output: () => output,
    ended,
    says: (text, times) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          if (output.split(text).length > times) resolve();
        };
        listeners.add(look);
        void ended.then(() => reject(new Error(`ended without saying ${text}: ${output}`)));
        look();
      }),
  };
}

test('the commands of docs/first-steps.md do what the page says', { timeout: 240_000 }, async (t) => {
  const home = await temporaryFolder(t);
  const bin = join(home, 'bin');
  mkdirSync(bin);
  writeFileSync(join(bin, 'filetao'), `#!/bin/sh\nexec "${process.execPath}" "${mainScript}" "$@"\n`, {
    mode: 0o755,
  });
  const env = {
    PATH: `${bin}:${process.env.PATH}`,
    HOME: home,
    FILETAO_VALIDATOR_PORT: String(await freePort()),
    FILETAO_API_PORT: String(await freePort()),
  };
  const [miners, nodes] = [1, 2].map((n) => openTerminal(t, blocksOf(n).join('\n'), home, env));
  await Promise.all([miners!.says('"ready":"miner"', 3), nodes!.says('"ready":', 2)]);

  const you = openTerminal(t, blocksOf(3).join('\n'), home, env);
  assert.equal(await you.ended, 0, you.output());
  const said = you.output();
  assert.match(said, /^bafkrei[a-z2-7]{52}$/m, 'the CID');
  assert.match(said, /3 passed, 0 failed, 0 void/);
  assert.match(`${said}${nodes!.output()}`, /caught, exit code 5|content-path/);
  assert.match(said, /the same, byte for byte/);
  assert.match(said, /numbers\.txt/);

  // Ctrl-C in the terminals of the nodes.
  for (const terminal of [miners!, nodes!]) {
    process.kill(-terminal.child.pid!, 'SIGINT');
    await terminal.ended;
    assert.doesNotMatch(terminal.output(), /\n\s+at /, 'no stack trace');
  }
});
