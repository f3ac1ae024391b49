// What a miner knows of the replicas it holds. The replica files are the truth; this index can be
// rebuilt from them. "Resolved" means durable.

import type { PublicKey } from '../model/bytes.js';
import type { HeldReplica, ReplicaId } from '../model/records.js';
import type { Page } from './placement-index.js';

export interface HoldingIndex {
  put(record: HeldReplica): Promise<void>;
  get(id: ReplicaId): Promise<HeldReplica | null>;
  /** Moves expiry to the later of the two; null when the replica is unknown. */
  renew(id: ReplicaId, expiry: number): Promise<HeldReplica | null>;
  /** Notes the last answer given (a cache and evidence). May be lost in a crash. */
  noteAnswer(id: ReplicaId, n: number, link: Uint8Array): Promise<void>;
  remove(id: ReplicaId): Promise<boolean>;
  list(cursor: string | null, limit: number): Promise<Page<HeldReplica>>;
  /** The same for one validator. */
  listOf(validatorKey: PublicKey, cursor: string | null, limit: number): Promise<Page<HeldReplica>>;
  /** Replicas whose expiry is at or before `time` (unix seconds), oldest first. */
  expired(time: number, limit: number): Promise<readonly ReplicaId[]>;
  usedBytes(): Promise<number>;
  usedBytesOf(validatorKey: PublicKey): Promise<number>;
  close(): Promise<void>;
}
