// Ctrl-C and SIGTERM. A command that has something to finish takes `interruptSignal()` and stops when it
// fires; any other is ended at once. A second signal always ends the process at once.

import { exitCodes, FileTaoError } from '../domain/model/errors.js';

type Interrupt = 'SIGINT' | 'SIGTERM';

const exitCodeBy: Readonly<Record<Interrupt, number>> = {
  SIGINT: exitCodes.interrupted,
  SIGTERM: 128 + 15, // what shells report for a process that SIGTERM ended
};

let controller: AbortController | null = null;
let received: Interrupt | null = null;

/** Aborts on the first SIGINT or SIGTERM, with a `cancelled` error as its reason. */
export function interruptSignal(): AbortSignal {
  controller ??= new AbortController();
  return controller.signal;
}

/** Which signal stopped the command, if one did. */
export const interruptedBy = (): Interrupt | null => received;

/** Called once, before the command runs. */
export function watchInterrupts(): void {
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.on(name, () => {
      if (controller === null || received !== null) process.exit(exitCodeBy[name]);
      received = name;
      controller.abort(new FileTaoError('cancelled', 'interrupted'));
    });
  }
}
