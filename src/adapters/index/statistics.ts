// Counting attempts of a miner: the arithmetic that the backends of the placement index share.
import type { PublicKey } from '../../domain/model/bytes.js';
import { FileTaoError } from '../../domain/model/errors.js';
import type {
  CountedAnswer,
  KindCounts,
  MinerStatistics,
  StatisticKind,
  WindowJudgement,
} from '../../domain/model/records.js';
import { isTierName, lowestTier, type TierName } from '../../domain/model/tiers.js';

const none = { store: 0, challenge: 0, retrieve: 0 } as const;

export const noStatistics = (minerKey: PublicKey): MinerStatistics => ({
  minerKey,
  attempts: none,
  successes: none,
  totalSuccesses: 0,
  tier: lowestTier,
});

export function counted(
  before: MinerStatistics,
  { task, passed }: Pick<CountedAnswer, 'task' | 'passed'>,
): MinerStatistics {
  const plusOne = (counts: Readonly<Record<StatisticKind, number>>) => ({
    ...counts,
    [task]: counts[task] + 1,
  });
  return {
    ...before,
    attempts: plusOne(before.attempts),
    successes: passed ? plusOne(before.successes) : before.successes,
    totalSuccesses: before.totalSuccesses + (passed ? 1 : 0),
  };
}

/** What is left for the window that begins. */
export function rolled(before: MinerStatistics, judgement: WindowJudgement): MinerStatistics {
  const less = (counts: KindCounts, judged: KindCounts): KindCounts => ({
    store: Math.max(0, counts.store - judged.store),
    challenge: Math.max(0, counts.challenge - judged.challenge),
    retrieve: Math.max(0, counts.retrieve - judged.retrieve),
  });
  return {
    ...before,
    attempts: less(before.attempts, judgement.attempts),
    successes: less(before.successes, judgement.successes),
    tier: judgement.tier,
  };
}

/** How both backends store a tier: its name. A miner without one is in the lowest. */
export function readTier(stored: Uint8Array | null | undefined): TierName {
  if (stored === null || stored === undefined) return lowestTier;
  const name = Buffer.from(stored).toString('latin1');
  if (!isTierName(name)) throw new FileTaoError('damaged', 'the index names a tier that does not exist');
  return name;
}

export const packTier = (tier: TierName): Buffer => Buffer.from(tier, 'latin1');
