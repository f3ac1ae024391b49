// filetao weights show | set

import type { Command } from 'commander';
import { FileTaoError } from '../../domain/model/errors.js';
import { addConfigOptions, configOf } from '../config-options.js';

interface SetOptions {
  readonly uids?: string;
  readonly weights?: string;
  readonly dryRun?: true;
  readonly json?: true;
}

export function register(program: Command): void {
  const weights = program
    .command('weights')
    .description("Look at a validator's weights, and set them by hand");

  addConfigOptions(
    weights
      .command('show')
      .description('Show the weights on the chain, those in the weights file, and when the next are due')
      .option('--json', 'Print one line of JSON'),
    'operator',
  ).action(async (options: { json?: true }, command: Command) => {
    const config = await configOf(command, 'operator');
    const [{ openChain }, { weightsReport }] = await Promise.all([
      import('../../adapters/chain/open-chain.js'),
      import('../../tools/operator/weights.js'),
    ]);
    const chain = await openChain(config);
    try {
      process.stdout.write(await weightsReport(chain, config.values, options.json === true));
    } finally {
      await chain.close();
    }
  });

  addConfigOptions(
    weights
      .command('set')
      .description('Set the weights of the weights file, or the given ones')
      .option('--uids <list>', 'Uids, separated by commas, in place of the file')
      .option(
        '--weights <list>',
        'Their weights in the same order, in any unit: 1,2 gives a third and two thirds',
      )
      .option('--dry-run', 'Print the call and send nothing')
      .option('--json', 'Print one line of JSON'),
    'operator',
  ).action(async (options: SetOptions, command: Command) => {
    const config = await configOf(command, 'operator');
    if ((options.uids === undefined) !== (options.weights === undefined))
      throw new FileTaoError('bad-input', '--uids and --weights go together');
    const [{ openChain }, { planWeights }] = await Promise.all([
      import('../../adapters/chain/open-chain.js'),
      import('../../tools/operator/weights.js'),
    ]);
    const chain = await openChain(config);
    try {
      const given =
        options.uids === undefined
          ? null
          : { uids: numbers(options.uids), weights: numbers(options.weights!) };
      const plan = await planWeights(chain, config.values, given);
      if (options.dryRun) {
        process.stdout.write(`${JSON.stringify(plan.call, null, options.json ? 0 : 2)}\n`);
        if (plan.refusal !== null) process.stderr.write(`it would be refused: ${plan.refusal}\n`);
        return;
      }
      const set = await plan.send();
      process.stdout.write(
        options.json
          ? `${JSON.stringify(set)}\n`
          : `Set ${set.uids.length} weights of uid ${set.uid} on subnet ${set.netuid} of ${set.network}.\n`,
      );
    } finally {
      await chain.close();
    }
  });
}

function numbers(text: string): readonly number[] {
  return text.split(/[\s,]+/u).map((word) => {
    if (!/^\d+(\.\d+)?$/u.test(word))
      throw new FileTaoError('bad-input', `"${word}" is not a number of 0 or more`);
    return Number(word);
  });
}
