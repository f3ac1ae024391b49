// Nodes as real processes of the compiled command line, in a home folder of the test's own. None outlives the test.

import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { TestContext } from 'node:test';
import { mainScript } from '../cli/run-cli.js';

export interface NodeProcess {
  readonly child: ChildProcess;
  readonly address: { readonly host: string; readonly port: number };
  readonly hotkey: string;
  /** The line of JSON it was ready with. */
  readonly ready: string;
  /** What it logged so far. */
  logged(): string;
  /** Sends the signal and resolves with the exit code, or the signal's name. */
  end(signal?: NodeJS.Signals): Promise<number | string>;
}

/** Starts `filetao run <args>` and waits until it says that it is ready. */
export async function startNodeProcess(
  context: TestContext,
  home: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<NodeProcess> {
  const child = spawn(process.execPath, [mainScript, 'run', ...args], {
    cwd: home,
    env: { PATH: process.env.PATH ?? '', HOME: home, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let log = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    log += text;
  });
  const ended = new Promise<number | string>((resolve) =>
    child.once('exit', (code, signal) => resolve(code ?? signal ?? 'unknown')),
  );
  const end = async (signal: NodeJS.Signals = 'SIGTERM'): Promise<number | string> => {
    child.kill(signal);
    return ended;
  };
  context.after(() => end('SIGKILL'));
  const ready = await Promise.race([
    new Promise<string>((resolve) => createInterface({ input: child.stdout }).once('line', resolve)),
    ended.then((code) => Promise.reject(new Error(`filetao run ${args[0]} ended with ${code}: ${log}`))),
  ]);
  const { host, port, hotkey } = JSON.parse(ready) as { host: string; port: number; hotkey: string };
  return { child, address: { host, port }, hotkey, ready, logged: () => log, end };
}

/** Peak resident memory so far, in MiB (proc_pid_status(5), VmHWM); NaN where there is no /proc. */
export function peakMemoryMib(pid: number): number {
  try {
    const line = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
    return line === null ? Number.NaN : Number(line[1]) / 1024;
  } catch {
    return Number.NaN;
  }
}
