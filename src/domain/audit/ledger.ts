// The reward ledger: one signed entry for everything that changes a miner's score, tier or weight, with all it was
// computed from. Entries are numbered, and each names the one before by its digest, so none can be taken out, added
// or moved unseen. They lie in files of their own beside the transcripts, framed like them, without bulks.
//
// Tiers are judged by the answers of the steps since the window began, all of which name their transcripts.
//
//   state    where everybody stands and by which rules, when a validator starts and when a window has begun
//   step     one batch of answers of one task: transcript, reward and new score of each; how its miners were chosen
//   monitor  pings: misses in a row of those that changed, and the new score of those that count as away
//   window   the end of a tier window: what each miner was judged by, and its tier before and after
//   drop     hotkeys that left the subnet: score, tier and misses are forgotten
//   weights  scores of all neurons, the chain's rules, and the weights that came of them

import { selectionTasks } from '../economy/selection.js';
import { bytes, type Field, flag, list, oneOf, struct, text, uint } from '../identity/codec.js';
import { defineMessage, type Opened, readSealed } from '../identity/sealed.js';
import { fromHex, type PublicKey, publicKeyOf } from '../model/bytes.js';
import { nodeSize, protocolVersion } from '../model/constants.js';
import {
  columnOf,
  type EconomyKey,
  type EconomyRules,
  economyKeys,
  type TierColumnKey,
  tierColumnKeys,
  tiersOf,
} from '../model/economy.js';
import { FileTaoError } from '../model/errors.js';
import type { KindCounts } from '../model/records.js';
import { tierNames } from '../model/tiers.js';

const bytes32 = bytes(nodeSize);
const entryBytesMax = 256 * 1024;
/** Answers of one entry; a larger batch cannot be ranked as one. */
export const answersMax = 512;
/** Miners of one entry: a subnet has 256 uids, and a state of so many takes 140 KiB. */
export const minersMax = 1024;
const uidMax = 65535;

/** A float64, big-endian: DAG-CBOR bodies here hold no floats. Finite, and no negative zero. */
const float64: Field<Uint8Array> = {
  check(value, path) {
    const packed = bytes(8).check(value, path);
    const number = unpackFloat(packed);
    if (!Number.isFinite(number) || Object.is(number, -0))
      throw new FileTaoError('bad-message', `${path}: expected a finite number`);
    return packed;
  },
};

export function packFloat(value: number): Uint8Array {
  const packed = new Uint8Array(8);
  new DataView(packed.buffer).setFloat64(0, value + 0);
  return packed;
}

export const unpackFloat = (packed: Uint8Array): number =>
  new DataView(packed.buffer, packed.byteOffset, 8).getFloat64(0);

const tier = oneOf(...tierNames);
const counts = struct({ store: uint(), challenge: uint(), retrieve: uint() });

export const ledgerEvents = ['state', 'step', 'monitor', 'window', 'drop', 'weights'] as const;
export type LedgerEvent = (typeof ledgerEvents)[number];

/** Why the miners of a step were asked; `none` of an entry that is no step. */
export const occasions = [
  'none',
  /** Drawn by a block's hash: `selection` says how. */
  'draw',
  /** Everybody was. */
  'all',
  /** `filetao challenge`. */
  'operator',
  /** Repairs, copies that were short, keys that were changed: the miner had the piece, or the room for it. */
  'repair',
  /** An API node, for users; or by a step that a crash cut off. */
  'waiting',
] as const;
export type Occasion = (typeof occasions)[number];

export const ledgerKind = defineMessage(
  'reward ledger',
  {
    version: uint(protocolVersion, protocolVersion),
    event: oneOf(...ledgerEvents),
    genesis: bytes32,
    netuid: uint(0, 65535),
    validatorKey: bytes32,
    /** 1 for the first of a ledger. */
    sequence: uint(1),
    /** Digest of the entry before; zeros for the first. */
    previous: bytes32,
    atMs: uint(),
    block: uint(),
    /** Number of the tier window that has begun last. */
    window: uint(),
    /** Of a state: every constant and column, in the order of the table. */
    rules: list(struct({ key: text(64), values: list(float64, 16) }), 64),
    /** Of a step: one task. Answers in the order of the batch. */
    answers: list(
      struct({
        task: oneOf('store', 'challenge', 'retrieve'),
        minerKey: bytes32,
        /** Digest of the transcript's head. */
        transcript: bytes32,
        passed: flag,
        elapsedMs: uint(),
        size: uint(1),
        reward: float64,
        /** The miner's score once this reward is in it. */
        score: float64,
      }),
      answersMax,
    ),
    /** Of a step. */
    occasion: oneOf(...occasions),
    /** Of a step or monitor whose miners a block chose: at most one. */
    selection: list(
      struct({
        task: oneOf(...selectionTasks),
        /** Number and hash of the round's block. */
        block: uint(),
        blockHash: bytes32,
        k: uint(),
        candidates: list(uint(0, uidMax), minersMax),
        chosen: list(struct({ uid: uint(0, uidMax), minerKey: bytes32 }), minersMax),
      }),
      1,
    ),
    /** Of a state: everybody with a standing. Of a monitor: who changed. Of a drop: who left. */
    miners: list(
      struct({
        minerKey: bytes32,
        tier,
        score: float64,
        misses: uint(),
        asked: flag,
        away: flag,
        /** `packCounts`: without names, which would take more room than the numbers. */
        counts: list(uint(), 7),
      }),
      minersMax,
    ),
    /** Of a window. */
    judged: list(
      struct({
        minerKey: bytes32,
        attempts: counts,
        successes: counts,
        totalSuccesses: uint(),
        before: tier,
        after: tier,
      }),
      minersMax,
    ),
    /** Of weights: every neuron, with the value it got (0 for none), and the chain's two numbers. */
    neurons: list(
      struct({
        uid: uint(0, uidMax),
        minerKey: bytes32,
        score: float64,
        asked: flag,
        value: uint(0, uidMax),
      }),
      minersMax,
    ),
    minAllowedWeights: uint(),
    maxWeightsLimit: uint(),
  },
  (entry) => entry.validatorKey,
  entryBytesMax,
);

export type LedgerBody = ReturnType<(typeof ledgerKind.body)['check']>;
export type LedgerEntry = Opened<LedgerBody>;
export type LedgerAnswer = LedgerBody['answers'][number];
export type LedgerMiner = LedgerBody['miners'][number];

/** What all events have, and lists that are empty but for the event's own. */
export type LedgerContent = Partial<
  Pick<
    LedgerBody,
    | 'rules'
    | 'answers'
    | 'occasion'
    | 'selection'
    | 'miners'
    | 'judged'
    | 'neurons'
    | 'minAllowedWeights'
    | 'maxWeightsLimit'
  >
>;

export const emptyContent: Required<LedgerContent> = {
  rules: [],
  answers: [],
  occasion: 'none',
  selection: [],
  miners: [],
  judged: [],
  neurons: [],
  minAllowedWeights: 0,
  maxWeightsLimit: 0,
};

/** Decodes; throws `bad-message`. The signature is not checked here. */
export const readLedgerEntry = (sealed: Uint8Array): LedgerEntry => readSealed(ledgerKind, sealed);

export const minerOf = ({ minerKey }: { readonly minerKey: Uint8Array }): PublicKey => publicKeyOf(minerKey);
export const bytesOf = (key: PublicKey): Uint8Array => fromHex(key);

/** What a miner has been counted, of the window and of its lifetime. */
export interface Counts {
  readonly attempts: KindCounts;
  readonly successes: KindCounts;
  readonly totalSuccesses: number;
}

/** Attempts of store, challenge and retrieve, successes of the same, and all successes. */
export const packCounts = ({ attempts, successes, totalSuccesses }: Counts): number[] => [
  ...[attempts, successes].flatMap(({ store, challenge, retrieve }) => [store, challenge, retrieve]),
  totalSuccesses,
];

/** Throws `bad-message` for another number of counts. */
export function unpackCounts(packed: readonly number[]): Counts {
  if (packed.length !== 7) throw new FileTaoError('bad-message', 'reward ledger: expected seven counts');
  const three = (from: number): KindCounts => ({
    store: packed[from]!,
    challenge: packed[from + 1]!,
    retrieve: packed[from + 2]!,
  });
  return { attempts: three(0), successes: three(3), totalSuccesses: packed[6]! };
}

export const packRules = (rules: EconomyRules): LedgerBody['rules'] => [
  ...economyKeys.map((key) => ({ key, values: [packFloat(rules.constants[key])] })),
  ...tierColumnKeys.map((key) => ({ key, values: columnOf(rules.tiers, key).map(packFloat) })),
];

/** Throws `bad-message` when a rule is missing or there is one this program does not know. */
export function unpackRules(packed: LedgerBody['rules']): EconomyRules {
  const given = new Map(packed.map(({ key, values }) => [key, values.map(unpackFloat)]));
  const take = (key: EconomyKey | TierColumnKey, length: number): readonly number[] => {
    const values = given.get(key);
    if (values?.length !== length)
      throw new FileTaoError('bad-message', `reward ledger: expected ${length} values of ${key}`);
    return values;
  };
  if (given.size !== economyKeys.length + tierColumnKeys.length)
    throw new FileTaoError('bad-message', 'reward ledger: rules that this program does not know');
  return {
    constants: Object.fromEntries(economyKeys.map((key) => [key, take(key, 1)[0]!])) as Record<
      EconomyKey,
      number
    >,
    tiers: tiersOf(
      Object.fromEntries(tierColumnKeys.map((key) => [key, take(key, tierNames.length)])) as Record<
        TierColumnKey,
        readonly number[]
      >,
    ),
  };
}

export const totalOf = (kinds: KindCounts): number => kinds.store + kinds.challenge + kinds.retrieve;
