// What validators and API nodes share: where every piece is, and what each replica must prove next.
// Several processes use one index at once, so every change of a replica is a compare-and-set on its
// `version`; each method is one atomic change (of those for many, each record is one). "Resolved" means durable.

import type { Cid, PieceId, PublicKey } from '../model/bytes.js';
import type {
  BytesPromise,
  CountedAnswer,
  MinerStatistics,
  ObjectId,
  ObjectRecord,
  OwnedTotal,
  PieceRecord,
  ReplicaId,
  ReplicaRecord,
  WindowJudgement,
} from '../model/records.js';

/**
 * A page of a listing; `next` is null at the end. Cursors are opaque and survive restarts. What is there
 * during the whole listing is listed exactly once. A page may hold fewer items than its limit: at most
 * 1000, and large records end it early.
 */
export interface Page<Item> {
  readonly items: readonly Item[];
  readonly next: string | null;
}

/** Answers that wait at most: of API nodes whose validator does not run. */
export const waitingAnswersMax = 100_000;

export interface PlacementIndex {
  /** Writes an owner's claim on an object, in place of an earlier one of the same owner. */
  putObject(record: ObjectRecord): Promise<void>;
  getObject(id: ObjectId): Promise<ObjectRecord | null>;
  /** All owners' claims on an object, up to `limit` of them. */
  claimsOf(cid: Cid, limit: number): Promise<readonly ObjectRecord[]>;
  /** Removes the owner's claim on the object and its pieces; pieces that nothing claims keep their own expiry. */
  deleteObject(id: ObjectId): Promise<boolean>;
  /** All claims, by CID and then by owner. */
  listObjects(cursor: string | null, limit: number): Promise<Page<ObjectRecord>>;
  /** An owner's claims, by CID. */
  listObjectsOf(owner: PublicKey, cursor: string | null, limit: number): Promise<Page<ObjectRecord>>;
  /** Objects and bytes that an owner claims. */
  ownedBy(owner: PublicKey): Promise<OwnedTotal>;
  /** Claims whose expiry is at or before `time` (unix seconds), oldest first. */
  expiredObjects(time: number, limit: number): Promise<readonly ObjectId[]>;

  /** Creates the piece, or moves expiry and copies up to the larger values. */
  putPiece(record: PieceRecord): Promise<void>;
  /** putPiece of each: many at once cost far less than one after the other. */
  putPieces(records: readonly PieceRecord[]): Promise<void>;
  getPiece(pieceId: PieceId): Promise<PieceRecord | null>;
  listPieces(cursor: string | null, limit: number): Promise<Page<PieceRecord>>;
  /** Pieces whose expiry is at or before `time` (unix seconds), oldest first. */
  expiredPieces(time: number, limit: number): Promise<readonly PieceId[]>;
  /** Removes the piece if its expiry is at or before `time` and neither object nor replica refers to it. */
  removePiece(pieceId: PieceId, time: number): Promise<boolean>;
  /** Claims on objects that contain the piece. */
  objectsOfPiece(pieceId: PieceId): Promise<readonly ObjectId[]>;

  /** Adds a replica with its verified store and settles the promise of its bytes; false when it is already there. */
  addReplica(record: ReplicaRecord, promiseId?: string): Promise<boolean>;
  /** addReplica of each, without a promise: for copying and rebuilding an index. Answers in the order given. */
  addReplicas(records: readonly ReplicaRecord[]): Promise<readonly boolean[]>;
  getReplica(id: ReplicaId): Promise<ReplicaRecord | null>;
  /** Writes `next` if the stored version is next.version − 1; false when another process was faster. */
  updateReplica(next: ReplicaRecord): Promise<boolean>;
  removeReplica(id: ReplicaId): Promise<boolean>;
  replicasOfPiece(pieceId: PieceId): Promise<readonly ReplicaRecord[]>;
  replicasOfMiner(minerKey: PublicKey, cursor: string | null, limit: number): Promise<Page<ReplicaRecord>>;
  listReplicas(cursor: string | null, limit: number): Promise<Page<ReplicaRecord>>;
  /** Replicas whose expiry is at or before `time` (unix seconds), oldest first. */
  expiredReplicas(time: number, limit: number): Promise<readonly ReplicaId[]>;
  /** Pieces with fewer active replicas than copies. */
  underReplicatedPieces(cursor: string | null, limit: number): Promise<Page<PieceRecord>>;

  /** Bytes of all replicas recorded on the miner. */
  usedBytes(minerKey: PublicKey): Promise<number>;
  /**
   * Promises bytes of the miner to a store, if they and all used and promised ones stay within `limit`; false
   * when they do not. The same id again replaces its promise. `now` in unix seconds.
   */
  promise(promise: BytesPromise, now: number, limit: number): Promise<boolean>;
  /** Takes a promise back, for a store that failed. */
  releasePromise(minerKey: PublicKey, id: string): Promise<boolean>;
  /** Bytes of the miner's promises that have not run out. */
  promisedBytes(minerKey: PublicKey, now: number): Promise<number>;

  /**
   * Counts one attempt; a success also adds to the lifetime successes. The answer waits here until it is settled. False,
   * and nothing is counted, for one that waits already, and while `waitingAnswersMax` wait.
   */
  count(answer: CountedAnswer): Promise<boolean>;
  /** Up to `limit` of the answers that wait, in no order. */
  waitingAnswers(limit: number): Promise<readonly CountedAnswer[]>;
  /** These answers, by their transcripts, do not wait any more: they are in the reward ledger. */
  settleAnswers(transcripts: readonly Uint8Array[]): Promise<void>;
  statistics(minerKey: PublicKey): Promise<MinerStatistics>;
  listStatistics(): Promise<readonly MinerStatistics[]>;
  /** Replaces a miner's counts and tier: for moving an index, and for a hotkey that left the subnet. */
  putStatistics(record: MinerStatistics): Promise<void>;
  /**
   * Begins the window of this number. What a judgement was made by is taken off the miner's counts, and its tier is
   * set; an attempt that came after the judgement stays for the window that begins. Lifetime successes stay. False when
   * this or a later window has begun, so of several processes that roll at once one does.
   */
  rollWindow(window: number, judgements: readonly WindowJudgement[]): Promise<boolean>;
  /** Number of the window that has begun last; 0 before the first. */
  window(): Promise<number>;

  close(): Promise<void>;
}
