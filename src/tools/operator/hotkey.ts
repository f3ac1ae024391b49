// The hotkey a command is about: the given address, or the wallet's, for which no secret is needed.

import { describeWallet } from '../../adapters/wallets/wallet-files.js';
import { publicKeyFromSs58 } from '../../domain/identity/ss58.js';
import { type PublicKey, publicKeyOf } from '../../domain/model/bytes.js';
import { FileTaoError } from '../../domain/model/errors.js';
import type { WalletValues } from './wallet-values.js';

export async function hotkeyOf(
  values: WalletValues,
  address: string | undefined,
): Promise<{ readonly hotkey: PublicKey; readonly address: string }> {
  if (address !== undefined) return { hotkey: publicKeyOf(publicKeyFromSs58(address)), address };
  const name = values['wallet.hotkey'];
  const { hotkeys } = await describeWallet(values['wallet.path'], values['wallet.name']);
  const found = hotkeys.find((hotkey) => hotkey.name === name)?.ss58Address ?? null;
  if (found === null)
    throw new FileTaoError(
      'wallet-not-found',
      `wallet "${values['wallet.name']}" has no hotkey "${name}" with a readable address`,
    );
  return { hotkey: publicKeyOf(publicKeyFromSs58(found)), address: found };
}
