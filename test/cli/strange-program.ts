// A program of commands that fail, wait and flood, run as a child process by run-program.test.ts.

import { setTimeout as sleep } from 'node:timers/promises';
import { interruptSignal } from '../../src/cli/interrupt.js';
import { frame } from '../../src/cli/program.js';
import { runProgram } from '../../src/cli/run-program.js';
import { type ErrorCode, FileTaoError } from '../../src/domain/model/errors.js';

const program = frame();

program.command('fail <code>').action((code: ErrorCode) => {
  setInterval(() => {}, 1000); // a handle left open must not keep the failed process alive
  throw new FileTaoError(code, 'line one\nline \u001b[31mtwo');
});

program.command('bug').action(() => {
  (undefined as unknown as { method(): void }).method();
});

program.command('later').action(async () => {
  setTimeout(() => {
    throw new RangeError('thrown outside the action');
  }, 5);
  await sleep(5000);
});

program.command('rejection').action(async () => {
  void Promise.reject(new Error('nobody awaits this'));
  await sleep(5000);
});

/** Stops cleanly when asked. */
program.command('tidy').action(async () => {
  const signal = interruptSignal();
  process.stdout.write('ready\n');
  await sleep(20_000, null, { signal }).catch(() => {});
  process.stdout.write('tidied\n');
});

/** Passes the cancellation on as its error. */
program.command('cancelled').action(async () => {
  const signal = interruptSignal();
  process.stdout.write('ready\n');
  await sleep(20_000, null, { signal });
});

/** Takes the signal and does nothing about it. */
program.command('deaf').action(async () => {
  interruptSignal();
  process.stdout.write('ready\n');
  await sleep(60_000);
  process.stdout.write('slept through it\n');
});

/** Knows nothing of signals. */
program.command('plain').action(async () => {
  process.stdout.write('ready\n');
  await sleep(20_000);
});

program.command('flood').action(async () => {
  for (;;) {
    process.stdout.write(`${'x'.repeat(1000)}\n`);
    await sleep(0);
  }
});

await runProgram(program, process.argv);
