// Dropping what has expired, and storing anew what a retired hotkey stored.

import type { ValidatorContext } from '../context.js';
import { dropExpired } from '../expiring.js';
import type { FailureCounts } from '../miners.js';
import { rotateReplicas } from '../rotating.js';
import type { Step } from './step.js';

export const purgeStep = (
  context: ValidatorContext,
  {
    everyBlocks,
    folder,
    failures,
  }: {
    readonly everyBlocks: number;
    readonly folder: string;
    readonly failures: FailureCounts;
  },
): Step => ({
  name: 'purge',
  everyBlocks,
  atStart: true,
  deadlineMs: null,
  async run(_block, signal) {
    const dropped = await dropExpired(context);
    const rotated = await rotateReplicas(context, folder, failures, signal);
    return dropped + rotated === 0 ? null : { answers: [], details: { dropped, rotated } };
  },
});
