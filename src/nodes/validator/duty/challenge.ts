// Challenge rounds: of some replicas of the drawn miners, or of all replicas there are.

import type { PublicKey } from '../../../domain/model/bytes.js';
import type { RoundResult } from '../challenging.js';
import type { ValidatorContext } from '../context.js';
import { recoverRounds } from '../recovery.js';
import { activeReplicas, challengeAll } from '../rounds.js';
import { drawMiners, type ReplicaDraws } from './selecting.js';
import type { Rewarder, Step, StepAnswer } from './step.js';

export interface ChallengeOptions {
  readonly everyBlocks: number;
  /** Miners drawn; 0 is all. */
  readonly miners: number;
  /** Replicas of each drawn miner; 0 is all. */
  readonly replicas: number;
  readonly reward: Rewarder;
}

/** Answers kept for the report of one step: a sweep over a large index has more than a line of it can hold. */
const answersMax = 1000;

export const challengeStep = (
  context: ValidatorContext,
  draws: ReplicaDraws,
  options: ChallengeOptions,
): Step => ({
  name: 'challenge',
  everyBlocks: options.everyBlocks,
  deadlineMs: options.replicas === 0 ? null : 3_600_000,
  async run(block, signal) {
    await recoverRounds(context);
    const counts = { pass: 0, fail: 0, void: 0 };
    const answers: StepAnswer[] = [];
    let batch: StepAnswer[] = [];
    const onResult = (result: RoundResult): void => {
      counts[result.outcome]++;
      batch.push(answerOf(result));
      if (result.outcome === 'pass') return;
      const { id, n, outcome, reason } = result;
      context.log.warn({ miner: id.minerKey, root: id.root, n, outcome, reason }, 'a replica did not pass');
    };
    const hold = async (replicas: Parameters<typeof challengeAll>[1]): Promise<void> => {
      try {
        await challengeAll(context, replicas, onResult, signal);
      } finally {
        const held = batch;
        batch = [];
        const rewarded = await options.reward('challenge', held);
        answers.push(...rewarded.slice(0, answersMax - answers.length));
      }
    };
    if (options.replicas === 0) {
      const drawn = options.miners === 0 ? null : await drawMiners(context, 'challenge', block, options.miners);
      const asked = drawn === null ? null : new Set<PublicKey>(drawn.map(({ hotkey }) => hotkey));
      for await (const page of activeReplicas(context)) {
        if (signal.aborted) break;
        await hold(asked === null ? page : page.filter(({ minerKey }) => asked.has(minerKey)));
      }
    } else {
      const miners = await drawMiners(context, 'challenge', block, options.miners);
      const drawn = await Promise.all(miners.map(({ hotkey }) => draws.next(hotkey, options.replicas)));
      await hold(drawn.flat());
    }
    if (answers.length === 0) return null;
    context.log.info(counts, 'held challenge rounds');
    return { answers, details: counts };
  },
});

export const answerOf = ({ id, outcome, reason, elapsedMs, bytes }: RoundResult): StepAnswer => ({
  minerKey: id.minerKey,
  outcome,
  reason,
  elapsedMs,
  size: bytes,
});
