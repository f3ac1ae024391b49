// A validator: challenges every replica again and again, keeps every piece at its copies, and records what it finds.
// Composition and life cycle.

import { createServer } from '../../adapters/rpc/server.js';
import type { RunningNode } from '../running-node.js';
import { closeValidatorParts, composeValidator, type ValidatorParts } from './compose.js';
import { answerOf } from './duty/challenge.js';
import { composeDuty, type DutyParts } from './duty/compose.js';
import { addRoundsRoute } from './operating.js';
import { addRepairRoute } from './operating-repair.js';
import { OperatorRequests } from './operator-requests.js';
import { recoverRounds } from './recovery.js';
import { type Pruning, pruneForever } from './retention.js';
import { type Weighing, weighForever } from './weighing.js';

export interface ValidatorNodeParts extends ValidatorParts {
  readonly host: string;
  readonly port: number;
  readonly duty: DutyParts;
  /** Takes opened bytes that have served their time out of the transcripts. */
  readonly prune: () => Promise<Pruning>;
  /** How weights are set; without it they are not. */
  readonly weighing?: Pick<Weighing, 'chain' | 'versionKey' | 'file' | 'scores' | 'onSet'>;
}

export async function startValidator(parts: ValidatorNodeParts): Promise<RunningNode> {
  const context = composeValidator(parts);
  const server = createServer({ log: context.log, host: parts.host, port: parts.port });
  const stopping = new AbortController();
  const { signal } = stopping;
  const operator = new OperatorRequests(server, context, signal);
  const duty = composeDuty(context, parts.duty);
  const { options, reward, onLost } = parts.duty;
  addRoundsRoute(operator, context, async (results) => void (await reward('challenge', results.map(answerOf))));
  addRepairRoute(operator, context, duty.repairs, { pingTimeoutMs: options.pingTimeoutMs, onLost });
  const address = await server.listen();
  let performing: { readonly ended: Promise<void> };
  try {
    // Only now, because until here another validator might be at work on this index.
    const recovered = await recoverRounds(context);
    if (recovered > 0) context.log.info({ rounds: recovered }, 'closed rounds that an earlier run left open');
    performing = await duty.start(signal);
  } catch (error) {
    await server.close();
    throw error;
  }
  const pruning = pruneForever(context, parts.prune, signal);
  const weighing =
    parts.weighing === undefined
      ? Promise.resolve()
      : weighForever({ ...context, ...parts.weighing }, signal);
  return {
    address,
    async close() {
      stopping.abort();
      await server.close();
      await Promise.all([performing.ended, pruning, weighing, operator.settled()]);
      await parts.duty.events?.close();
      await closeValidatorParts(context);
    },
  };
}
