// Options that name a wallet.
import { homedir } from 'node:os';
import { join } from 'node:path';
import { path, walletName, walletNames } from '../kinds.js';
import { option, roles, validators } from './option.js';

export const walletOptions = {
  'wallet.path': option(
    roles,
    path,
    () => join(homedir(), '.bittensor', 'wallets'),
    'Folder of wallets',
    '~/.bittensor/wallets',
  ),
  'wallet.name': option(roles, walletName, 'default', 'Name of the wallet'),
  'wallet.hotkey': option(roles, walletName, 'default', 'Name of the hotkey in the wallet'),

  'wallet.retired_hotkeys': option(
    validators,
    walletNames,
    [],
    'Hotkeys of the wallet used before, kept until their replicas are stored anew',
    'none',
  ),
} as const;
