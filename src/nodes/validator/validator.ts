// A validator: challenges every replica again and again, keeps every piece at its copies, rewards, and records what it
// finds. Composition and life cycle.

import { noEventRecords } from '../../adapters/observe/event-records.js';
import { createServer } from '../../adapters/rpc/server.js';
import type { PublicKey } from '../../domain/model/bytes.js';
import { FileTaoError } from '../../domain/model/errors.js';
import type { NodeAddress } from '../../domain/ports/chain.js';
import { countPlacement, PlacementCensus } from '../census.js';
import type { DashboardWish, RunningDashboard } from '../dashboard/dashboard.js';
import type { RunningNode } from '../running-node.js';
import { addStatusRoutes, type Operation, serverOptionsOf } from '../status.js';
import { closeValidatorParts, composeValidator, type ValidatorParts } from './compose.js';
import { type ComposedDuty, composeDuty, type DutyParts } from './duty/compose.js';
import { writeWeightsEvent } from './duty/events.js';
import { addRoundsRoute } from './operating.js';
import { addRepairRoute } from './operating-repair.js';
import { OperatorRequests } from './operator-requests.js';
import { recoverRounds } from './recovery.js';
import { type Pruning, pruneForever } from './retention.js';
import { openRewarding, type Rewarding, type RewardingParts } from './rewarding.js';
import { type Weighing, weighForever } from './weighing.js';

export interface ValidatorNodeParts extends ValidatorParts {
  readonly host: string;
  readonly port: number;
  readonly duty: DutyParts;
  /** Takes opened bytes that have served their time out of the transcripts. */
  readonly prune: () => Promise<Pruning>;
  /** How weights are set; without it they are not. */
  readonly weighing?: Pick<Weighing, 'chain' | 'versionKey' | 'file'>;
  /** Where rewards are recorded, and the rules they follow. */
  readonly rewards: Pick<RewardingParts, 'log' | 'rules'> & {
    /** Folder of the ledger, which the dashboard reads back. */
    readonly directory?: string;
  };
  /** Told of miners whose replicas were taken out of use. */
  readonly onLost?: (hotkeys: readonly PublicKey[]) => void;
  /** Called when the node ends. */
  readonly onClose?: () => Promise<void>;
  /** How the node is watched and ended; without it there are no metrics. */
  readonly operation?: Operation;
  readonly dashboard?: DashboardWish | undefined;
}

interface AtWork {
  readonly rewarding: Rewarding;
  readonly duty: ComposedDuty;
}

export async function startValidator(parts: ValidatorNodeParts): Promise<RunningNode> {
  const context = composeValidator(parts);
  const { log, index } = context;
  const { operation } = parts;
  const server = createServer({
    log,
    host: parts.host,
    port: parts.port,
    ...serverOptionsOf(operation),
  });
  const stopping = new AbortController();
  const { signal } = stopping;
  let begun: AtWork | null = null;
  const atWork = (): AtWork => {
    if (begun === null) throw new FileTaoError('busy', 'the validator is still starting: ask again');
    return begun;
  };
  const onLost = parts.onLost ?? (() => {});
  const operator = new OperatorRequests(server, context, signal);
  addRoundsRoute(operator, context, () => atWork().rewarding);
  addRepairRoute(operator, context, () => atWork().duty, {
    pingTimeoutMs: parts.duty.options.pingTimeoutMs,
    onLost,
  });
  const census = new PlacementCensus();
  const shown =
    parts.dashboard === undefined ? null : { wish: parts.dashboard, ...(await import('./dashboard.js')) };
  const follower = shown?.followLedger(parts.rewards.directory ?? '');
  let dashboard: RunningDashboard | null = null;
  let rewarding: Rewarding;
  let performing: { readonly ended: Promise<void> };
  const checks = { chain: () => context.view.head(), index: () => index.window() };
  const status = await addStatusRoutes(server, checks, { operation, log });
  let address: NodeAddress;
  try {
    address = await server.listen();
    // Only now, because until here another validator might be at work on this index.
    const recovered = await recoverRounds(context);
    if (recovered > 0) context.log.info({ rounds: recovered }, 'closed rounds that an earlier run left open');
    const { number: block } = await context.view.head();
    const onEntry = follower?.take.bind(follower);
    rewarding = await openRewarding(context, { ...parts.rewards, block, onEntry });
    if (shown !== null && follower !== undefined)
      dashboard = await shown.openValidatorDashboard(context, {
        wish: shown.wish,
        census,
        rewarding,
        follower,
        rules: parts.rewards.rules,
      });
    const duty = composeDuty(context, rewarding, { ...parts.duty, onLost });
    performing = await duty.start(signal);
    begun = { rewarding, duty };
  } catch (error) {
    await dashboard?.close();
    await server.close();
    await status.close();
    throw error;
  }
  const pruning = pruneForever(context, parts.prune, signal);
  const weighing =
    parts.weighing === undefined
      ? Promise.resolve()
      : weighForever(
          {
            ...context,
            ...parts.weighing,
            rewards: rewarding,
            onSet: (block, weights) =>
              writeWeightsEvent(context.clock, parts.duty.events ?? noEventRecords, block, weights),
          },
          signal,
        );
  const counting =
    operation === undefined && dashboard === null
      ? null
      : countPlacement(index, { ...context, metrics: operation?.metrics }, signal, census);
  operation?.metrics.gauge('filetao_open_rounds', 'Rounds under way', () => context.liveRounds.size);
  status.started();
  return {
    address,
    status: status.separate,
    dashboard: dashboard?.address ?? null,
    async close() {
      status.ending();
      stopping.abort();
      await dashboard?.close();
      await server.close();
      await counting;
      await status.close();
      await Promise.all([performing.ended, pruning, weighing, operator.settled()]);
      await rewarding.settled();
      await parts.rewards.log.close();
      await parts.onClose?.();
      await closeValidatorParts(context);
    },
  };
}
