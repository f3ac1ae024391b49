// A scrub beside a miner, as `filetao miner scrub` does it.
import { join } from 'node:path';
import { openLmdbHoldingIndex } from '../../src/adapters/index/lmdb/holding-index.js';
import { createProver } from '../../src/adapters/proving/prover.js';
import { openReplicaFiles } from '../../src/adapters/replicas/replica-files.js';
import { systemClock } from '../../src/adapters/system/clock.js';
import { verifySr25519 } from '../../src/adapters/wallets/sr25519.js';
import type { ScrubFinding } from '../../src/nodes/miner/scrub-reports.js';
import { scrub } from '../../src/nodes/miner/scrubbing.js';
import { StakeTurns } from '../../src/nodes/miner/turns.js';
import type { TestNetwork } from '../nodes/network.js';

/** One pass over the data of the first miner, beside it. */
export async function scrubBeside(network: TestNetwork): Promise<ScrubFinding[]> {
  const [miner] = network.miners;
  const replicas = await openReplicaFiles({ directory: join(miner!.directory, 'replicas') });
  const index = await openLmdbHoldingIndex(join(miner!.directory, 'index'));
  const prover = createProver({ threads: 1 });
  const findings: ScrubFinding[] = [];
  await scrub(
    {
      verify: verifySr25519,
      replicas,
      index,
      prover,
      turns: new StakeTurns(1, () => systemClock.monotonic()),
      clock: systemClock,
    },
    { bytesPerSecond: Number.POSITIVE_INFINITY, onFinding: (finding) => findings.push(finding) },
  );
  await prover.close();
  await index.close();
  await replicas.close();
  return findings;
}
