// What a simulation found, as data: the same numbers for the table, the JSON line and the charts.

import { hoursTo, seedAskingRate } from '../../domain/economy/tiers.js';
import { tierNames } from '../../domain/model/tiers.js';
import type { EpochSample, Punishment, TaskCounts } from './measurements.js';
import type { SimulatedMiner } from './miners.js';
import type { SimulatedNetwork } from './network.js';
import type { RealReport } from './real-rounds.js';
import { type Behaviour, blameless, blockSeconds, cheats } from './scenario.js';
import type { ObjectCounts, RepairCounts, UserPieces } from './user-pieces.js';

export interface TierReach {
  readonly tier: string;
  readonly successes: number;
  /** The seed's formula with the seed's own figures. */
  readonly seedHours: number;
  /** The same with this network's: how often one validator asks one miner, one validator at a time. */
  readonly formulaHours: number;
  /** Share of all pairs of a validator and a blameless miner that got there. */
  readonly share: number;
  /** Of those that did; null when none. */
  readonly medianHours: number | null;
  readonly firstHours: number | null;
}

export interface GroupReward {
  readonly group: string;
  readonly behaviour: Behaviour;
  readonly miners: number;
  /** Of all incentives. */
  readonly share: number;
  /** One miner's, against the mean of all miners. */
  readonly relative: number;
  readonly failures: number;
}

export interface TierReward {
  readonly tier: string;
  /** Miners whose median tier, over the validators, is this one at the end. */
  readonly miners: number;
  /** One miner's incentive in the last epochs, against the mean; null without miners. */
  readonly relative: number | null;
}

export interface CheatDetection {
  readonly group: string;
  readonly behaviour: Behaviour;
  readonly miners: number;
  readonly caught: number;
  readonly medianHours: number | null;
  readonly longestHours: number | null;
}

export interface MinerPoint {
  readonly uid: number;
  readonly group: string;
  /** Milliseconds for a round over 3 MiB, typically. */
  readonly typicalMs: number;
  /** Incentive against the mean. */
  readonly relative: number;
}

export interface SimulationResult {
  readonly scenario: string;
  readonly seed: string;
  readonly miners: number;
  readonly validators: number;
  readonly epochs: number;
  readonly blocks: number;
  readonly stepBlocks: number;
  readonly tierNames: readonly string[];
  readonly tasks: Readonly<Record<string, TaskCounts>>;
  /** Exchanges that counted for nobody. */
  readonly voids: number;
  readonly reach: readonly TierReach[];
  readonly rewards: readonly GroupReward[];
  readonly tierRewards: readonly TierReward[];
  /** Rank correlation (Spearman) of incentive with speed, and with tier, among blameless miners; null without spread. */
  readonly rewardFollows: { readonly speed: number | null; readonly tier: number | null };
  readonly wronglyPunished: Punishment & { readonly of: number };
  readonly detection: readonly CheatDetection[];
  readonly objects: ObjectCounts;
  readonly repair: RepairCounts;
  readonly replicasAtOnce: number;
  readonly samples: readonly EpochSample[];
  readonly points: readonly MinerPoint[];
  readonly real: RealReport | null;
}

const hoursOf = (blocks: number): number => (blocks * blockSeconds) / 3600;

function median(values: readonly number[]): number | null {
  if (values.length === 0) return null;
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** Ranks with ties shared. */
function ranks(values: readonly number[]): readonly number[] {
  const order = values.map((_, i) => i).sort((a, b) => values[a]! - values[b]! || a - b);
  const result = new Array<number>(values.length);
  for (let from = 0; from < order.length; ) {
    let to = from;
    while (to + 1 < order.length && values[order[to + 1]!] === values[order[from]!]) to++;
    for (let i = from; i <= to; i++) result[order[i]!] = (from + to) / 2;
    from = to + 1;
  }
  return result;
}

/** Spearman's rank correlation; null when one side does not vary. */
export function rankCorrelation(a: readonly number[], b: readonly number[]): number | null {
  const [x, y] = [ranks(a), ranks(b)];
  const mean = (x.length - 1) / 2;
  let [xy, xx, yy] = [0, 0, 0];
  for (let i = 0; i < x.length; i++) {
    xy += (x[i]! - mean) * (y[i]! - mean);
    xx += (x[i]! - mean) ** 2;
    yy += (y[i]! - mean) ** 2;
  }
  return xx === 0 || yy === 0 ? null : xy / Math.sqrt(xx * yy);
}

const typicalBytes = 3 * 1024 * 1024;
const typicalMs = ({ latencyMs, bytesPerSecond }: SimulatedMiner): number =>
  2 * latencyMs + (1000 * typicalBytes) / bytesPerSecond;

export function resultOf(
  network: SimulatedNetwork,
  pieces: UserPieces,
  real: RealReport | null,
): SimulationResult {
  const { scenario, measured, miners, validators } = network;
  const { cadence } = scenario;
  const worth = Array.from(measured.earned);
  const whole = worth.reduce((sum, value) => sum + value, 0);
  const relative = (uid: number): number => (whole === 0 ? 0 : (worth[uid]! / whole) * miners.length);
  const meanOf = (uids: readonly number[]): number =>
    uids.reduce((sum, uid) => sum + relative(uid), 0) / uids.length;
  const tierAtEnd = miners.map(({ uid }) => Math.round(median(validators.map(({ tiers }) => tiers[uid]!))!));
  const good = miners.filter(({ group }) => blameless.has(group.behaviour));
  // What a validator's step brings a miner that never fails.
  const asked = cadence.store + cadence.challenge + cadence.retrieve / cadence.retrieveEvery;
  const chance = asked / Math.max(1, network.registered.length);
  const pairs = good.length * validators.length;
  const reach = scenario.rules.tiers.map(({ name, successes }, tier): TierReach => {
    const blocks = measured.reached[tier]!;
    return {
      tier: name,
      successes,
      seedHours: hoursTo(successes, seedAskingRate),
      formulaHours: hoursTo(successes, {
        chance,
        secondsPerRound: cadence.stepBlocks * blockSeconds,
        validators: 1,
      }),
      share: pairs === 0 ? 0 : tier === tierNames.length - 1 ? 1 : blocks.length / pairs,
      medianHours: tier === tierNames.length - 1 ? 0 : mapped(median(blocks), hoursOf),
      firstHours:
        tier === tierNames.length - 1
          ? 0
          : blocks.length === 0
            ? null
            : hoursOf(blocks.reduce((a, b) => Math.min(a, b))),
    };
  });
  const groups = scenario.groups.map((group) => ({
    group,
    members: miners.filter((miner) => miner.group === group),
  }));
  return {
    scenario: scenario.name,
    seed: network.seed,
    miners: miners.length,
    validators: validators.length,
    epochs: scenario.epochs,
    blocks: network.block,
    stepBlocks: cadence.stepBlocks,
    tierNames,
    tasks: measured.tasks,
    voids: measured.voids,
    reach,
    rewards: groups
      .filter(({ members }) => members.length > 0)
      .map(({ group, members }) => ({
        group: group.name,
        behaviour: group.behaviour,
        miners: members.length,
        share: (meanOf(members.map(({ uid }) => uid)) * members.length) / miners.length,
        relative: meanOf(members.map(({ uid }) => uid)),
        failures: measured.failures.get(group.name) ?? 0,
      })),
    tierRewards: tierNames.map((name, tier) => {
      const members = miners.filter(({ uid }) => tierAtEnd[uid] === tier).map(({ uid }) => uid);
      return { tier: name, miners: members.length, relative: members.length === 0 ? null : meanOf(members) };
    }),
    rewardFollows: {
      speed: rankCorrelation(
        good.map(({ uid }) => worth[uid]!),
        good.map((miner) => -typicalMs(miner)),
      ),
      tier: rankCorrelation(
        good.map(({ uid }) => worth[uid]!),
        good.map(({ uid }) => -tierAtEnd[uid]!),
      ),
    },
    wronglyPunished: { ...measured.punishment, of: good.length },
    detection: groups
      .filter(({ group, members }) => cheats.has(group.behaviour) && members.length > 0)
      .map(({ group, members }) => {
        const hours = members
          .filter(({ uid }) => measured.caught.has(uid))
          .map((miner) => hoursOf(measured.caught.get(miner.uid)! - miner.cheatsFrom(scenario.tempo)));
        return {
          group: group.name,
          behaviour: group.behaviour,
          miners: members.length,
          caught: hours.length,
          medianHours: median(hours),
          longestHours: hours.length === 0 ? null : hours.reduce((a, b) => Math.max(a, b)),
        };
      }),
    objects: pieces.objects,
    repair: pieces.repairs,
    replicasAtOnce: network.replicas.liveMost,
    samples: measured.samples,
    points: miners.map((miner) => ({
      uid: miner.uid,
      group: miner.group.name,
      typicalMs: Math.round(typicalMs(miner)),
      relative: Number(relative(miner.uid).toPrecision(6)),
    })),
    real,
  };
}

const mapped = (value: number | null, change: (value: number) => number): number | null =>
  value === null ? null : change(value);
