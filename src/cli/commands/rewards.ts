// filetao rewards explain

import { type Command, InvalidArgumentError } from 'commander';
import { type OptionKey, optionsOf } from '../../adapters/config/schema.js';
import { exitCodes } from '../../domain/model/errors.js';
import { addConfigOptions, configOf } from '../config-options.js';
import { interruptSignal } from '../interrupt.js';

const shown: readonly OptionKey[] = [
  'wallet.name',
  'wallet.hotkey',
  'database.directory',
  'transcripts.directory',
];

const count = (text: string): number => {
  if (!/^\d{1,7}$/u.test(text)) throw new InvalidArgumentError('expected a whole number');
  return Number(text);
};

export function register(program: Command): void {
  const rewards = program.command('rewards').description('Look into what miners earn, and why');
  const explain = rewards
    .command('explain')
    .description("Compute a miner's tier, score and weight again, from a validator's records alone")
    .argument('<hotkey>', 'ss58 address of the miner')
    .argument(
      '[path...]',
      "The validator's transcript folder, and those of its API nodes (default: the configured one)",
    )
    .option('--last <count>', 'Changes to show', count, 20)
    .option('--json', 'Print one line of JSON');
  addConfigOptions(explain, 'validator', {
    without: optionsOf('validator').filter((key) => !shown.includes(key)),
  }).action(
    async (
      hotkey: string,
      paths: string[],
      { last, json }: { last: number; json?: true },
      command: Command,
    ) => {
      const signal = interruptSignal();
      const [{ values }, { explainRewards, explanationLines, readHotkey }, { rulesOf }] = await Promise.all([
        configOf(command, 'validator'),
        import('../../tools/rewards/explain.js'),
        import('../../domain/model/economy.js'),
      ]);
      const from = paths.length > 0 ? paths : [values['transcripts.directory']];
      const told = await explainRewards(from, readHotkey(hotkey), last, signal);
      if (json) process.stdout.write(`${JSON.stringify(told)}\n`);
      else
        for (const line of explanationLines(told, rulesOf(values).tiers)) process.stdout.write(`${line}\n`);
      if (told.findingsCount > 0) process.exitCode = exitCodes.integrity;
    },
  );
}
