// What a simulation is given: how many of whom, how they behave, what happens when. Times are in epochs of
// `tempo` blocks from the start; a block is 12 seconds.

import { defaults, dutyDefaults, mebibyte } from '../../domain/model/constants.js';
import { defaultRules, type EconomyRules } from '../../domain/model/economy.js';
import type { AuditWish } from '../../domain/protocol/parameters.js';

export const behaviours = [
  'honest',
  'slow',
  'flaky',
  'offline',
  'losing',
  'lying',
  'partial',
  'newcomer',
  'leaving',
] as const;
export type Behaviour = (typeof behaviours)[number];

/** Behaviours of miners that pretend to hold what they do not. */
export const cheats: ReadonlySet<Behaviour> = new Set<Behaviour>(['losing', 'lying', 'partial']);
/** Behaviours of miners that do all they should: whoever punishes them is wrong. */
export const blameless: ReadonlySet<Behaviour> = new Set<Behaviour>(['honest', 'newcomer']);

/** Miners that behave alike. */
export interface MinerGroup {
  readonly name: string;
  readonly behaviour: Behaviour;
  /** Of all miners; groups without a share divide what is left. */
  readonly share: number | null;
  /** Median milliseconds until a first byte comes back. */
  readonly latencyMs: number;
  /** Bytes per second that the miner reads, proves and sends. */
  readonly bytesPerSecond: number;
  /** Sigma of the log-normal spread of both, between miners and between answers. */
  readonly spread: number;
  /** Epoch from which on the behaviour shows: joins, leaves, goes offline, begins to lose. */
  readonly from: number;
  /** Joining, leaving and going offline are spread evenly up to this epoch; the same as `from` is all at once. */
  readonly until: number;
  /** leaving: hours of notice it gives before it goes; 0 is none. */
  readonly noticeHours: number;
  /** offline: epochs away; null for ever. */
  readonly away: number | null;
  /** flaky: mean hours up and mean minutes down. */
  readonly upHours: number;
  readonly downMinutes: number;
  /** losing: share of what is left that goes in a day. */
  readonly lossPerDay: number;
  /** partial: share that is kept. */
  readonly keeps: number;
}

export const validatorModes = ['honest', 'lagging', 'disagreeing'] as const;
export type ValidatorMode = (typeof validatorModes)[number];

export interface ValidatorGroup {
  readonly mode: ValidatorMode;
  readonly count: number;
  /** lagging: blocks behind the chain. */
  readonly lag: number;
  /** disagreeing: share of good answers it calls failures, except of the group it favours. */
  readonly accuses: number;
  readonly favours: string | null;
  /** Against the others' 1. */
  readonly stake: number;
}

/** Some miners and some validators cannot reach the others for a while. */
export interface Partition {
  readonly from: number;
  readonly until: number;
  readonly miners: number;
  readonly validators: number;
}

/** A validator's forward step: how often, how many at once. */
export interface Cadence {
  readonly stepBlocks: number;
  readonly store: number;
  readonly challenge: number;
  readonly retrieve: number;
  readonly retrieveEvery: number;
  readonly monitor: number;
  /** Bytes per second that repairs may fetch and store. */
  readonly repairBytesPerSecond: number;
}

export interface UserObjects {
  /** Put in each epoch, over all validators. */
  readonly perEpoch: number;
  readonly medianBytes: number;
  readonly sigma: number;
  readonly copies: number;
  /** Epoch after which no more are put. */
  readonly until: number;
}

export interface Scenario {
  readonly name: string;
  readonly about: string;
  readonly miners: number;
  readonly validators: number;
  readonly epochs: number;
  readonly tempo: number;
  readonly groups: readonly MinerGroup[];
  readonly validatorGroups: readonly ValidatorGroup[];
  readonly partitions: readonly Partition[];
  readonly cadence: Cadence;
  readonly objects: UserObjects;
  /** Challenge data: log-normal as in the reference, at most a replica's limit. */
  readonly dataMedianBytes: number;
  readonly dataSigma: number;
  readonly challengeDataSeconds: number;
  readonly audit: AuditWish;
  readonly rules: EconomyRules;
}

export const blockSeconds = 12;
export const minersMax = 100_000;
export const validatorsMax = 256;
export const epochsMax = 100_000;

export const defaultGroup: MinerGroup = {
  name: 'honest',
  behaviour: 'honest',
  share: null,
  latencyMs: 120,
  bytesPerSecond: 40 * mebibyte,
  spread: 0.35,
  from: 0,
  until: 0,
  noticeHours: 0,
  away: null,
  upHours: 12,
  downMinutes: 30,
  lossPerDay: 0.05,
  keeps: 0.7,
};

/** What differs by behaviour where a scenario says nothing. */
export const behaviourDefaults: Readonly<Partial<Record<Behaviour, Partial<MinerGroup>>>> = {
  slow: { latencyMs: 900, bytesPerSecond: 3 * mebibyte },
  offline: { from: 10, until: 20 },
  newcomer: { from: 10, until: 30 },
  leaving: { from: 20, until: 40 },
};

export const defaultValidatorGroup: ValidatorGroup = {
  mode: 'honest',
  count: 1,
  lag: 20,
  accuses: 0.8,
  favours: null,
  stake: 1,
};

/** The reference's step every 10 blocks: coarser than a validator's own, and what it does in each is the same. */
export const defaultCadence: Cadence = {
  stepBlocks: 10,
  store: dutyDefaults.storeMiners,
  challenge: dutyDefaults.challengeMiners,
  retrieve: dutyDefaults.retrieveMiners,
  retrieveEvery: dutyDefaults.retrieveEvery / dutyDefaults.challengeEvery,
  monitor: dutyDefaults.monitorMiners,
  repairBytesPerSecond: dutyDefaults.repairBytesPerSecond,
};

/** A bit of everything: what runs when no scenario is named. */
export const defaultScenario: Scenario = {
  name: 'mixed',
  about: 'Mostly honest miners, with a few of every other behaviour.',
  miners: 200,
  validators: 8,
  epochs: 60,
  tempo: 360,
  groups: [
    defaultGroup,
    ...behaviours.slice(1).map((behaviour) => ({
      ...defaultGroup,
      ...behaviourDefaults[behaviour],
      name: behaviour,
      behaviour,
      share: 0.04,
    })),
  ],
  validatorGroups: [],
  partitions: [],
  cadence: defaultCadence,
  objects: {
    perEpoch: 20,
    medianBytes: 8 * mebibyte,
    sigma: 1.5,
    copies: defaults.replicas,
    until: Number.MAX_SAFE_INTEGER,
  },
  dataMedianBytes: dutyDefaults.storeMedianBytes,
  dataSigma: dutyDefaults.storeSigma,
  challengeDataSeconds: defaults.challengeDataSeconds,
  audit: { loss: defaults.auditLoss, confidence: defaults.auditConfidence },
  rules: defaultRules,
};
