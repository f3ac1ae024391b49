// filetao wallet regenerate | age-identity: the two commands that handle a coldkey's secrets

import { Argument, type Command } from 'commander';
import type { RegeneratedKey } from '../../adapters/wallets/regenerate.js';
import { FileTaoError } from '../../domain/model/errors.js';
import { addConfigOptions, configOf } from '../config-options.js';
import { readSecret } from '../read-secret.js';
import { askYesNo, isInteractive } from '../terminal.js';
import { unlockAtTerminal } from '../unlock-at-terminal.js';

interface RegenerateFlags {
  readonly publicKey?: string;
  readonly password: boolean;
  readonly json?: true;
}

export function registerRegenerate(wallet: Command): void {
  addConfigOptions(
    wallet
      .command('regenerate')
      .description(
        'Make a key file again from its secret phrase, seed or private key, typed unseen or piped to standard input',
      )
      .addArgument(
        new Argument('[key]', 'Which key to make').choices(['coldkey', 'hotkey']).default('coldkey'),
      )
      .option('--public-key <address>', 'Address or public key that must come out; a private key needs it')
      .option('--no-password', 'Leave the coldkey unencrypted')
      .option('--json', 'Print one line of JSON'),
    'wallet',
  ).action(async (key: 'coldkey' | 'hotkey', flags: RegenerateFlags, command: Command) => {
    const { values } = await configOf(command, 'wallet');
    const { regenerateKey } = await import('../../adapters/wallets/regenerate.js');
    const names = { name: values['wallet.name'], hotkey: values['wallet.hotkey'] };
    const made = await regenerateKey(
      { path: values['wallet.path'], ...names },
      {
        key,
        secret: () =>
          readSecret(
            'Secret phrase, seed or private key (not shown): ',
            'pipe the secret phrase, seed or private key to standard input, or run this at a terminal',
          ),
        ...(flags.publicKey === undefined ? {} : { publicKey: flags.publicKey }),
        unencrypted: !flags.password,
        unlock: unlockAtTerminal(),
      },
    );
    process.stdout.write(flags.json ? asJson(key, names, made) : asText(key, made));
  });
}

interface Names {
  readonly name: string;
  readonly hotkey: string;
}

function asJson(key: 'coldkey' | 'hotkey', { name, hotkey }: Names, made: RegeneratedKey): string {
  const { ss58Address, file } = made;
  const shown = key === 'coldkey' ? { ss58Address, file } : { name: hotkey, ss58Address, file };
  return `${JSON.stringify({ name, [key]: shown })}\n`;
}

const asText = (key: string, { file, ss58Address, encrypted }: RegeneratedKey): string =>
  `Made the ${key} ${ss58Address} again, ${encrypted ? 'encrypted with your password' : 'unencrypted'}:\n  ${file}\n`;

export function registerAgeIdentity(wallet: Command): void {
  addConfigOptions(
    wallet
      .command('age-identity')
      .description(
        'Print the secret with which the age tool opens all objects of the wallet; asks first, as it shows a secret',
      )
      .option('--yes', 'Do not ask'),
    'wallet',
    { without: ['wallet.hotkey'] },
  ).action(async (flags: { yes?: true }, command: Command) => {
    const { values } = await configOf(command, 'wallet');
    const location = { path: values['wallet.path'], name: values['wallet.name'] };
    const { describeWallet, readAgeIdentity } = await import('../../adapters/wallets/wallet-files.js');
    await describeWallet(location.path, location.name); // no question about a wallet that is not there
    if (flags.yes !== true) await confirm(location.name);
    process.stdout.write(`${await readAgeIdentity(location, unlockAtTerminal())}\n`);
  });
}

async function confirm(name: string): Promise<void> {
  const warning = `This prints a secret: whoever has it can read everything that wallet "${name}" stores.`;
  if (!isInteractive()) {
    throw new FileTaoError('bad-input', `${warning} Nobody can be asked here; add --yes`);
  }
  if (!(await askYesNo(`${warning} Print it?`))) {
    throw new FileTaoError('cancelled', 'nothing was printed');
  }
}
