// A miner: keeps replicas, proves them, gives them back. Composition and life cycle only.

import type { Log } from '../../adapters/observe/log.js';
import { createServer } from '../../adapters/rpc/server.js';
import type { ProofCore } from '../../domain/core/proof-core.js';
import type { Chain } from '../../domain/ports/chain.js';
import type { Clock } from '../../domain/ports/clock.js';
import type { HoldingIndex } from '../../domain/ports/holding-index.js';
import type { Prover } from '../../domain/ports/prover.js';
import type { Replicas } from '../../domain/ports/replicas.js';
import type { Signer, VerifySignature } from '../../domain/ports/signer.js';
import { minerSecret } from '../../domain/protocol/derivations.js';
import { ChainView } from '../chain-view.js';
import type { RunningNode } from '../running-node.js';
import { WorkBudget } from './budget.js';
import type { MinerContext } from './context.js';
import { RoundTable } from './rounds.js';
import { addMinerRoutes } from './routes.js';
import { dropExpired } from './upkeep.js';

export interface MinerParts {
  readonly signer: Signer;
  readonly verify: VerifySignature;
  readonly chain: Chain;
  readonly core: ProofCore;
  readonly replicas: Replicas;
  readonly index: HoldingIndex;
  readonly prover: Prover;
  readonly clock: Clock;
  readonly log: Log;
  readonly host: string;
  readonly port: number;
}

const expirySweepMs = 60_000;

export async function startMiner(parts: MinerParts): Promise<RunningNode> {
  const { signer, chain, clock, log, replicas, index, prover } = parts;
  const context: MinerContext = {
    ...parts,
    party: { genesis: chain.genesis, netuid: chain.netuid, publicKey: signer.publicKey },
    secret: minerSecret(signer),
    view: new ChainView(chain, clock),
    rounds: new RoundTable(() => clock.monotonic()),
    budget: new WorkBudget(),
  };
  const server = createServer({ log, host: parts.host, port: parts.port });
  addMinerRoutes(server, context);
  const address = await server.listen();
  try {
    // Only now, because until here another miner might be at work on this folder.
    const swept = await replicas.sweep();
    if (swept > 0) log.info({ files: swept }, 'removed what an interrupted store left behind');
    await chain.serve(signer, address);
  } catch (error) {
    await server.close();
    throw error;
  }
  const stopping = new AbortController();
  const sweeping = sweepExpired(context, stopping.signal);
  return {
    address,
    async close() {
      stopping.abort();
      await server.close();
      await sweeping;
      await prover.close();
      await replicas.close();
      await index.close();
      await chain.close();
    },
  };
}

async function sweepExpired(context: MinerContext, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      await dropExpired(context, signal);
    } catch (error) {
      context.log.error({ err: error }, 'could not drop expired replicas');
    }
    await context.clock.sleep(expirySweepMs, signal).catch(() => {});
  }
}
