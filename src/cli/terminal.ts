// Questions at the terminal. They go to stderr, so that a command's output can be piped. Whoever is about to
// ask checks `isInteractive` first: without a terminal nothing is ever asked.

import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { FileTaoError } from '../domain/model/errors.js';

export interface Terminal {
  readonly input: NodeJS.ReadStream;
  readonly output: NodeJS.WriteStream;
}

const processTerminal = (): Terminal => ({ input: process.stdin, output: process.stderr });

export const isInteractive = ({ input, output }: Terminal = processTerminal()): boolean =>
  input.isTTY === true && output.isTTY === true;

/** One line of input that is not shown. Throws `cancelled` on Ctrl-C and Ctrl-D. */
export const askHidden = (question: string, terminal: Terminal = processTerminal()): Promise<string> =>
  readLine(question, terminal, true);

/** true only for an explicit yes. */
export async function askYesNo(question: string, terminal: Terminal = processTerminal()): Promise<boolean> {
  return /^y(es)?$/iu.test((await readLine(`${question} [y/N] `, terminal, false)).trim());
}

function readLine(question: string, { input, output }: Terminal, hidden: boolean): Promise<string> {
  // readline in terminal mode puts the terminal into raw mode, so what is typed is shown by us or not at all
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({
    input,
    output: hidden ? nowhere : output,
    terminal: true,
    historySize: 0,
  });
  return new Promise((resolve, reject) => {
    let line: string | null = null;
    lines.once('line', (text) => {
      line = text;
      lines.close();
    });
    lines.once('SIGINT', () => lines.close());
    lines.once('close', () => {
      if (hidden || line === null) output.write('\n');
      if (line === null) reject(new FileTaoError('cancelled', 'interrupted; nothing was changed'));
      else resolve(line);
    });
    // asked only now that the terminal is raw: it would show what somebody types ahead
    if (hidden) output.write(question);
    else {
      lines.setPrompt(question);
      lines.prompt();
    }
  });
}
