// The miners of a simulation: who they are, when they are on the subnet, when they can be reached, how fast they
// answer, and what they still hold of what they took.

import { blake3 } from '@noble/hashes/blake3.js';
import { exp, log } from '../../domain/economy/exact-math.js';
import { type PublicKey, publicKeyOf, utf8 } from '../../domain/model/bytes.js';
import { blockSeconds, type MinerGroup, type Scenario } from './scenario.js';
import type { Draws } from './seeded-draws.js';

const blocksPerDay = 86_400 / blockSeconds;
const never = Number.POSITIVE_INFINITY;

export class SimulatedMiner {
  /** Blocks of its next outages, drawn as time gets there: flaky miners alone. */
  #outageFrom = never;
  #outageUntil = never;

  constructor(
    readonly uid: number,
    readonly hotkey: PublicKey,
    readonly group: MinerGroup,
    /** Text of its address's network, as placement compares it. */
    readonly network: string,
    /** First block on the subnet. */
    readonly joins: number,
    /** First block off it. */
    readonly leaves: number,
    /** Blocks during which it is offline, though registered. */
    readonly offlineFrom: number,
    readonly offlineUntil: number,
    /** Its own latency and rate. */
    readonly latencyMs: number,
    readonly bytesPerSecond: number,
    readonly draws: Draws,
  ) {
    if (group.behaviour === 'flaky') this.#drawOutage(joins);
  }

  isRegistered(block: number): boolean {
    return block >= this.joins && block < this.leaves;
  }

  /** Blocks are asked for in ascending order. */
  isReachable(block: number): boolean {
    if (!this.isRegistered(block)) return false;
    if (block >= this.offlineFrom && block < this.offlineUntil) return false;
    while (block >= this.#outageUntil) this.#drawOutage(this.#outageUntil);
    return block < this.#outageFrom;
  }

  /** It said that it goes, and takes nothing new. */
  isLeaving(block: number): boolean {
    return block >= this.leaves - (this.group.noticeHours * 3600) / blockSeconds;
  }

  /** It does not come back: what lies on it is gone for its users. */
  isGone(block: number): boolean {
    return block >= this.leaves || (block >= this.offlineFrom && this.offlineUntil === never);
  }

  /** Milliseconds until all of an answer about so many bytes is there. @param moves questions and answers it takes */
  answerMs(bytes: number, moves: number, draws: Draws): number {
    const work = this.latencyMs * moves + (1000 * bytes) / this.bytesPerSecond;
    return draws.logNormal(work, this.group.spread);
  }

  /** Whether it cheats, or will have cheated, by this block. */
  cheatsFrom(tempo: number): number {
    switch (this.group.behaviour) {
      case 'lying':
      case 'partial':
        return this.joins;
      case 'losing':
        return Math.max(this.joins, this.group.from * tempo);
      default:
        return never;
    }
  }

  /** Chunks that are gone the moment a replica is stored. */
  lostAtStore(count: number): number {
    const { behaviour, keeps } = this.group;
    if (behaviour === 'lying') return count;
    if (behaviour === 'partial') return Math.min(count, Math.round((1 - keeps) * count));
    return 0;
  }

  /** Chunks lost since `since`, of `left` that were there. */
  lostSince(left: number, since: number, block: number, tempo: number): number {
    const { behaviour, lossPerDay } = this.group;
    if (behaviour !== 'losing' || left === 0) return 0;
    const blocks = block - Math.max(since, this.cheatsFrom(tempo));
    if (blocks <= 0) return 0;
    const share = 1 - exp((blocks / blocksPerDay) * log(1 - lossPerDay));
    return this.draws.binomial(left, share);
  }

  #drawOutage(after: number): void {
    const { upHours, downMinutes } = this.group;
    this.#outageFrom = after + 1 + this.draws.exponential((upHours * 3600) / blockSeconds);
    this.#outageUntil = this.#outageFrom + 1 + this.draws.exponential((downMinutes * 60) / blockSeconds);
  }
}

export const hotkeyOf = (role: string, number: number, seed: string): PublicKey =>
  publicKeyOf(blake3(utf8(`simulated ${role} ${number} of ${seed}`)));

/** Miners to each group: shares first, the rest to those without one. */
export function groupCounts({ miners, groups }: Scenario): readonly number[] {
  const counts = groups.map(({ share }) => (share === null ? 0 : Math.round(share * miners)));
  let left = miners - counts.reduce((sum, count) => sum + count, 0);
  const open = groups.map((_, i) => i).filter((i) => groups[i]!.share === null);
  // Rounding may ask for a miner more than there are: the last group with one gives it back.
  for (let i = groups.length - 1; left < 0; i = i === 0 ? groups.length - 1 : i - 1) {
    if (counts[i]! > 0) {
      counts[i]!--;
      left++;
    }
  }
  for (const [at, i] of open.entries()) {
    counts[i] = Math.floor(left / open.length) + (at < left % open.length ? 1 : 0);
  }
  // Shares that make up everything leave the rounding's rest to the first group.
  if (open.length === 0) counts[0]! += left;
  return counts;
}

/** All miners that ever join, in the order of their uids. Groups are dealt out evenly over the uids. */
export function createMiners(
  scenario: Scenario,
  seed: string,
  draws: Draws,
  own: (uid: number) => Draws,
): readonly SimulatedMiner[] {
  const { groups, tempo } = scenario;
  const counts = groupCounts(scenario);
  const places = groups.flatMap((group, g) =>
    Array.from({ length: counts[g]! }, (_, i) => ({
      group,
      share: counts[g]! <= 1 ? 0 : i / (counts[g]! - 1),
      at: (i + 0.5) / counts[g]!,
      g,
    })),
  );
  places.sort((a, b) => a.at - b.at || a.g - b.g);
  return places.map(({ group, share }, uid) => {
    const turn = Math.round((group.from + share * Math.max(0, group.until - group.from)) * tempo);
    const { behaviour, away } = group;
    const offlineFrom = behaviour === 'offline' ? turn : never;
    return new SimulatedMiner(
      uid,
      hotkeyOf('miner', uid, seed),
      group,
      // Some share a network, as miners in one data centre do.
      `10.${Math.floor(uid / 250) % 250}.${draws.below(250)}`,
      behaviour === 'newcomer' ? turn : 0,
      behaviour === 'leaving' ? turn : never,
      offlineFrom,
      away === null ? never : offlineFrom + away * tempo,
      draws.logNormal(group.latencyMs, group.spread),
      draws.logNormal(group.bytesPerSecond, group.spread),
      own(uid),
    );
  });
}
