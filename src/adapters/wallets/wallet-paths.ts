// Where the files of a wallet are, in the layout that Bittensor's tools share
// (https://github.com/opentensor/btwallet): <wallets>/<name>/{coldkey, coldkeypub.txt, hotkeys/<hotkey>,
// hotkeys/<hotkey>pub.txt}, and FileTAO's own age-recipient.txt; which names are allowed.

import { stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { isWalletName, walletNameLengthMax, walletNameRule } from '../../domain/identity/wallet-name.js';
import { FileTaoError, toFileTaoError } from '../../domain/model/errors.js';

export const defaultWalletsPath = (): string => join(homedir(), '.bittensor', 'wallets');

/** Where a wallet is: a folder of wallets, and the names of the wallet and of one of its hotkeys. */
export interface WalletLocation {
  readonly path: string;
  readonly name: string;
  readonly hotkey: string;
}

export const publicSuffix = 'pub.txt';

export interface WalletPaths {
  readonly folder: string;
  readonly coldkey: string;
  readonly coldkeyPublic: string;
  readonly ageRecipient: string;
  readonly hotkeys: string;
}

export function pathsOf(path: string, name: string): WalletPaths {
  assertName(name, 'wallet');
  const folder = join(path, name);
  return {
    folder,
    coldkey: join(folder, 'coldkey'),
    coldkeyPublic: join(folder, `coldkey${publicSuffix}`),
    ageRecipient: join(folder, 'age-recipient.txt'),
    hotkeys: join(folder, 'hotkeys'),
  };
}

export function hotkeyFile(paths: WalletPaths, hotkey: string): string {
  assertName(hotkey, 'hotkey');
  return join(paths.hotkeys, hotkey);
}

/** A hotkey's name must not pass for a public file either. */
function assertName(name: string, what: 'wallet' | 'hotkey'): void {
  if (!isWalletName(name)) {
    const shown = JSON.stringify(name.slice(0, walletNameLengthMax));
    throw new FileTaoError('bad-input', `${shown} cannot be a ${what} name: ${walletNameRule}`);
  }
  if (what === 'hotkey' && name.endsWith(publicSuffix)) {
    throw new FileTaoError('bad-input', `a hotkey name cannot end in "${publicSuffix}"`);
  }
}

/** The command that creates what is missing; defaults are left out. */
export function createCommand({ path, name, hotkey }: WalletLocation): string {
  const words = ['filetao wallet create'];
  if (path !== defaultWalletsPath()) words.push('--wallet.path', shellWord(path));
  if (name !== 'default') words.push('--wallet.name', shellWord(name));
  if (hotkey !== 'default') words.push('--wallet.hotkey', shellWord(hotkey));
  return words.join(' ');
}

/** As a shell reads it back, so that the command can be pasted. */
const shellWord = (text: string): string =>
  /^[\w@%+=:,./-]+$/u.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;

export const isMissing = (error: unknown): boolean => {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ENOENT' || code === 'ENOTDIR';
};

export async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if (isMissing(error)) return false;
    throw toFileTaoError(error);
  }
}
