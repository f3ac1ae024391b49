// Counting what an index holds, for metrics and dashboard: again and again in the background, never at a scrape, and so rarely that
// it takes a twentieth of the time at most, however large the index is.

import type { Log } from '../adapters/observe/log.js';
import type { NodeMetrics } from '../adapters/observe/metrics.js';
import type { PublicKey } from '../domain/model/bytes.js';
import type { Clock } from '../domain/ports/clock.js';
import type { HoldingIndex } from '../domain/ports/holding-index.js';
import type { PlacementIndex } from '../domain/ports/placement-index.js';
import type { MinerHolding } from '../domain/view/network.js';

const everyMs = 5_000;
const pauseShare = 20;
const pageSize = 500;

interface Watch {
  /** Where the counts are exported; without it, nowhere. */
  readonly metrics?: NodeMetrics | undefined;
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
  metrics?.gauge(
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

/** What a count of a placement index found; before the first, nothing. */
export class PlacementCensus {
  /** Replicas and their bytes by state. */
  replicas: Readonly<Record<string, number>> = {};
  bytes: Readonly<Record<string, number>> = {};
  /** Pieces with fewer active replicas than wished. */
  shortPieces = 0;
  holdings: ReadonlyMap<PublicKey, Readonly<MinerHolding>> = new Map();
  /** Whether there was a first. */
  isCounted = false;

  async count(index: PlacementIndex, signal?: AbortSignal): Promise<void> {
    const numbers: Record<string, number> = { active: 0, failed: 0 };
    const sizes: Record<string, number> = { active: 0, failed: 0 };
    const holdings = new Map<PublicKey, MinerHolding>();
    await eachPage(
      (cursor) => index.listReplicas(cursor, pageSize),
      ({ minerKey, state, size, lastPassAt }) => {
        numbers[state] = (numbers[state] ?? 0) + 1;
        sizes[state] = (sizes[state] ?? 0) + size;
        let holding = holdings.get(minerKey);
        if (holding === undefined) {
          holding = { active: 0, failed: 0, bytes: 0, lastPassAt: null };
          holdings.set(minerKey, holding);
        }
        holding[state] += 1;
        holding.bytes += size;
        if (lastPassAt !== null) holding.lastPassAt = Math.max(holding.lastPassAt ?? 0, lastPassAt);
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
    this.replicas = numbers;
    this.bytes = sizes;
    this.shortPieces = short;
    this.holdings = holdings;
    this.isCounted = true;
  }
}

/** Replicas by state and miner and their bytes, and pieces with too few replicas. */
export function countPlacement(
  index: PlacementIndex,
  watch: Watch,
  signal: AbortSignal,
  census = new PlacementCensus(),
): Promise<void> {
  const { metrics } = watch;
  metrics?.gauges(
    'filetao_replicas',
    'Replicas of this validator by state, as last counted',
    'state',
    async () => census.replicas,
  );
  metrics?.gauges(
    'filetao_replica_bytes',
    'Bytes of these replicas by state, as last counted',
    'state',
    async () => census.bytes,
  );
  metrics?.gauge(
    'filetao_under_replicated_pieces',
    'Pieces with fewer active replicas than wished, as last counted',
    () => census.shortPieces,
  );
  return countForever(watch, () => census.count(index, signal), signal);
}

/** What one validator has on a miner. */
export interface ValidatorHolding {
  replicas: number;
  bytes: number;
  /** Unix seconds at which the last of them expires. */
  lastExpiry: number;
}

/** What a count of a holding index found. */
export class HoldingCensus {
  validators: ReadonlyMap<PublicKey, Readonly<ValidatorHolding>> = new Map();
  /** Whether there was a first. */
  isCounted = false;

  get replicas(): number {
    return [...this.validators.values()].reduce((sum, { replicas }) => sum + replicas, 0);
  }

  async count(index: HoldingIndex, signal?: AbortSignal): Promise<void> {
    const validators = new Map<PublicKey, ValidatorHolding>();
    await eachPage(
      (cursor) => index.list(cursor, pageSize),
      ({ validatorKey, size, expiry }) => {
        let held = validators.get(validatorKey);
        if (held === undefined) {
          held = { replicas: 0, bytes: 0, lastExpiry: 0 };
          validators.set(validatorKey, held);
        }
        held.replicas += 1;
        held.bytes += size;
        held.lastExpiry = Math.max(held.lastExpiry, expiry);
      },
      signal,
    );
    this.validators = validators;
    this.isCounted = true;
  }
}

/** Replicas that a miner holds. Its bytes are asked for at each scrape: the index keeps their sum. */
export function countHolding(
  index: HoldingIndex,
  watch: Watch,
  signal: AbortSignal,
  census = new HoldingCensus(),
): Promise<void> {
  const { metrics } = watch;
  metrics?.gauge('filetao_held_replicas', 'Replicas held, as last counted', () => census.replicas);
  metrics?.gauge('filetao_held_bytes', 'Bytes of replicas held', () => index.usedBytes());
  return countForever(watch, () => census.count(index, signal), signal);
}

/** What a count of the objects of a placement index found. */
export class ObjectCensus {
  objects = 0;
  /** Of the objects, each claim counted once however many replicas it has. */
  bytes = 0;
  /** Whether there was a first. */
  isCounted = false;

  async count(index: PlacementIndex, signal?: AbortSignal): Promise<void> {
    let [objects, bytes] = [0, 0];
    await eachPage(
      (cursor) => index.listObjects(cursor, pageSize),
      ({ size }) => {
        objects++;
        bytes += size;
      },
      signal,
    );
    this.objects = objects;
    this.bytes = bytes;
    this.isCounted = true;
  }
}

/** Objects that users claim, for the dashboard alone. */
export const countObjects = (
  index: PlacementIndex,
  watch: Watch,
  signal: AbortSignal,
  census: ObjectCensus,
): Promise<void> => countForever(watch, () => census.count(index, signal), signal);

async function eachPage<Item>(
  page: (cursor: string | null) => Promise<{ readonly items: readonly Item[]; readonly next: string | null }>,
  visit: (item: Item) => void,
  signal?: AbortSignal,
): Promise<void> {
  let cursor: string | null = null;
  do {
    signal?.throwIfAborted();
    const { items, next } = await page(cursor);
    for (const item of items) visit(item);
    cursor = next;
  } while (cursor !== null);
}
