// Dropping what has expired, and storing anew what a retired hotkey stored.

import type { ValidatorContext } from '../context.js';
import { dropExpired } from '../expiring.js';
import type { FailureCounts } from '../miners.js';
import { rotateReplicas } from '../rotating.js';
import type { TakenAnswers } from './repair.js';
import type { Step } from './step.js';

export const purgeStep = (
  context: ValidatorContext,
  {
    everyBlocks,
    folder,
    failures,
    taken,
  }: {
    readonly everyBlocks: number;
    readonly folder: string;
    readonly failures: FailureCounts;
    readonly taken: TakenAnswers;
  },
): Step => ({
  name: 'purge',
  everyBlocks,
  atStart: true,
  deadlineMs: null,
  async run(block, signal) {
    const dropped = await dropExpired(context);
    let rotated: number;
    try {
      rotated = await rotateReplicas(taken.collecting(context), folder, failures, signal);
    } finally {
      await taken.reward(block.number);
    }
    return dropped + rotated === 0 ? null : { answers: [], details: { dropped, rotated } };
  },
});
