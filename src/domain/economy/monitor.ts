// When a miner counts as away: so many pings in a row without an answer. An answer clears the count, and so does the
// penalty, which the next as many misses bring again.

import type { EconomyRules } from '../model/economy.js';

export interface MonitorStep {
  /** Misses in a row from now on. */
  readonly misses: number;
  /** Whether the miner counts as away now, and pays for it. */
  readonly away: boolean;
}

export function monitorStep(
  missesBefore: number,
  answered: boolean,
  { constants }: EconomyRules,
): MonitorStep {
  if (answered) return { misses: 0, away: false };
  const misses = missesBefore + 1;
  return misses >= constants['monitor.misses'] ? { misses: 0, away: true } : { misses, away: false };
}
