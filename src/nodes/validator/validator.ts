// A validator: challenges every replica again and again, and records what it finds. Composition and life cycle.

import { rm } from 'node:fs/promises';
import { createServer } from '../../adapters/rpc/server.js';
import type { NodeAddress } from '../../domain/ports/chain.js';
import { countPlacement } from '../census.js';
import type { RunningNode } from '../running-node.js';
import { addStatusRoutes, type Operation, serverOptionsOf } from '../status.js';
import { collectAnswers } from './answers.js';
import { closeValidatorParts, composeValidator, type ValidatorParts } from './compose.js';
import type { ValidatorContext } from './context.js';
import { dropExpired } from './expiring.js';
import { FailureCounts } from './miners.js';
import { addOperatorRoutes } from './operating.js';
import { recoverRounds } from './recovery.js';
import { type Pruning, pruneForever } from './retention.js';
import { openRewarding, type Rewarding, type RewardingParts } from './rewarding.js';
import { rotateReplicas } from './rotating.js';
import { activeReplicas, challengeAll } from './rounds.js';
import { type Weighing, weighForever } from './weighing.js';

export interface ValidatorNodeParts extends ValidatorParts {
  readonly host: string;
  readonly port: number;
  /** Blocks between sweeps over all replicas; 0 holds rounds only when the operator asks. */
  readonly challengeEveryBlocks: number;
  /** Where a piece lies while it is stored anew. */
  readonly workFolder: string;
  /** Takes opened bytes that have served their time out of the transcripts. */
  readonly prune: () => Promise<Pruning>;
  /** How weights are set; without it they are not. */
  readonly weighing?: Pick<Weighing, 'chain' | 'versionKey' | 'file'>;
  /** Where rewards are recorded, and the rules they follow. */
  readonly rewards: Pick<RewardingParts, 'log' | 'rules'>;
  /** How the node is watched and ended; without it there are no metrics. */
  readonly operation?: Operation;
}

const pollMs = 500;

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
  let rewarding: Rewarding | null = null;
  const operator = addOperatorRoutes(server, context, stopping.signal, async (answers) => {
    const { number: block } = await context.view.head();
    await rewarding?.step({ block, answers });
  });
  const checks = { chain: () => context.view.head(), index: () => index.window() };
  const status = await addStatusRoutes(server, checks, { operation, log });
  let address: NodeAddress;
  let opened: Rewarding;
  try {
    address = await server.listen();
    // Only now, because until here another validator might be at work on this index.
    await rm(parts.workFolder, { recursive: true, force: true }); // pieces that a killed run was storing anew
    const recovered = await recoverRounds(context);
    if (recovered > 0) context.log.info({ rounds: recovered }, 'closed rounds that an earlier run left open');
    const { number: block } = await context.view.head();
    opened = await openRewarding(context, { ...parts.rewards, block });
    rewarding = opened;
  } catch (error) {
    await server.close();
    await status.close();
    throw error;
  }
  const sweeping =
    parts.challengeEveryBlocks === 0
      ? Promise.resolve()
      : sweepForever(context, opened, parts, stopping.signal);
  const pruning = pruneForever(context, parts.prune, stopping.signal);
  const weighing =
    parts.weighing === undefined
      ? Promise.resolve()
      : weighForever({ ...context, ...parts.weighing, rewards: opened }, stopping.signal);
  const counting =
    operation === undefined ? null : countPlacement(index, { ...context, ...operation }, stopping.signal);
  operation?.metrics.gauge('filetao_open_rounds', 'Rounds under way', () => context.liveRounds.size);
  status.started();
  return {
    address,
    status: status.separate,
    async close() {
      status.ending();
      stopping.abort();
      await server.close();
      await counting;
      await status.close();
      await Promise.all([sweeping, pruning, weighing, operator.settled()]);
      await opened.settled();
      await parts.rewards.log.close();
      await closeValidatorParts(context);
    },
  };
}

/** A sweep is due by block, not by an exact multiple: a late one is held late, never left out. */
async function sweepForever(
  context: ValidatorContext,
  rewarding: Rewarding,
  { challengeEveryBlocks: everyBlocks, workFolder }: ValidatorNodeParts,
  signal: AbortSignal,
): Promise<void> {
  const failures = new FailureCounts();
  let due = (await context.view.head()).number + everyBlocks;
  while (!signal.aborted) {
    try {
      const { number } = await context.view.head();
      if (number >= due) {
        due = number + everyBlocks;
        await recoverRounds(context);
        await dropExpired(context);
        await rotateReplicas(context, workFolder, failures, signal);
        await sweep(context, rewarding, signal);
      }
      await rewarding.rollIfDue(number);
    } catch (error) {
      context.log.error({ err: error }, 'a sweep was cut short');
    }
    await context.clock.sleep(pollMs, signal).catch(() => {});
  }
}

async function sweep(context: ValidatorContext, rewarding: Rewarding, signal: AbortSignal): Promise<void> {
  const counts = { pass: 0, fail: 0, void: 0 };
  for await (const replicas of activeReplicas(context)) {
    const batch = collectAnswers(context);
    await challengeAll(
      batch.context,
      replicas,
      (result) => {
        counts[result.outcome]++;
        if (result.outcome === 'pass') return;
        const { id, n, round, outcome, reason } = result;
        context.log.warn(
          { round, miner: id.minerKey, root: id.root, n, outcome, reason },
          'a replica did not pass',
        );
      },
      signal,
    );
    const { number: block } = await context.view.head();
    await rewarding.step({ block, answers: batch.answers });
  }
  if (counts.pass + counts.fail + counts.void > 0) context.log.info(counts, 'challenged all replicas');
}
