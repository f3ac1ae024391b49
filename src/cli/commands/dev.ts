// filetao dev register | deregister | stake | neurons | faults | reset

import type { Command } from 'commander';
import type { ChainConfig } from '../../adapters/chain/open-chain.js';
import { FileTaoError } from '../../domain/model/errors.js';
import { addConfigOptions, configOf } from '../config-options.js';

const without = [
  'subtensor.network',
  'subtensor.chain_endpoint',
  'subtensor.timeout',
  'neuron.version_key',
  'neuron.weights_file',
] as const;

export function register(program: Command): void {
  const dev = program
    .command('dev')
    .description(
      'Change the dev chain of this machine (--subtensor.network dev), where stake and permits cost nothing',
    );
  const command = (name: string, description: string): Command =>
    addConfigOptions(dev.command(name).description(description), 'operator', { without });

  command('register', 'Register a hotkey; a registered one keeps its uid')
    .option('--hotkey <address>', 'ss58 address in place of the wallet’s hotkey')
    .option('--stake <tao>', 'Stake to give it', tao, 0)
    .option('--permit', 'Give it a validator permit')
    .action(async (options: { hotkey?: string; stake: number; permit?: true }, self: Command) => {
      await onDevChain(self, options.hotkey, async (chain, hotkey, address) => {
        const registration = { stake: options.stake, validatorPermit: options.permit === true };
        print({ hotkey: address, uid: await chain.register(hotkey, registration) });
      });
    });

  command('deregister', 'Take a hotkey off the chain; its uid becomes free')
    .option('--hotkey <address>', 'ss58 address in place of the wallet’s hotkey')
    .action(async (options: { hotkey?: string }, self: Command) => {
      await onDevChain(self, options.hotkey, async (chain, hotkey, address) => {
        if (!(await chain.deregister(hotkey)))
          throw new FileTaoError('not-found', `hotkey ${address} is not registered on the dev chain`);
        print({ hotkey: address, uid: null });
      });
    });

  command('stake', 'Set the stake of a hotkey')
    .argument('<tao>', 'Stake', tao)
    .option('--hotkey <address>', 'ss58 address in place of the wallet’s hotkey')
    .action(async (stake: number, options: { hotkey?: string }, self: Command) => {
      await onDevChain(self, options.hotkey, async (chain, hotkey, address) => {
        await chain.setStake(hotkey, stake);
        print({ hotkey: address, stake });
      });
    });

  command('neurons', 'List who is registered, one line of JSON each').action(
    async (_options: unknown, self: Command) => {
      await onDevChain(self, null, async (chain) => {
        const [{ encodeSs58 }, { fromHex }] = await Promise.all([
          import('../../domain/identity/ss58.js'),
          import('../../domain/model/bytes.js'),
        ]);
        for (const { hotkey, ...rest } of await chain.neurons())
          print({ ...rest, hotkey: encodeSs58(fromHex(hotkey)) });
      });
    },
  );

  command('faults', 'Have something go wrong, for everyone on the chain; without options show what does')
    .option('--finality-lag <blocks>', 'Finality is behind by so many blocks', whole)
    .option('--head-step <blocks>', 'The finalised head moves in jumps of so many blocks', whole)
    .option('--fork-from <block>', 'Replace all blocks from this one on by another branch', whole)
    .option('--none', 'Nothing goes wrong any more')
    .action(
      async (
        options: { finalityLag?: number; headStep?: number; forkFrom?: number; none?: true },
        self: Command,
      ) => {
        await onDevChain(self, null, async (chain) => {
          const { noFaults } = await import('../../adapters/chain/dev/faults.js');
          const { finalityLag, headStep, forkFrom, none } = options;
          const change = Object.fromEntries(
            Object.entries({ finalityLag, headStep, forkFrom }).filter(([, value]) => value !== undefined),
          );
          await chain.setFaults({ ...(none ? noFaults : {}), ...change });
          print(await chain.faults());
        });
      },
    );

  command('reset', 'Start another chain in the folder; nodes on the old one must be restarted')
    .option('--yes', 'Do so without asking')
    .action(async (options: { yes?: true }, self: Command) => {
      await onDevChain(self, null, async (chain) => {
        const { askYesNo, isInteractive } = await import('../terminal.js');
        if (!options.yes && !(isInteractive() && (await askYesNo('Forget all registrations and blocks?'))))
          throw new FileTaoError('bad-input', 'not confirmed (--yes confirms); nothing was changed');
        await chain.reset();
        print({ reset: true });
      });
    });
}

type DevChain = Awaited<
  ReturnType<typeof import('../../adapters/chain/open-chain.js').openConfiguredDevChain>
>;

/** `named` null: no hotkey is needed. */
async function onDevChain(
  command: Command,
  named: string | null | undefined,
  act: (chain: DevChain, hotkey: Parameters<DevChain['register']>[0], address: string) => Promise<void>,
): Promise<void> {
  const config = await configOf(command, 'operator');
  const [{ openConfiguredDevChain }, { hotkeyOf }] = await Promise.all([
    import('../../adapters/chain/open-chain.js'),
    import('../../tools/operator/hotkey.js'),
  ]);
  const { hotkey, address } =
    named === null ? { hotkey: '' as never, address: '' } : await hotkeyOf(config.values, named);
  const chain = await openConfiguredDevChain(config as ChainConfig);
  try {
    await act(chain, hotkey, address);
  } finally {
    await chain.close();
  }
}

const print = (line: unknown): void => void process.stdout.write(`${JSON.stringify(line)}\n`);

function tao(text: string): number {
  if (!/^\d+(\.\d+)?$/u.test(text)) throw new FileTaoError('bad-input', `"${text}" is not a number of TAO`);
  return Number(text);
}

function whole(text: string): number {
  if (!/^\d{1,15}$/u.test(text)) throw new FileTaoError('bad-input', `"${text}" is not a whole number`);
  return Number(text);
}
