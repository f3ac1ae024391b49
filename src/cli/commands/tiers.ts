// filetao tiers | tiers estimate

import { type Command, InvalidArgumentError } from 'commander';
import { optionsOf } from '../../adapters/config/schema.js';
import { addConfigOptions, configOf } from '../config-options.js';

interface EstimateFlags {
  readonly successes: number;
  readonly chance?: number;
  readonly roundSeconds?: number;
  readonly validators?: number;
  readonly json?: true;
}

const without = optionsOf('validator').filter((key) => !key.startsWith('tier.'));

const number = (text: string): number => {
  const value = Number(text);
  if (!/^(\d+\.?\d*|\.\d+)$/u.test(text) || !(value > 0))
    throw new InvalidArgumentError('expected a number above 0');
  return value;
};

const count = (text: string): number => {
  if (!/^\d{1,15}$/u.test(text)) throw new InvalidArgumentError('expected a whole number');
  return Number(text);
};

const chance = (text: string): number => {
  if (number(text) > 1) throw new InvalidArgumentError('expected a share of at most 1');
  return Number(text);
};

export function register(program: Command): void {
  const tiers = program
    .command('tiers')
    .description('Show the tiers of miners: storage limits, thresholds, factors and boosts')
    .option('--json', 'Print one line of JSON');
  addConfigOptions(tiers, 'validator', { without }).action(
    async ({ json }: { json?: true }, command: Command) => {
      const [{ values }, { rulesOf }, { tierLines, tierRows }] = await Promise.all([
        configOf(command, 'validator'),
        import('../../domain/model/economy.js'),
        import('../../tools/rewards/tier-table.js'),
      ]);
      const rules = rulesOf(values);
      process.stdout.write(
        json ? `${JSON.stringify(tierRows(rules))}\n` : `${tierLines(rules).join('\n')}\n`,
      );
    },
  );

  const estimate = tiers
    .command('estimate')
    .description('Tell how long each tier takes at perfect performance')
    .option('--successes <count>', 'Successes the miner has', count, 0)
    .option(
      '--chance <share>',
      'Probability of being asked by one validator in one round (default: 0.034)',
      chance,
    )
    .option('--round-seconds <seconds>', 'Length of a round (default: 36)', number)
    .option('--validators <count>', 'Validators at work (default: 60)', number)
    .option('--json', 'Print one line of JSON');
  addConfigOptions(estimate, 'validator', { without }).action(async (_: unknown, command: Command) => {
    // --json is an option of the group too, which takes it wherever it stands
    const flags = command.optsWithGlobals() as EstimateFlags;
    const [{ values }, { rulesOf }, { seedAskingRate }, { estimateLines, estimateRows }] = await Promise.all([
      configOf(command, 'validator'),
      import('../../domain/model/economy.js'),
      import('../../domain/economy/tiers.js'),
      import('../../tools/rewards/tier-table.js'),
    ]);
    const rate = {
      chance: flags.chance ?? seedAskingRate.chance,
      secondsPerRound: flags.roundSeconds ?? seedAskingRate.secondsPerRound,
      validators: flags.validators ?? seedAskingRate.validators,
    };
    const rules = rulesOf(values);
    process.stdout.write(
      flags.json
        ? `${JSON.stringify({ ...rate, tiers: estimateRows(rules, rate, flags.successes) })}\n`
        : `${estimateLines(rules, rate, flags.successes).join('\n')}\n`,
    );
  });
}
