// filetao select

import { type Command, InvalidArgumentError, Option } from 'commander';
import { addConfigOptions, configOf } from '../config-options.js';

interface Flags {
  readonly block: number;
  readonly k: number;
  readonly task: 'store' | 'challenge' | 'retrieve' | 'distribute' | 'monitor';
  readonly candidates?: readonly number[];
  readonly json?: true;
}

const whole = (text: string): number => {
  if (!/^\d{1,15}$/u.test(text)) throw new InvalidArgumentError('expected a whole number');
  return Number(text);
};

const uids = (text: string): readonly number[] =>
  text.split(/[\s,]+/u).map((uid) => {
    if (whole(uid) > 65535) throw new InvalidArgumentError('expected uids from 0 to 65535');
    return Number(uid);
  });

export function register(program: Command): void {
  const select = program
    .command('select')
    .description('Repeat from the chain which miners a round had to ask')
    .requiredOption('--block <number>', 'A block of the round', whole)
    .option('--k <count>', 'Miners the task asks', whole, 10)
    .addOption(
      new Option('--task <name>', 'What the round asked them for')
        .choices(['store', 'challenge', 'retrieve', 'distribute', 'monitor'])
        .default('challenge'),
    )
    .option(
      '--candidates <uids>',
      'Uids that could be chosen, separated by commas (default: the miners on the subnet now)',
      uids,
    )
    .option('--json', 'Print one line of JSON');
  addConfigOptions(select, 'operator', {
    without: ['wallet.path', 'wallet.name', 'wallet.hotkey', 'neuron.version_key', 'neuron.weights_file'],
  }).action(async ({ block, task, k, candidates, json }: Flags, command: Command) => {
    const config = await configOf(command, 'operator');
    const [{ openChain }, { reportSelection, selectionLines }] = await Promise.all([
      import('../../adapters/chain/open-chain.js'),
      import('../../tools/operator/selection.js'),
    ]);
    const chain = await openChain(config);
    try {
      const report = await reportSelection(chain, {
        block,
        task,
        k,
        candidates: candidates ?? null,
        vpermitTaoLimit: config.values['neuron.vpermit_tao_limit'],
      });
      process.stdout.write(
        json ? `${JSON.stringify(report)}\n` : `${[...selectionLines(report)].join('\n')}\n`,
      );
    } finally {
      await chain.close();
    }
  });
}
