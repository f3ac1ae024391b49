// The client that a command works with, from its configuration.

import type { ConfigOf } from '../adapters/config/schema.js';
import type { FileTaoClient } from '../client/client.js';
import { unlockAtTerminal } from './unlock-at-terminal.js';

/** A node that stores within its own time limit needs a moment more to say so. */
const answerMarginMs = 10_000;

export async function openClient(values: ConfigOf<'client'>): Promise<FileTaoClient> {
  const [{ openWallet }, { FileTaoClient }, { networkNameOf }] = await Promise.all([
    import('../adapters/wallets/wallet-files.js'),
    import('../client/client.js'),
    import('../adapters/chain/subtensor/networks.js'),
  ]);
  const wallet = await openWallet(
    { path: values['wallet.path'], name: values['wallet.name'], hotkey: values['wallet.hotkey'] },
    unlockAtTerminal(),
  );
  return new FileTaoClient({
    url: values['api.url'],
    wallet,
    hashFolder: values.hash_basepath,
    expect: { network: networkNameOf(values['subtensor.network']), netuid: values.netuid },
    timeouts: {
      answerMs: values['api.store_timeout'] * 1000 + answerMarginMs,
      bodyMs: values['api.retrieve_timeout'] * 1000,
    },
  });
}
