// A validator: challenges every replica again and again, keeps every piece at its copies, rewards, and records what it
// finds. Composition and life cycle.

import { noEventRecords } from '../../adapters/observe/event-records.js';
import { createServer } from '../../adapters/rpc/server.js';
import type { PublicKey } from '../../domain/model/bytes.js';
import { FileTaoError } from '../../domain/model/errors.js';
import type { RunningNode } from '../running-node.js';
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
  readonly rewards: Pick<RewardingParts, 'log' | 'rules'>;
  /** Told of miners whose replicas were taken out of use. */
  readonly onLost?: (hotkeys: readonly PublicKey[]) => void;
  /** Called when the node ends. */
  readonly onClose?: () => Promise<void>;
}

interface AtWork {
  readonly rewarding: Rewarding;
  readonly duty: ComposedDuty;
}

export async function startValidator(parts: ValidatorNodeParts): Promise<RunningNode> {
  const context = composeValidator(parts);
  const server = createServer({ log: context.log, host: parts.host, port: parts.port });
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
  const address = await server.listen();
  let rewarding: Rewarding;
  let performing: { readonly ended: Promise<void> };
  try {
    // Only now, because until here another validator might be at work on this index.
    const recovered = await recoverRounds(context);
    if (recovered > 0) context.log.info({ rounds: recovered }, 'closed rounds that an earlier run left open');
    const { number: block } = await context.view.head();
    rewarding = await openRewarding(context, { ...parts.rewards, block });
    const duty = composeDuty(context, rewarding, { ...parts.duty, onLost });
    performing = await duty.start(signal);
    begun = { rewarding, duty };
  } catch (error) {
    await server.close();
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
  return {
    address,
    async close() {
      stopping.abort();
      await server.close();
      await Promise.all([performing.ended, pruning, weighing, operator.settled()]);
      await rewarding.settled();
      await parts.rewards.log.close();
      await parts.onClose?.();
      await closeValidatorParts(context);
    },
  };
}
