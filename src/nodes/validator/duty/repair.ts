// Repairing what is known to be short of replicas, and moving what lies on miners that leave.

import type { CountedAnswer } from '../../../domain/model/records.js';
import type { ValidatorContext } from '../context.js';
import type { RepairLine } from '../repairing.js';
import type { Repairs } from '../repairs.js';
import type { Rewarding } from '../rewarding.js';
import { rewardAnswers } from './rewards.js';
import type { Step, StepReport } from './step.js';

export const repairStep = (repairs: Repairs, everyBlocks: number, taken: TakenAnswers): Step => ({
  name: 'repair',
  everyBlocks,
  atStart: true,
  deadlineMs: null,
  async run(block, signal) {
    const lines: RepairLine[] = [];
    try {
      await repairs.pass((line) => lines.push(line), { signal });
    } finally {
      await taken.reward(block.number);
    }
    return reportOfRepairs(lines);
  },
});

/** Answers that miners gave while pieces were repaired: rewarded like all others, as one batch. */
export class TakenAnswers {
  readonly #rewarding: Pick<Rewarding, 'step'>;
  #answers: CountedAnswer[] = [];

  constructor(rewarding: Pick<Rewarding, 'step'>) {
    this.#rewarding = rewarding;
  }

  /** The same context, whose answers are kept here. */
  collecting(context: ValidatorContext): ValidatorContext {
    return { ...context, onAnswer: (answer) => void this.#answers.push(answer) };
  }

  async reward(block: number): Promise<void> {
    const answers = this.#answers;
    this.#answers = [];
    await rewardAnswers(this.#rewarding, block, answers, 'repair');
  }
}

/** Pieces named in one event record. */
const piecesMax = 1000;

/** Each miner that was given a replica answered; null when there was nothing to repair. */
export function reportOfRepairs(lines: readonly RepairLine[]): StepReport | null {
  if (lines.length === 0) return null;
  return {
    answers: lines.flatMap(({ stored, elapsedMs, size }) =>
      stored.map((minerKey) => ({ minerKey, outcome: 'pass', reason: '', elapsedMs, size }) as const),
    ),
    details: {
      pieces: lines
        .slice(0, piecesMax)
        .map(({ pieceId, copies, before, after, retired, outcome, reason }) => ({
          pieceId,
          copies,
          before,
          after,
          retired,
          outcome,
          reason,
        })),
    },
  };
}
