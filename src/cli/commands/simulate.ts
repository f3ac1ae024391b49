// filetao simulate

import { type Command, InvalidArgumentError } from 'commander';
import { exitCodes } from '../../domain/model/errors.js';
import { interruptSignal } from '../interrupt.js';

const whole =
  (max: number) =>
  (text: string): number => {
    const value = Number(text);
    if (!/^[1-9]\d{0,8}$/.test(text) || value > max)
      throw new InvalidArgumentError(`expected a whole number from 1 to ${max}`);
    return value;
  };

const share = (text: string): number => {
  const value = Number(text);
  if (!/^\d*\.?\d+(e-\d+)?$/i.test(text) || !(value > 0 && value <= 1)) {
    throw new InvalidArgumentError('expected a share above 0, at most 1');
  }
  return value;
};

interface SimulateFlags {
  readonly miners?: number;
  readonly validators?: number;
  readonly epochs?: number;
  readonly seed: string;
  readonly scenario?: string;
  readonly real?: number;
  readonly json?: true;
  readonly plot?: string;
}

export function register(program: Command): void {
  program
    .command('simulate')
    .description('Play a whole network from a seed: tiers, rewards, cheats, repair over simulated weeks')
    .option('--miners <n>', 'Miners (default 200, or the scenario’s)', whole(100_000))
    .option('--validators <n>', 'Validators (default 8, or the scenario’s)', whole(256))
    .option('--epochs <n>', 'Epochs of 360 blocks (default 60, or the scenario’s)', whole(100_000))
    .option('--seed <text>', 'The same seed and options give the same output, to the byte', '1')
    .option('--scenario <file>', 'Who takes part and what happens (examples/scenarios/, docs/simulation.md)')
    .option('--real <share>', 'Hold this share of the rounds with the real core, and compare', share)
    .option('--json', 'Print the result as one line of JSON on stdout')
    .option('--plot <dir>', 'Write charts (SVG) into this folder')
    .action(async ({ json, plot, ...flags }: SimulateFlags) => {
      const signal = interruptSignal();
      const [{ runSimulation }, { jsonLine, reportText }] = await Promise.all([
        import('../../tools/simulate/run.js'),
        import('../../tools/simulate/report.js'),
      ]);
      const live = process.stderr.isTTY === true && process.env.TERM !== 'dumb';
      const result = await runSimulation({
        ...flags,
        signal,
        ...(plot === undefined ? {} : { plot }),
        ...(live
          ? {
              onEpoch: (epoch: number, of: number) =>
                process.stderr.write(`\r\u001b[K  epoch ${epoch} of ${of}`),
            }
          : {}),
      });
      if (live) process.stderr.write('\r\u001b[K');
      process.stdout.write(json ? `${jsonLine(result)}\n` : reportText(result));
      if (result.real?.agree === false) process.exitCode = exitCodes.other;
    });
}
