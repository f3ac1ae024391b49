// Where a miner keeps replica bytes: written durably or not at all, read back by range.

import type { ReplicaId } from '../model/records.js';

/**
 * A replica being received. Nothing is visible under its id until `commit` resolves. When `write` or
 * `commit` throws, the writer is over and nothing of it is left; `abort` need not be called then.
 */
export interface ReplicaWriter {
  write(data: Uint8Array): Promise<void>;
  /**
   * Makes the replica and its outboard (values of all 1 KiB leaves, 32 bytes each; null: none is kept) durable:
   * fsync, rename, fsync of the directory. Replaces an older file of the same id. `terms` (protocol/terms.ts) lie
   * beside them and become durable together with them.
   */
  commit(outboard: Uint8Array | null, terms?: Uint8Array): Promise<void>;
  /** Removes what was written. Safe after commit (does nothing). */
  abort(): Promise<void>;
}

export interface StoredReplica {
  readonly id: ReplicaId;
  readonly size: number;
}

export interface Replicas {
  /** Throws `full` when fewer than `size` bytes are left under the quota or on the disk. */
  create(id: ReplicaId, size: number): Promise<ReplicaWriter>;
  /** File that holds E, for a worker to read; throws `unknown-replica`. */
  path(id: ReplicaId): Promise<string>;
  /** Bytes [start, end); throws `unknown-replica`, or `damaged` when the file is too short. */
  read(id: ReplicaId, start: number, end: number): Promise<Uint8Array>;
  /** The bytes [start, end) in parts of at most 1 MiB. */
  stream(id: ReplicaId, start: number, end: number): AsyncIterable<Uint8Array>;
  /** The outboard, or null when it is missing or has the wrong length: rebuild it. */
  readOutboard(id: ReplicaId, size: number): Promise<Uint8Array | null>;
  writeOutboard(id: ReplicaId, outboard: Uint8Array): Promise<void>;
  /** What was agreed about the replica, or null: rebuilds the index. */
  readTerms(id: ReplicaId): Promise<Uint8Array | null>;
  /** Replaces the terms, durably; throws `unknown-replica`. */
  writeTerms(id: ReplicaId, terms: Uint8Array): Promise<void>;
  /** Durable when resolved; false when it was not there. */
  remove(id: ReplicaId): Promise<boolean>;
  /**
   * Takes a damaged replica out of use without destroying it; resolves with where its bytes are now, or null when it
   * was not there. They count against no quota: whoever looks after the miner removes them.
   */
  setAside(id: ReplicaId): Promise<string | null>;
  /** Every replica on disk, in no order. */
  list(): AsyncIterable<StoredReplica>;
  /** Removes leftovers of a crash (temporary files); returns how many. Called once at start. */
  sweep(): Promise<number>;
  /** Bytes that may still be stored under quota and disk. */
  freeBytes(): Promise<number>;
  close(): Promise<void>;
}
