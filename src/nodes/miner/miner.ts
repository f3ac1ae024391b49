// A miner: keeps replicas, proves them, gives them back. Composition and life cycle only.

import { createServer } from '../../adapters/rpc/server.js';
import { publicKeyOf } from '../../domain/model/bytes.js';
import type { NodeAddress } from '../../domain/ports/chain.js';
import { countHolding, HoldingCensus } from '../census.js';
import type { DashboardWish, RunningDashboard } from '../dashboard/dashboard.js';
import type { RunningNode } from '../running-node.js';
import { addStatusRoutes, type Operation, serverOptionsOf } from '../status.js';
import { adoptLeftovers } from './adopting.js';
import { composeMiner, type MinerContextParts } from './compose.js';
import type { MinerContext } from './context.js';
import { Leaving } from './leaving.js';
import { addMinerOperatorRoutes } from './operating.js';
import { addMinerRoutes } from './routes.js';
import { type ScrubSchedule, scrubForever } from './scrub-schedule.js';
import { dropExpired } from './upkeep.js';

export interface MinerParts extends MinerContextParts {
  readonly host: string;
  readonly port: number;
  /** The address to announce; default: the one it listens on. */
  readonly announce?: (listening: NodeAddress) => Promise<NodeAddress>;
  /** How the node is watched and ended; without it there are no metrics. */
  readonly operation?: Operation;
  readonly dashboard?: DashboardWish | undefined;
  /** The file that is there while the miner leaves; without it a restart forgets. */
  readonly leavingFile?: string;
  /** Without it nothing is read that nobody asks for. */
  readonly scrubbing?: ScrubSchedule;
}

const expirySweepMs = 60_000;

export async function startMiner(parts: MinerParts): Promise<RunningNode> {
  const { signer, chain, log, replicas, index, prover, operation } = parts;
  const leaving = await Leaving.open(parts.leavingFile ?? null);
  if (leaving.isLeaving) log.warn('this miner is leaving and takes nothing new: filetao miner exit --cancel');
  const context = composeMiner({ ...parts, leaving });
  const server = createServer({
    log,
    host: parts.host,
    port: parts.port,
    // a round that was committed to is opened still
    finishing: ['/v1/open'],
    ...serverOptionsOf(operation),
  });
  addMinerRoutes(server, context);
  addMinerOperatorRoutes(server, context);
  const checks = { chain: () => context.view.head(), index: () => index.usedBytes() };
  const status = await addStatusRoutes(server, checks, { operation, log });
  const census = new HoldingCensus();
  let dashboard: RunningDashboard | null = null;
  let address: NodeAddress;
  try {
    address = await server.listen();
    if (parts.dashboard !== undefined) {
      const { openMinerDashboard } = await import('./dashboard.js');
      dashboard = await openMinerDashboard(context, parts.dashboard, census);
    }
    // Only now, because until here another miner might be at work on this folder.
    const swept = await replicas.sweep();
    if (swept > 0) log.info({ files: swept }, 'removed what an interrupted store left behind');
    await chain.serve(signer, (await parts.announce?.(address)) ?? address);
  } catch (error) {
    await dashboard?.close();
    await server.close();
    await status.close();
    throw error;
  }
  const stopping = new AbortController();
  operation?.metrics.gauge('filetao_storage_free_bytes', 'Bytes that may still be stored', () =>
    replicas.freeBytes(),
  );
  status.started();
  const background = Promise.all([
    sweepExpired(context, stopping.signal),
    operation === undefined && dashboard === null
      ? null
      : countHolding(index, { ...context, metrics: operation?.metrics }, stopping.signal, census),
    adoptAtStart(context, stopping.signal),
    parts.scrubbing === undefined ? null : scrubForever(context, parts.scrubbing, stopping.signal),
  ]);
  return {
    address,
    status: status.separate,
    dashboard: dashboard?.address ?? null,
    async close() {
      status.ending();
      stopping.abort();
      await dashboard?.close();
      await server.close();
      await background;
      await status.close();
      await prover.close();
      await replicas.close();
      await index.close();
      await chain.close();
    },
  };
}

/** In the background: a look at every file takes a while where there are millions. */
async function adoptAtStart(context: MinerContext, signal: AbortSignal): Promise<void> {
  const { replicas, index, party, verify, log } = context;
  try {
    const found = await adoptLeftovers(replicas, index, publicKeyOf(party.publicKey), verify, signal);
    if (found.adopted + found.setAside > 0)
      log.info({ ...found }, 'put replicas in order that no index knew');
  } catch (error) {
    log.error({ err: error }, 'could not look for replicas that no index knows');
  }
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
