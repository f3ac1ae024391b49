// Real processes for tests: a compiled test program is started, read line by line, and ended or killed.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { TestContext } from 'node:test';

export interface Program {
  /** Lines of standard output, as they come. */
  readonly lines: AsyncIterableIterator<string>;
  /** Sends one line to standard input. */
  say(line: string): void;
  /** kill -9, and waits until the process is gone. */
  kill(): Promise<void>;
  /** Waits for the end; throws with the program's standard error unless it ended with code 0. */
  end(): Promise<void>;
}

/** `program` is the URL of a compiled module. The process cannot outlive the test. */
export function startProgram(context: TestContext, program: URL, args: readonly string[]): Program {
  const child: ChildProcess = spawn(process.execPath, ['--enable-source-maps', program.pathname, ...args], {
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let errors = '';
  child.stderr!.setEncoding('utf8').on('data', (text: string) => {
    errors += text;
  });
  const exited = once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>;
  const kill = async () => {
    child.kill('SIGKILL');
    await exited;
  };
  context.after(kill);
  return {
    lines: createInterface({ input: child.stdout! })[Symbol.asyncIterator](),
    say: (line) => void child.stdin!.write(`${line}\n`),
    kill,
    async end() {
      child.stdin!.end();
      const [code, signal] = await exited;
      if (code !== 0) throw new Error(`${program.pathname} ended with ${code ?? signal}: ${errors}`);
    },
  };
}

export async function nextLine(program: Program): Promise<string> {
  const { value, done } = await program.lines.next();
  if (done) {
    await program.end();
    throw new Error('the program ended before its next line');
  }
  return value;
}
