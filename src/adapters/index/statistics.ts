// Counting attempts of a miner: the arithmetic that every backend of the placement index shares.
import type { PublicKey } from '../../domain/model/bytes.js';
import type { MinerStatistics, StatisticKind } from '../../domain/model/records.js';

const none = { store: 0, challenge: 0, retrieve: 0 } as const;

export const noStatistics = (minerKey: PublicKey): MinerStatistics => ({
  minerKey,
  attempts: none,
  successes: none,
  totalSuccesses: 0,
});

export function counted(before: MinerStatistics, kind: StatisticKind, success: boolean): MinerStatistics {
  const plusOne = (counts: Readonly<Record<StatisticKind, number>>) => ({
    ...counts,
    [kind]: counts[kind] + 1,
  });
  return {
    ...before,
    attempts: plusOne(before.attempts),
    successes: success ? plusOne(before.successes) : before.successes,
    totalSuccesses: before.totalSuccesses + (success ? 1 : 0),
  };
}

/** The start of the next window: only lifetime successes stay. */
export const rolled = (before: MinerStatistics): MinerStatistics => ({
  ...noStatistics(before.minerKey),
  totalSuccesses: before.totalSuccesses,
});
