// Runs a compiled script as a real child process with a home folder of its own.

import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export const mainScript = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url));
/** The `filetao` command with key derivation made cheap. */
export const quickKeysScript = fileURLToPath(new URL('./quick-keys-program.js', import.meta.url));
export const strangeScript = fileURLToPath(new URL('./strange-program.js', import.meta.url));

export interface Finished {
  readonly code: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly home: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly script?: string;
  /** What standard input holds; without it there is none. */
  readonly input?: string;
  /** Called with the child as soon as it runs. */
  readonly onStart?: (child: ChildProcess) => void;
  /** Called when the child has printed something to stdout for the first time. */
  readonly onOutput?: (child: ChildProcess) => void;
}

export function runCli(args: readonly string[], options: RunOptions): Promise<Finished> {
  const { home, env = {}, script = mainScript, input, onStart, onOutput } = options;
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [script, ...args], {
      cwd: home,
      env: { PATH: process.env.PATH ?? '', HOME: home, ...env },
      stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    });
    // a command that does not read its input closes the pipe under us
    child.stdin?.on('error', () => {}).end(input);
    onStart?.(child);
    let stdout = '';
    let stderr = '';
    child.stdout!.setEncoding('utf8').on('data', (text: string) => {
      if (stdout === '') onOutput?.(child);
      stdout += text;
    });
    child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
}
