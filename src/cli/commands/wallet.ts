// filetao wallet create | list | show (wallet-secrets.ts has the rest of the group)

import type { Command } from 'commander';
import type { CreatedWallet, WalletSummary } from '../../adapters/wallets/wallet-files.js';
import { FileTaoError } from '../../domain/model/errors.js';
import { addConfigOptions, configOf } from '../config-options.js';
import { unlockAtTerminal } from '../unlock-at-terminal.js';
import { registerAgeIdentity, registerRegenerate } from './wallet-secrets.js';

export function register(program: Command): void {
  const wallet = program.command('wallet').description('Create and look at wallets (Bittensor key files)');

  addConfigOptions(
    wallet
      .command('create')
      .description(
        'Create a coldkey, encrypted with a password, and a hotkey; or one more hotkey of a coldkey that is there',
      )
      .option('--no-password', 'Leave the coldkey unencrypted')
      .option('--json', 'Print one line of JSON'),
    'wallet',
  ).action(async (options: { password: boolean; json?: true }, command: Command) => {
    const { values } = await configOf(command, 'wallet');
    const { createWallet } = await import('../../adapters/wallets/wallet-files.js');
    const created = await createWallet(
      { path: values['wallet.path'], name: values['wallet.name'], hotkey: values['wallet.hotkey'] },
      { unencrypted: !options.password, unlock: unlockAtTerminal() },
    );
    const names = { wallet: values['wallet.name'], hotkey: values['wallet.hotkey'] };
    process.stdout.write(options.json ? createdAsJson(names, created) : createdAsText(names, created));
  });

  addConfigOptions(
    wallet
      .command('list')
      .description('List all wallets and their addresses')
      .option('--json', 'Print one line of JSON per wallet'),
    'wallet',
    { without: ['wallet.name', 'wallet.hotkey'] },
  ).action(async (options: { json?: true }, command: Command) => {
    const { values } = await configOf(command, 'wallet');
    const path = values['wallet.path'];
    const { describeWallet, listWallets } = await import('../../adapters/wallets/wallet-files.js');
    const names = await listWallets(path);
    if (names.length === 0) {
      process.stderr.write(`no wallets in ${path}; create one with: filetao wallet create\n`);
    }
    const unreadable: string[] = [];
    for (const name of names) {
      try {
        const summary = await describeWallet(path, name);
        process.stdout.write(options.json ? summaryAsJson(summary) : summaryAsText(summary));
      } catch (error) {
        if (!(error instanceof FileTaoError)) throw error;
        unreadable.push(error.message);
      }
    }
    if (unreadable.length > 0) throw new FileTaoError('partial', unreadable.join('; '));
  });

  addConfigOptions(
    wallet
      .command('show')
      .description('Show the addresses of one wallet; needs no password')
      .option('--json', 'Print one line of JSON'),
    'wallet',
    { without: ['wallet.hotkey'] },
  ).action(async (options: { json?: true }, command: Command) => {
    const { values } = await configOf(command, 'wallet');
    const { describeWallet } = await import('../../adapters/wallets/wallet-files.js');
    const summary = await describeWallet(values['wallet.path'], values['wallet.name']);
    process.stdout.write(options.json ? summaryAsJson(summary) : summaryAsText(summary));
  });

  registerRegenerate(wallet);
  registerAgeIdentity(wallet);
}

interface Names {
  readonly wallet: string;
  readonly hotkey: string;
}

function createdAsJson(names: Names, created: CreatedWallet): string {
  return `${JSON.stringify({
    name: names.wallet,
    coldkey: {
      ss58Address: created.coldkeyAddress,
      file: created.coldkeyFile,
      created: created.coldkeyCreated,
    },
    hotkey: { name: names.hotkey, ss58Address: created.hotkeyAddress, file: created.hotkeyFile },
  })}\n`;
}

function createdAsText(names: Names, created: CreatedWallet): string {
  const what = created.coldkeyCreated
    ? `Created wallet "${names.wallet}"`
    : `Added hotkey "${names.hotkey}" to wallet "${names.wallet}"`;
  return [
    `${what} in ${created.folder}`,
    `  coldkey  ${created.coldkeyAddress}`,
    `  hotkey   ${created.hotkeyAddress}  (${names.hotkey})`,
    '',
    ...adviceAbout(created),
    '',
  ].join('\n');
}

function adviceAbout({
  coldkeyCreated,
  coldkeyEncrypted,
  coldkeyFile,
  hotkeyFile,
}: CreatedWallet): readonly string[] {
  const readable =
    'The secret phrase is in the field "secretPhrase" of each key file, unencrypted and readable by you alone.';
  const keep = 'without the coldkey nobody can open what this wallet stores.';
  if (!coldkeyCreated) return [readable, `  ${hotkeyFile}`];
  if (!coldkeyEncrypted) {
    return [readable, `Keep a copy in a safe place: ${keep}`, `  ${coldkeyFile}`, `  ${hotkeyFile}`];
  }
  return [
    `Keep a copy of the coldkey file and of your password in safe places: ${keep}`,
    `  ${coldkeyFile}  (encrypted with your password)`,
    `  ${hotkeyFile}  (unencrypted, readable by you alone)`,
  ];
}

const summaryAsJson = ({ name, coldkey, hotkeys }: WalletSummary): string =>
  `${JSON.stringify({ name, coldkey, hotkeys })}\n`;

function summaryAsText({ name, coldkey, hotkeys }: WalletSummary): string {
  const unknown = 'unknown (no readable key file)';
  const width = Math.max(7, ...hotkeys.map((hotkey) => hotkey.name.length));
  return [
    name,
    `  coldkey ${' '.repeat(width)}  ${coldkey?.ss58Address ?? unknown}`,
    ...hotkeys.map((hotkey) => `  hotkey  ${hotkey.name.padEnd(width)}  ${hotkey.ss58Address ?? unknown}`),
    '',
  ].join('\n');
}
