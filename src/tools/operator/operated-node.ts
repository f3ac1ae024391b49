// The running node that an operator's configuration names: its address, its hotkey, and the network it is on.

import {
  type ChainConfig,
  isDevNetwork,
  openChain,
  openConfiguredDevChain,
} from '../../adapters/chain/open-chain.js';
import { openWallet } from '../../adapters/wallets/wallet-files.js';
import type { NodeAddress } from '../../domain/ports/chain.js';
import type { Signer } from '../../domain/ports/signer.js';
import type { WalletValues } from './wallet-values.js';

export interface OperatedNode {
  readonly address: NodeAddress;
  /** The node's own hotkey: nobody else may ask. */
  readonly hotkey: Signer;
  readonly genesis: Uint8Array;
  readonly netuid: number;
}

export async function operatedNode(
  config: ChainConfig & { readonly values: WalletValues },
  address: NodeAddress,
): Promise<OperatedNode> {
  const { values } = config;
  const { hotkey } = await openWallet({
    path: values['wallet.path'],
    name: values['wallet.name'],
    hotkey: values['wallet.hotkey'],
  });
  const chain = await (isDevNetwork(config) ? openConfiguredDevChain(config, false) : openChain(config));
  try {
    return { address, hotkey, genesis: chain.genesis, netuid: chain.netuid };
  } finally {
    await chain.close();
  }
}

/** A validator's operator routes are on loopback only. */
export const validatorHost = '127.0.0.1';
