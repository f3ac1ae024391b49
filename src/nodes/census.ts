// Counting what an index holds, for the metrics: again and again in the background, never at a scrape, and so rarely that
// it takes a twentieth of the time at most, however large the index is.

import type { Log } from '../adapters/observe/log.js';
import type { NodeMetrics } from '../adapters/observe/metrics.js';
import type { Clock } from '../domain/ports/clock.js';
import type { HoldingIndex } from '../domain/ports/holding-index.js';
import type { PlacementIndex } from '../domain/ports/placement-index.js';

const everyMs = 5_000;
const pauseShare = 20;
const pageSize = 500;

interface Watch {
  readonly metrics: NodeMetrics;
  readonly clock: Clock;
  readonly log: Log;
}

/** Counts until the signal fires; each count replaces the one before. */
async function countForever(
  { metrics, clock, log }: Watch,
  count: (signal: AbortSignal) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  let tookMs = 0;
  metrics.gauge(
    'filetao_census_duration_seconds',
    'Time the last count of the index took',
    () => tookMs / 1000,
  );
  while (!signal.aborted) {
    const start = clock.monotonic();
    try {
      await count(signal);
    } catch (error) {
      if (signal.aborted) return;
      log.warn({ err: error }, 'the index could not be counted');
    }
    tookMs = clock.monotonic() - start;
    await clock.sleep(Math.max(everyMs, pauseShare * tookMs), signal).catch(() => {});
  }
}

/** Replicas by state and their bytes, objects, and pieces with too few replicas. */
export function countPlacement(index: PlacementIndex, watch: Watch, signal: AbortSignal): Promise<void> {
  let replicas: Record<string, number> = {};
  let bytes: Record<string, number> = {};
  let shortPieces = 0;
  const { metrics } = watch;
  metrics.gauges(
    'filetao_replicas',
    'Replicas of this validator by state, as last counted',
    'state',
    async () => replicas,
  );
  metrics.gauges(
    'filetao_replica_bytes',
    'Bytes of these replicas by state, as last counted',
    'state',
    async () => bytes,
  );
  metrics.gauge(
    'filetao_under_replicated_pieces',
    'Pieces with fewer active replicas than wished, as last counted',
    () => shortPieces,
  );
  return countForever(
    watch,
    async () => {
      const numbers: Record<string, number> = { active: 0, failed: 0 };
      const sizes: Record<string, number> = { active: 0, failed: 0 };
      await eachPage(
        (cursor) => index.listReplicas(cursor, pageSize),
        ({ state, size }) => {
          numbers[state] = (numbers[state] ?? 0) + 1;
          sizes[state] = (sizes[state] ?? 0) + size;
        },
        signal,
      );
      let short = 0;
      await eachPage(
        (cursor) => index.underReplicatedPieces(cursor, pageSize),
        () => {
          short++;
        },
        signal,
      );
      [replicas, bytes, shortPieces] = [numbers, sizes, short];
    },
    signal,
  );
}

/** Replicas that a miner holds. Its bytes are asked for at each scrape: the index keeps their sum. */
export function countHolding(index: HoldingIndex, watch: Watch, signal: AbortSignal): Promise<void> {
  let replicas = 0;
  watch.metrics.gauge('filetao_held_replicas', 'Replicas held, as last counted', () => replicas);
  watch.metrics.gauge('filetao_held_bytes', 'Bytes of replicas held', () => index.usedBytes());
  return countForever(
    watch,
    async () => {
      let held = 0;
      await eachPage(
        (cursor) => index.list(cursor, pageSize),
        () => {
          held++;
        },
        signal,
      );
      replicas = held;
    },
    signal,
  );
}

async function eachPage<Item>(
  page: (cursor: string | null) => Promise<{ readonly items: readonly Item[]; readonly next: string | null }>,
  visit: (item: Item) => void,
  signal: AbortSignal,
): Promise<void> {
  let cursor: string | null = null;
  do {
    signal.throwIfAborted();
    const { items, next } = await page(cursor);
    for (const item of items) visit(item);
    cursor = next;
  } while (cursor !== null);
}
