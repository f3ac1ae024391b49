// How much is stored where, for the event record; and a save of where the duty stands.

import { encodeSs58 } from '../../../domain/identity/ss58.js';
import { fromHex } from '../../../domain/model/bytes.js';
import type { ValidatorContext } from '../context.js';
import type { DueBlocks } from './due.js';
import type { Step } from './step.js';

export const checkpointStep = ({ index }: ValidatorContext, due: DueBlocks, everyBlocks: number): Step => ({
  name: 'checkpoint',
  everyBlocks,
  deadlineMs: null,
  async run() {
    await due.save();
    const miners = await Promise.all(
      (await index.listStatistics()).map(async (statistics) => ({
        hotkey: encodeSs58(fromHex(statistics.minerKey)),
        tier: statistics.tier,
        total_successes: statistics.totalSuccesses,
        attempts: statistics.attempts,
        successes: statistics.successes,
        bytes: await index.usedBytes(statistics.minerKey),
      })),
    );
    const totalStorage = miners.reduce((sum, { bytes }) => sum + bytes, 0);
    return { answers: [], details: { total_storage: totalStorage, miners } };
  },
});
