// What the indexes keep. Plain data: ids are hex text, times are unix seconds unless named …Ms.

import type { Cid, PieceId, PublicKey, Root } from './bytes.js';
import type { TierName } from './tiers.js';

/** How a manifest says its pieces are protected. Erasure coding joins as another `scheme`. */
export interface Redundancy {
  readonly scheme: 'replicate';
  /** Replicas of each piece, on distinct miners. */
  readonly copies: number;
}

/** One owner's claim on one object: the same bytes may be claimed by many owners, each on terms of its own. */
export interface ObjectId {
  readonly cid: Cid;
  readonly owner: PublicKey;
}

/** What the claims of one owner come to. */
export interface OwnedTotal {
  readonly objects: number;
  /** Bytes of the objects, each counted once however many replicas it has. */
  readonly bytes: number;
}

/** A user's object as the validator keeps it: what its owner claims. */
export interface ObjectRecord extends ObjectId {
  readonly size: number;
  readonly pieceSize: number;
  readonly pieceIds: readonly PieceId[];
  readonly redundancy: Redundancy;
  readonly expiry: number;
  readonly storedAt: number;
  /** Signature (64) ‖ body of the manifest as the owner signed it. */
  readonly manifest: Uint8Array;
}

/** A piece the validator has placed; `replicas` is derived by the index from the replica records. */
export interface PieceRecord {
  readonly pieceId: PieceId;
  readonly size: number;
  readonly copies: number;
  readonly expiry: number;
  readonly storedAt: number;
}

/** One validator's replica on one miner: the id of everything in a proof. */
export interface ReplicaId {
  readonly validatorKey: PublicKey;
  readonly minerKey: PublicKey;
  readonly root: Root;
}

/** A passed round kept so that whoever holds E again can check K with certainty. */
export interface KeptRound {
  readonly n: number;
  readonly seed: Uint8Array;
  readonly keyedRoot: Uint8Array;
}

/** `active` takes part in rounds and retrieval; `failed` failed a proof and awaits repair. */
export type ReplicaState = 'active' | 'failed';

/** An attempt between sending a challenge and its verdict; durable before the challenge leaves. */
export interface OpenRound {
  readonly n: number;
  readonly startedAtMs: number;
  /** Names the process, so that only its own restart declares the round void. */
  readonly owner: string;
}

/** What the validator knows of a replica. `version` makes every change a compare-and-set. */
export interface ReplicaRecord extends ReplicaId {
  readonly pieceId: PieceId;
  readonly size: number;
  readonly expiry: number;
  readonly storedAt: number;
  readonly state: ReplicaState;
  /** Attempts so far: the next round is n + 1. Never reused. */
  readonly n: number;
  /** Link of the last passed round, or of the store. */
  readonly link: Uint8Array;
  readonly kept: readonly KeptRound[];
  /** Signature ‖ body of the receipt given at store: every transcript of the replica embeds it. */
  readonly receipt: Uint8Array;
  readonly openRound: OpenRound | null;
  readonly passed: number;
  readonly failedRounds: number;
  readonly lastPassAt: number | null;
  readonly lastFailure: { readonly at: number; readonly reason: string } | null;
  readonly version: number;
}

/** A replica as the miner keeps it. Paths are not stored: they follow from the id. */
export interface HeldReplica extends ReplicaId {
  readonly size: number;
  readonly expiry: number;
  readonly storedAt: number;
  /** Link of the last answer given: a cache and evidence, never the authority. */
  readonly link: Uint8Array;
  readonly lastN: number;
  /** Signature ‖ body of the receipt given at store. */
  readonly receipt: Uint8Array;
}

export type StatisticKind = 'store' | 'challenge' | 'retrieve';

export type KindCounts = Readonly<Record<StatisticKind, number>>;

/** An answer that counts for or against its miner. It waits in the index until it is in the reward ledger. */
export interface CountedAnswer {
  readonly task: StatisticKind;
  readonly minerKey: PublicKey;
  readonly passed: boolean;
  /** Empty for a pass. */
  readonly reason: string;
  readonly elapsedMs: number;
  /** Bytes of the replica. */
  readonly size: number;
  /** Digest of its transcript's head, 32 bytes: what it is known by. */
  readonly transcript: Uint8Array;
  /** Which node of the validator asked. */
  readonly asker: string;
}

/** Counts of one miner in the current window, its lifetime successes, and the tier that earlier windows earned it. */
export interface MinerStatistics {
  readonly minerKey: PublicKey;
  readonly attempts: KindCounts;
  readonly successes: KindCounts;
  readonly totalSuccesses: number;
  readonly tier: TierName;
}

/** The counts a miner was judged by at the end of a window, and the tier they earned it. */
export interface WindowJudgement {
  readonly minerKey: PublicKey;
  readonly attempts: KindCounts;
  readonly successes: KindCounts;
  readonly tier: TierName;
}

/** Room on a miner that a store under way will take. It counts as taken until it is settled or runs out. */
export interface BytesPromise {
  readonly minerKey: PublicKey;
  /** 64 hex digits, drawn by whoever promises. */
  readonly id: string;
  readonly bytes: number;
  /** Unix seconds. */
  readonly until: number;
}
