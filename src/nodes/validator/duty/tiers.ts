// The end of a tier window, noticed at whatever block the validator looks next.

import { encodeSs58 } from '../../../domain/identity/ss58.js';
import { fromHex } from '../../../domain/model/bytes.js';
import type { Rewarding } from '../rewarding.js';
import type { Step } from './step.js';

export const tiersStep = (rewarding: Pick<Rewarding, 'rollIfDue'>): Step => ({
  name: 'tiers',
  // Asked at every block, which costs nothing: the window's own length decides.
  everyBlocks: 1,
  atStart: true,
  deadlineMs: null,
  async run({ number }) {
    const changes = await rewarding.rollIfDue(number);
    if (changes === null) return null;
    return {
      answers: [],
      details: {
        tiers: changes.map(({ minerKey, before, after }) => ({
          hotkey: encodeSs58(fromHex(minerKey)),
          before,
          after,
        })),
      },
    };
  },
});
