// A secret that a command needs: typed unseen at a terminal, or piped in. Never from the command line, which
// every process of the machine can read.

import { FileTaoError } from '../domain/model/errors.js';
import { askHidden, isInteractive } from './terminal.js';

const bytesMax = 4096;

export async function readSecret(question: string, inputNeeded: string): Promise<string> {
  if (isInteractive()) return askHidden(question);
  const parts: Buffer[] = [];
  let length = 0;
  if (!process.stdin.isTTY) {
    for await (const part of process.stdin as AsyncIterable<Buffer>) {
      length += part.length;
      if (length > bytesMax) {
        throw new FileTaoError(
          'bad-input',
          `standard input is longer than ${bytesMax} bytes: ${inputNeeded}`,
        );
      }
      parts.push(part);
    }
  }
  const text = Buffer.concat(parts).toString('utf8').trim();
  if (text === '') throw new FileTaoError('bad-input', inputNeeded);
  return text;
}
