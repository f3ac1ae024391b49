// filetao subnet show | register

import type { Command } from 'commander';
import { FileTaoError } from '../../domain/model/errors.js';
import { addConfigOptions, configOf } from '../config-options.js';

export function register(program: Command): void {
  const subnet = program.command('subnet').description('Look at the subnet and register a hotkey on it');

  addConfigOptions(
    subnet
      .command('show')
      .description("Show the subnet's numbers, and how this wallet stands on it")
      .option('--json', 'Print one line of JSON'),
    'operator',
    { without: ['neuron.version_key', 'neuron.weights_file'] },
  ).action(async (options: { json?: true }, command: Command) => {
    const config = await configOf(command, 'operator');
    const [{ openChain }, { subnetReport }] = await Promise.all([
      import('../../adapters/chain/open-chain.js'),
      import('../../tools/operator/subnet.js'),
    ]);
    const chain = await openChain(config);
    try {
      process.stdout.write(await subnetReport(chain, config.values, options.json === true));
    } finally {
      await chain.close();
    }
  });

  addConfigOptions(
    subnet
      .command('register')
      .description('Register the hotkey; the coldkey pays, after the cost has been shown and confirmed')
      .option('--yes', 'Pay without asking')
      .option('--dry-run', 'Print the call and send nothing')
      .option('--json', 'Print one line of JSON'),
    'operator',
    { without: ['neuron.version_key', 'neuron.weights_file'] },
  ).action(async (options: { yes?: true; dryRun?: true; json?: true }, command: Command) => {
    const config = await configOf(command, 'operator');
    const [{ openChain }, { planRegistration }, { unlockAtTerminal }, terminal] = await Promise.all([
      import('../../adapters/chain/open-chain.js'),
      import('../../tools/operator/registration.js'),
      import('../unlock-at-terminal.js'),
      import('../terminal.js'),
    ]);
    const chain = await openChain(config);
    try {
      const plan = await planRegistration(chain, config.values);
      if (options.dryRun) {
        process.stdout.write(`${JSON.stringify(plan.call, null, options.json ? 0 : 2)}\n`);
        return;
      }
      process.stderr.write(`${plan.summary}\n`);
      plan.requireFunds();
      if (!options.yes) {
        if (!terminal.isInteractive())
          throw new FileTaoError(
            'bad-input',
            'nobody is there to confirm the cost: add --yes to pay without asking; nothing was changed',
          );
        if (!(await terminal.askYesNo('Register?')))
          throw new FileTaoError('cancelled', 'not confirmed; nothing was changed');
      }
      const registered = await plan.pay(unlockAtTerminal());
      process.stdout.write(
        options.json
          ? `${JSON.stringify(registered)}\n`
          : `Registered ${registered.hotkey} as uid ${registered.uid} on subnet ${registered.netuid} of ${registered.network}.\n`,
      );
    } finally {
      await chain.close();
    }
  });
}
