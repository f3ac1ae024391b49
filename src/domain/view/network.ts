// A validator's network at a glance: one row for each miner, made of the metagraph, the index and the ledger's standing,
// and the sums of them by tier. Pure: whoever shows it reads the parts.

import type { Standing } from '../audit/standing.js';
import { windowCounts } from '../economy/tiers.js';
import type { PublicKey } from '../model/bytes.js';
import type { MinerStatistics } from '../model/records.js';
import { lowestTier, type Tier, type TierName, tierNamed } from '../model/tiers.js';
import type { Neuron } from '../ports/chain.js';

/** The replicas of this validator that one miner has, as last counted. */
export interface MinerHolding {
  active: number;
  failed: number;
  /** Of all of them. */
  bytes: number;
  /** Unix seconds of the newest passed round. */
  lastPassAt: number | null;
}

/**
 * `gone`: holds replicas and is not on the subnet. `down`: missed too many pings in a row. `failing`: a replica of it
 * failed. `leaving`: said so. `silent`: missed its last ping. `idle`: holds nothing. The first that is true.
 */
export const minerHealths = ['gone', 'down', 'failing', 'leaving', 'silent', 'idle', 'healthy'] as const;
export type MinerHealth = (typeof minerHealths)[number];

export interface MinerRow {
  readonly hotkey: PublicKey;
  /** null off the subnet. */
  readonly uid: number | null;
  readonly tier: TierName;
  readonly health: MinerHealth;
  /** The moving average of its rewards; null before the first. */
  readonly score: number | null;
  /** Pings in a row that it did not answer. */
  readonly misses: number;
  readonly statistics: MinerStatistics;
  /** Of this window: store, challenge and retrieve together. */
  readonly attempts: number;
  readonly successes: number;
  readonly holding: Readonly<MinerHolding>;
  readonly storageLimit: number;
  /** Unix milliseconds; null before the first. */
  readonly lastProofMs: number | null;
}

export interface TierRow {
  readonly tier: Tier;
  readonly miners: number;
  /** Those that are healthy or idle, those that something is to be said of, those that are down or gone. */
  readonly well: number;
  readonly troubled: number;
  readonly away: number;
  readonly bytes: number;
  /** What miners of the tier may be given in all. */
  readonly storageLimit: number;
}

export interface NetworkView {
  /** By uid, those off the subnet last. */
  readonly miners: readonly MinerRow[];
  /** Every tier, the highest first. */
  readonly tiers: readonly TierRow[];
  readonly bytes: number;
  readonly active: number;
  readonly failed: number;
}

export interface NetworkParts {
  /** Neurons that can be asked as miners. */
  readonly neurons: readonly Neuron[];
  readonly statistics: readonly MinerStatistics[];
  readonly holdings: ReadonlyMap<PublicKey, Readonly<MinerHolding>>;
  /** Newest passed challenges that the holdings may not know of yet, unix milliseconds. */
  readonly lastPass: ReadonlyMap<PublicKey, number>;
  /** null for whoever keeps no ledger. */
  readonly standingOf: ((miner: PublicKey) => Standing) | null;
  readonly isDown: (miner: PublicKey) => boolean;
  readonly isLeaving: (miner: PublicKey) => boolean;
  readonly tiers: readonly Tier[];
}

const nothing: MinerHolding = { active: 0, failed: 0, bytes: 0, lastPassAt: null };
const noCounts = { store: 0, challenge: 0, retrieve: 0 };

export function networkView(parts: NetworkParts): NetworkView {
  const neurons = new Map(parts.neurons.map((neuron) => [neuron.hotkey, neuron]));
  const statistics = new Map(parts.statistics.map((record) => [record.minerKey, record]));
  const holders = [...parts.holdings].filter(([, { active, failed }]) => active + failed > 0);
  // Hotkeys of former miners without replicas are history, not network.
  const hotkeys = new Set([...neurons.keys(), ...holders.map(([hotkey]) => hotkey)]);
  const miners = [...hotkeys]
    .map((hotkey) => minerRow(hotkey, neurons.get(hotkey) ?? null, statistics.get(hotkey), parts))
    .sort((a, b) => (a.uid ?? 1e9) - (b.uid ?? 1e9) || (a.hotkey < b.hotkey ? -1 : 1));
  return {
    miners,
    tiers: parts.tiers.map((tier) =>
      tierRow(
        tier,
        miners.filter((miner) => miner.tier === tier.name),
      ),
    ),
    bytes: sum(miners, ({ holding }) => holding.bytes),
    active: sum(miners, ({ holding }) => holding.active),
    failed: sum(miners, ({ holding }) => holding.failed),
  };
}

const sum = <Item>(items: readonly Item[], of: (item: Item) => number): number =>
  items.reduce((total, item) => total + of(item), 0);

function minerRow(
  hotkey: PublicKey,
  neuron: Neuron | null,
  known: MinerStatistics | undefined,
  parts: NetworkParts,
): MinerRow {
  const statistics = known ?? {
    minerKey: hotkey,
    attempts: noCounts,
    successes: noCounts,
    totalSuccesses: 0,
    tier: lowestTier,
  };
  const standing = parts.standingOf?.(hotkey) ?? null;
  const holding = parts.holdings.get(hotkey) ?? nothing;
  const misses = standing?.misses ?? 0;
  const proofs = [
    holding.lastPassAt === null ? null : 1000 * holding.lastPassAt,
    parts.lastPass.get(hotkey) ?? null,
  ].filter((time) => time !== null);
  const health = (): MinerHealth => {
    if (neuron === null) return 'gone';
    if (parts.isDown(hotkey)) return 'down';
    if (holding.failed > 0) return 'failing';
    if (parts.isLeaving(hotkey)) return 'leaving';
    if (misses > 0) return 'silent';
    return holding.active === 0 ? 'idle' : 'healthy';
  };
  return {
    hotkey,
    uid: neuron?.uid ?? null,
    tier: statistics.tier,
    health: health(),
    score: standing?.asked ? standing.score : null,
    misses,
    statistics,
    ...windowCounts(statistics),
    holding,
    storageLimit: tierNamed(parts.tiers, statistics.tier).storageLimit,
    lastProofMs: proofs.length === 0 ? null : Math.max(...proofs),
  };
}

function tierRow(tier: Tier, miners: readonly MinerRow[]): TierRow {
  const count = (...healths: readonly MinerHealth[]) =>
    miners.filter(({ health }) => healths.includes(health)).length;
  return {
    tier,
    miners: miners.length,
    well: count('healthy', 'idle'),
    troubled: count('failing', 'leaving', 'silent'),
    away: count('down', 'gone'),
    bytes: sum(miners, ({ holding }) => holding.bytes),
    storageLimit: sum(miners, ({ storageLimit }) => storageLimit),
  };
}

export const minerOrders = ['uid', 'tier', 'health', 'score', 'rate', 'stored', 'proof'] as const;
export type MinerOrder = (typeof minerOrders)[number];

export interface MinerChoice {
  /** null is all. */
  readonly tier: TierName | null;
  readonly health: MinerHealth | null;
  readonly order: MinerOrder;
  readonly descending: boolean;
}

/** Miners as asked for; `find` says whether a row is one of those searched for. */
export function chooseMiners(
  miners: readonly MinerRow[],
  { tier, health, order, descending }: MinerChoice,
  tiers: readonly Tier[],
  find: (row: MinerRow) => boolean = () => true,
): readonly MinerRow[] {
  const rank = new Map(tiers.map(({ name }, i) => [name, i]));
  const keys: Readonly<Record<MinerOrder, (row: MinerRow) => number>> = {
    uid: (row) => row.uid ?? 1e9,
    tier: (row) => rank.get(row.tier) ?? tiers.length,
    health: (row) => minerHealths.indexOf(row.health),
    score: (row) => row.score ?? Number.NEGATIVE_INFINITY,
    rate: (row) => (row.attempts === 0 ? -1 : row.successes / row.attempts),
    stored: (row) => row.holding.bytes,
    proof: (row) => row.lastProofMs ?? 0,
  };
  const key = keys[order];
  const sign = descending ? -1 : 1;
  return miners
    .filter((row) => (tier === null || row.tier === tier) && (health === null || row.health === health))
    .filter(find)
    .map((row) => ({ row, by: key(row) }))
    .sort((a, b) => (a.by === b.by ? 0 : sign * (a.by < b.by ? -1 : 1)))
    .map(({ row }) => row);
}
