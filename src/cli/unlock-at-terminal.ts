// What a command does about passwords: ask for them at a terminal, and say what the seconds are spent on.

import type { DerivationWatch } from '../adapters/wallets/argon2-key.js';
import type { Unlock } from '../adapters/wallets/password.js';
import { FileTaoError } from '../domain/model/errors.js';
import { askHidden, isInteractive, type Terminal } from './terminal.js';

/** `terminal` is the process's unless a test has another. */
export function unlockAtTerminal(terminal?: Terminal): Unlock {
  const watch = waitingLine(terminal?.output);
  if (!isInteractive(terminal)) return { watch };
  return {
    watch,
    ask: (file) => askHidden(`Password of ${file}: `, terminal),
    async askNew(file) {
      const password = await askHidden(`New password for ${file}: `, terminal);
      if ((await askHidden('The same once more: ', terminal)) !== password) {
        throw new FileTaoError('bad-input', 'the two passwords differ; nothing was changed');
      }
      return password;
    },
  };
}

const redrawMs = 1000;

/** A line that counts the seconds, on a terminal only. */
export function waitingLine(stream: NodeJS.WriteStream = process.stderr): DerivationWatch {
  let timer: NodeJS.Timeout | undefined;
  if (stream.isTTY !== true) return { began() {}, ended() {} };
  return {
    began() {
      const started = performance.now();
      const draw = (): void => {
        const seconds = Math.round((performance.now() - started) / 1000);
        const line = `deriving the key from the password (about 10 s, 600 MB of memory)  ${seconds} s`;
        stream.write(`\r${line.slice(0, Math.max(20, stream.columns ?? 80) - 1)}\u001b[K`);
      };
      draw();
      timer = setInterval(draw, redrawMs);
    },
    ended() {
      clearInterval(timer);
      stream.write('\r\u001b[K');
    },
  };
}
