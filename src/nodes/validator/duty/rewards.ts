// What a step's answers earned: recorded in the reward ledger (rewarding.ts), and given back for the event record.

import type { CountedAnswer } from '../../../domain/model/records.js';
import type { Batch, RecordedSelection, Rewarding } from '../rewarding.js';
import type { StepAnswer } from './step.js';

/** The order in which a batch of several tasks is rewarded. */
const tasks = ['store', 'challenge', 'retrieve'] as const;

export async function rewardAnswers(
  rewarding: Pick<Rewarding, 'step'>,
  block: number,
  answers: readonly CountedAnswer[],
  asked: RecordedSelection | Exclude<Batch['occasion'], 'draw'>,
): Promise<readonly StepAnswer[]> {
  if (answers.length === 0) return [];
  const rewards = await rewarding.step({
    block,
    answers,
    ...(typeof asked === 'string' ? { occasion: asked } : { occasion: 'draw', selection: asked }),
  });
  return tasks
    .flatMap((task) => answers.filter((answer) => answer.task === task))
    .map(({ minerKey, passed, reason, elapsedMs, size }, i) => ({
      minerKey,
      outcome: passed ? 'pass' : 'fail',
      reason,
      elapsedMs,
      size,
      reward: rewards[i]!.reward,
    }));
}
