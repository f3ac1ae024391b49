// Repairing what is known to be short of replicas, and moving what lies on miners that leave.

import type { RepairLine } from '../repairing.js';
import type { Repairs } from '../repairs.js';
import type { Step, StepReport } from './step.js';

export const repairStep = (repairs: Repairs, everyBlocks: number): Step => ({
  name: 'repair',
  everyBlocks,
  atStart: true,
  deadlineMs: null,
  async run(_block, signal) {
    const lines: RepairLine[] = [];
    await repairs.pass((line) => lines.push(line), { signal });
    return reportOfRepairs(lines);
  },
});

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
      pieces: lines.slice(0, piecesMax).map(({ pieceId, copies, before, after, retired, outcome, reason }) => ({
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
