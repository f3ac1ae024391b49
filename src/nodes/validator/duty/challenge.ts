// Challenge rounds: of some replicas of the drawn miners, or of all replicas there are.

import type { PublicKey } from '../../../domain/model/bytes.js';
import { collectAnswers } from '../answers.js';
import type { RoundResult } from '../challenging.js';
import type { ValidatorContext } from '../context.js';
import { recoverRounds } from '../recovery.js';
import type { Rewarding } from '../rewarding.js';
import { activeReplicas, challengeAll } from '../rounds.js';
import { rewardAnswers } from './rewards.js';
import { drawMiners, type ReplicaDraws } from './selecting.js';
import type { Step, StepAnswer } from './step.js';

export interface ChallengeOptions {
  readonly everyBlocks: number;
  /** Miners drawn; 0 is all. */
  readonly miners: number;
  /** Replicas of each drawn miner; 0 is all. */
  readonly replicas: number;
  readonly rewarding: Pick<Rewarding, 'step'>;
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
    const { rewarding } = options;
    const counts = { pass: 0, fail: 0, void: 0 };
    const answers: StepAnswer[] = [];
    const onResult = ({ id, n, outcome, reason }: RoundResult): void => {
      counts[outcome]++;
      if (outcome === 'pass') return;
      context.log.warn({ miner: id.minerKey, root: id.root, n, outcome, reason }, 'a replica did not pass');
    };
    const drawn = await drawMiners(context, 'challenge', block, options.miners);
    const hold = async (replicas: Parameters<typeof challengeAll>[1]): Promise<void> => {
      const batch = collectAnswers(context);
      try {
        await challengeAll(batch.context, replicas, onResult, signal);
      } finally {
        const asked = drawn.selection ?? 'all';
        const rewarded = await rewardAnswers(rewarding, block.number, batch.answers, asked);
        answers.push(...rewarded.slice(0, answersMax - answers.length));
      }
    };
    if (options.replicas === 0) {
      const asked = new Set<PublicKey>(drawn.miners.map(({ hotkey }) => hotkey));
      for await (const page of activeReplicas(context)) {
        if (signal.aborted) break;
        await hold(options.miners === 0 ? page : page.filter(({ minerKey }) => asked.has(minerKey)));
      }
    } else {
      const some = drawn.miners.map(({ hotkey }) => draws.next(hotkey, options.replicas));
      await hold((await Promise.all(some)).flat());
    }
    if (counts.pass + counts.fail + counts.void === 0) return null;
    context.log.info(counts, 'held challenge rounds');
    return { answers, details: counts };
  },
});
