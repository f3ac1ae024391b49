// The validator that an operator's configuration names: its address, its hotkey, and the network it is on.

import { openDevChain } from '../../adapters/chain/dev/dev-chain.js';
import type { ConfigOf } from '../../adapters/config/schema.js';
import { systemClock } from '../../adapters/system/clock.js';
import { openWallet } from '../../adapters/wallets/wallet-files.js';
import type { OperatedValidator } from './ask-rounds.js';

/** A validator's operator routes are on loopback only. */
const host = '127.0.0.1';

type Values = Pick<
  ConfigOf<'validator'>,
  'wallet.path' | 'wallet.name' | 'wallet.hotkey' | 'subtensor.dev_directory' | 'validator.port'
>;

export async function operatedValidator(values: Values): Promise<OperatedValidator> {
  const { hotkey } = await openWallet({
    path: values['wallet.path'],
    name: values['wallet.name'],
    hotkey: values['wallet.hotkey'],
  });
  const chain = await openDevChain({
    directory: values['subtensor.dev_directory'],
    clock: systemClock,
    create: false,
  });
  const { genesis, netuid } = chain;
  await chain.close();
  return { address: { host, port: values['validator.port'] }, hotkey, genesis, netuid };
}
