// The terminals that documentation is typed into, for tests that do what a page says: bash sessions in a home folder of their own with
// `filetao` on the PATH, each ended as a whole when its test is over.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { mainScript } from '../cli/run-cli.js';

export function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}

export interface Terminal {
  readonly child: ChildProcess;
  output(): string;
  /** Resolves when the output holds the text `times` times; rejects when the terminal ends before. */
  says(text: string, times: number): Promise<void>;
  readonly ended: Promise<number | null>;
}

export function openTerminal(
  t: TestContext,
  script: string,
  cwd: string,
  env: Record<string, string>,
): Terminal {
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

/** Environment of a terminal: default ports are moved, so that tests can run side by side. */
export async function terminalEnvironment(home: string): Promise<Record<string, string>> {
  const bin = join(home, 'bin');
  mkdirSync(bin);
  writeFileSync(join(bin, 'filetao'), `#!/bin/sh\nexec "${process.execPath}" "${mainScript}" "$@"\n`, {
    mode: 0o755,
  });
  return {
    PATH: `${bin}:${process.env.PATH}`,
    HOME: home,
    FILETAO_AXON_PORT: String(await freePort()),
    FILETAO_VALIDATOR_PORT: String(await freePort()),
    FILETAO_API_PORT: String(await freePort()),
    // no option's variable: several nodes of a page may have one each
    DASHBOARD_PORT: String(await freePort()),
  };
}
