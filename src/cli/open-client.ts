// The client that a command works with, from its configuration.

import type { ResolvedConfig } from '../adapters/config/resolve.js';
import type { FileTaoClient } from '../client/client.js';
import { unlockAtTerminal } from './unlock-at-terminal.js';

export async function openClient(config: ResolvedConfig<'client'>): Promise<FileTaoClient> {
  const { values } = config;
  const [{ openWallet }, { openConfiguredClient }] = await Promise.all([
    import('../adapters/wallets/wallet-files.js'),
    import('../client/configured.js'),
  ]);
  const wallet = await openWallet(
    { path: values['wallet.path'], name: values['wallet.name'], hotkey: values['wallet.hotkey'] },
    unlockAtTerminal(),
  );
  return openConfiguredClient(config, wallet, {
    onNodeFailure: ({ node, error }) =>
      void process.stderr.write(
        `${node}: ${error.message.replaceAll(/[\p{Cc}\s]+/gu, ' ')}; trying another node\n`,
      ),
  });
}
