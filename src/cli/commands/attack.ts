// filetao attack [NAME…]

import { type Command, InvalidArgumentError } from 'commander';
import { exitCodes } from '../../domain/model/errors.js';
import { interruptSignal } from '../interrupt.js';

const whole = (text: string): number => {
  if (!/^[1-9]\d{0,6}$/.test(text)) throw new InvalidArgumentError('expected a whole number from 1');
  return Number(text);
};

interface AttackFlags {
  readonly rounds?: number;
  readonly seed: string;
  readonly json?: true;
  readonly list?: true;
}

export function register(program: Command): void {
  program
    .command('attack')
    .description('Play every way of cheating against the real other side, and show that none pays')
    .argument('[names...]', 'Strategies to play (default: all; --list shows them)')
    .option('--rounds <n>', 'Rounds of each strategy (default: its own number)', whole)
    .option('--seed <text>', 'Draw other nonces, seeds and losses; the same seed repeats a run', '1')
    .option('--json', 'Print the result as one line of JSON on stdout, progress on stderr')
    .option('--list', 'Show the names and what they do, play nothing')
    .action(async (names: string[], { list, json, ...flags }: AttackFlags) => {
      const signal = interruptSignal();
      const [{ runAttack }, { chosen }, { createReport, jsonLine }] = await Promise.all([
        import('../../tools/attack/attack.js'),
        import('../../tools/attack/catalogue.js'),
        import('../../tools/attack/report.js'),
      ]);
      if (list) {
        for (const { name, what } of chosen(names)) process.stdout.write(`${name.padEnd(26)}  ${what}\n`);
        return;
      }
      const stream = json ? process.stderr : process.stdout;
      const live = stream.isTTY === true && process.env.TERM !== 'dumb';
      const report = createReport({ colour: live && !process.env.NO_COLOR });
      const start = performance.now();
      const clear = live ? '\r\u001b[K' : '';
      const result = await runAttack({
        names,
        ...flags,
        signal,
        onBegin: ({ name }) => {
          if (live) stream.write(`  ${name} …`);
        },
        onOutcome: (outcome, seconds) => stream.write(clear + report.outcome(outcome, seconds)),
      });
      stream.write(report.summary(result, (performance.now() - start) / 1000));
      if (json) process.stdout.write(`${jsonLine(result, flags.seed)}\n`);
      if (!result.ok) process.exitCode = exitCodes.other;
    });
}
