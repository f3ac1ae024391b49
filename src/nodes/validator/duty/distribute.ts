// Going round over all pieces, a few at a time: each is brought to its copies, and one copy too many is given up. What
// is known to be short is repaired at once (repair.ts); this finds what nobody noticed.

import type { PieceId } from '../../../domain/model/bytes.js';
import type { ValidatorContext } from '../context.js';
import type { RepairLine } from '../repairing.js';
import type { Repairs } from '../repairs.js';
import type { DueBlocks } from './due.js';
import { reportOfRepairs, type TakenAnswers } from './repair.js';
import type { Step } from './step.js';

const cursorName = 'distribute';

export interface DistributeOptions {
  readonly everyBlocks: number;
  readonly pieces: number;
  readonly taken: TakenAnswers;
}

export const distributeStep = (
  context: ValidatorContext,
  repairs: Repairs,
  due: DueBlocks,
  { everyBlocks, pieces, taken }: DistributeOptions,
): Step => ({
  name: 'distribute',
  everyBlocks,
  deadlineMs: 3_600_000,
  async run(block, signal) {
    const page = await context.index.listPieces(due.cursor(cursorName), pieces);
    const ids = (async function* (): AsyncGenerator<PieceId> {
      for (const { pieceId } of page.items) yield pieceId;
    })();
    const lines: RepairLine[] = [];
    try {
      await repairs.each(ids, (line) => lines.push(line), { signal });
    } finally {
      await taken.reward(block.number);
    }
    // Kept with the step's next block: a run that is cut off looks at the same pieces again.
    due.setCursor(cursorName, page.next);
    return reportOfRepairs(lines.filter(({ outcome, retired }) => outcome !== 'whole' || retired > 0));
  },
});
