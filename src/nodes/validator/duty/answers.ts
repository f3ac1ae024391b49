// What API nodes stored and retrieved for users: their answers wait in the index (`count`) until this validator has
// them in its ledger, counted and paid like all others.

import { blocksPerRound } from '../../../domain/economy/selection.js';
import type { Rewarding } from '../rewarding.js';
import type { Step } from './step.js';

export const answersStep = (rewarding: Pick<Rewarding, 'takeWaiting'>): Step => ({
  name: 'answers',
  everyBlocks: blocksPerRound,
  deadlineMs: null,
  async run({ number }) {
    const taken = await rewarding.takeWaiting(number);
    if (taken.length === 0) return null;
    return {
      answers: taken.map(({ minerKey, passed, reason, elapsedMs, size, reward }) => ({
        minerKey,
        outcome: passed ? 'pass' : 'fail',
        reason,
        elapsedMs,
        size,
        reward,
      })),
    };
  },
});
