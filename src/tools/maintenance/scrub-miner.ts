// Scrubs the replicas of a miner at once, beside the running miner or while it is stopped.

import { join } from 'node:path';
import type { ResolvedConfig } from '../../adapters/config/resolve.js';
import { configuredIndex } from '../../adapters/index/configured.js';
import { openHoldingIndex } from '../../adapters/index/open-index.js';
import { createProver } from '../../adapters/proving/prover.js';
import { openReplicaFiles } from '../../adapters/replicas/replica-files.js';
import { systemClock } from '../../adapters/system/clock.js';
import { verifySr25519 } from '../../adapters/wallets/sr25519.js';
import { openWallet } from '../../adapters/wallets/wallet-files.js';
import { encodeSs58 } from '../../domain/identity/ss58.js';
import type { ScrubFinding } from '../../nodes/miner/scrub-reports.js';
import { type ScrubCounts, scrub } from '../../nodes/miner/scrubbing.js';
import { StakeTurns } from '../../nodes/miner/turns.js';

export interface ScrubMinerOptions {
  readonly bytesPerSecond: number;
  readonly signal: AbortSignal;
  readonly onFinding: (finding: ScrubFinding) => void;
  readonly onProgress: (counts: ScrubCounts) => void;
}

export async function scrubMiner(
  config: ResolvedConfig<'miner'>,
  { bytesPerSecond, signal, onFinding, onProgress }: ScrubMinerOptions,
): Promise<ScrubCounts> {
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
  const prover = createProver({ threads: values['proving.workers'] });
  try {
    const index = await openHoldingIndex(location);
    try {
      const context = {
        verify: verifySr25519,
        replicas,
        index,
        prover,
        turns: new StakeTurns(1, () => systemClock.monotonic()),
        clock: systemClock,
      };
      return await scrub(context, {
        bytesPerSecond,
        signal,
        onFinding,
        onPage: async (_next, counts) => onProgress(counts),
      });
    } finally {
      await index.close();
    }
  } finally {
    await prover.close();
    await replicas.close();
  }
}
