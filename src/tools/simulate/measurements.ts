// What a simulation counts while it runs.

import { tierNames } from '../../domain/model/tiers.js';
import type { Reason } from './exchange.js';
import type { SimulatedMiner } from './miners.js';
import { blameless } from './scenario.js';

/** Why a miner lost by a verdict: `away` is the monitor's. */
export type PunishedFor = Exclude<Reason, ''> | 'away';

export interface Punishment {
  /** Blameless miners that were punished at least once. */
  readonly miners: number;
  readonly events: number;
  readonly reasons: Readonly<Partial<Record<PunishedFor, number>>>;
}

export interface EpochSample {
  readonly epoch: number;
  /** Miners in each tier, highest first: the mean over validators. */
  readonly tiers: readonly number[];
  readonly registered: number;
  readonly liveReplicas: number;
  readonly repairBytes: number;
  readonly lostObjects: number;
}

export interface TaskCounts {
  asked: number;
  passed: number;
}

export class Measurements {
  readonly tasks: Readonly<Record<'store' | 'challenge' | 'retrieve' | 'monitor', TaskCounts>> = {
    store: { asked: 0, passed: 0 },
    challenge: { asked: 0, passed: 0 },
    retrieve: { asked: 0, passed: 0 },
    monitor: { asked: 0, passed: 0 },
  };
  /** Exchanges that counted for nobody: the validator was too far behind the chain. */
  voids = 0;
  readonly samples: EpochSample[] = [];
  /** Incentive that each miner earned, summed over epochs. */
  readonly earned: Float64Array;
  /** Epochs with an incentive to share out. */
  paidEpochs = 0;
  /** Blocks from joining to each tier, for every validator and blameless miner that got there. */
  readonly reached: readonly number[][] = tierNames.map(() => []);
  readonly #highest = new Map<number, number>();
  /** First block at which a cheat was caught by its data, by uid. */
  readonly caught = new Map<number, number>();
  readonly #punished = new Map<number, number>();
  readonly #reasons: Partial<Record<PunishedFor, number>> = {};
  /** Verdicts against the miners of each group. */
  readonly failures = new Map<string, number>();

  constructor(miners: number) {
    this.earned = new Float64Array(miners);
  }

  noteFailure(miner: SimulatedMiner, reason: PunishedFor, block: number): void {
    const { behaviour, name } = miner.group;
    this.failures.set(name, (this.failures.get(name) ?? 0) + 1);
    if (reason === 'damage' && !this.caught.has(miner.uid)) this.caught.set(miner.uid, block);
    if (!blameless.has(behaviour)) return;
    this.#punished.set(miner.uid, (this.#punished.get(miner.uid) ?? 0) + 1);
    this.#reasons[reason] = (this.#reasons[reason] ?? 0) + 1;
  }

  /** A tier a miner is in at a validator; only the first time that high counts. */
  noteTier(validator: number, miner: SimulatedMiner, tier: number, block: number): void {
    if (!blameless.has(miner.group.behaviour)) return;
    const pair = validator * this.earned.length + miner.uid;
    const before = this.#highest.get(pair) ?? tierNames.length - 1;
    // A jump over a tier reaches that one too.
    for (let passed = before - 1; passed >= tier; passed--) this.reached[passed]!.push(block - miner.joins);
    if (tier < before) this.#highest.set(pair, tier);
  }

  noteIncentives(incentives: Float64Array): void {
    let sum = 0;
    for (const [uid, share] of incentives.entries()) {
      this.earned[uid]! += share;
      sum += share;
    }
    if (sum > 0) this.paidEpochs++;
  }

  get punishment(): Punishment {
    return {
      miners: this.#punished.size,
      events: [...this.#punished.values()].reduce((sum, count) => sum + count, 0),
      reasons: this.#reasons,
    };
  }
}
