// Rebuilds the index that a miner's configuration names: opens what stands behind it and closes it again.

import { join } from 'node:path';
import type { ResolvedConfig } from '../../adapters/config/resolve.js';
import { configuredIndex } from '../../adapters/index/configured.js';
import { openHoldingIndex } from '../../adapters/index/open-index.js';
import { openReplicaFiles } from '../../adapters/replicas/replica-files.js';
import { verifySr25519 } from '../../adapters/wallets/sr25519.js';
import { openWallet } from '../../adapters/wallets/wallet-files.js';
import { encodeSs58 } from '../../domain/identity/ss58.js';
import { publicKeyOf } from '../../domain/model/bytes.js';
import { type RebuiltHolding, rebuildHolding } from '../../nodes/miner/adopting.js';

export async function rebuildMinerIndex(
  config: ResolvedConfig<'miner'>,
  signal?: AbortSignal,
): Promise<RebuiltHolding> {
  const { values } = config;
  const { hotkey } = await openWallet({
    path: values['wallet.path'],
    name: values['wallet.name'],
    hotkey: values['wallet.hotkey'],
  });
  const location = await configuredIndex(
    config as unknown as Parameters<typeof configuredIndex>[0],
    encodeSs58(hotkey.publicKey),
  );
  const replicas = await openReplicaFiles({ directory: join(values['database.directory'], 'replicas') });
  try {
    const index = await openHoldingIndex(location);
    try {
      return await rebuildHolding(replicas, index, publicKeyOf(hotkey.publicKey), verifySr25519, signal);
    } finally {
      await index.close();
    }
  } finally {
    await replicas.close();
  }
}
