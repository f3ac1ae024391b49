// What the proving pool can be asked, and what it answers. Bytes of files never cross threads: paths go in, digests come out.

export interface ProveTask {
  /** A file of exactly `size` bytes: the replica. */
  readonly path: string;
  readonly size: number;
  /** The round's seed, 32 bytes. */
  readonly key: Uint8Array;
  readonly chunkSize: number;
  /** The round's b, 32 bytes. */
  readonly blinding: Uint8Array;
}

export interface ProveResult {
  readonly keyedRoot: Uint8Array;
  readonly commitmentRoot: Uint8Array;
  /** m_j, 32 bytes for each of `count` chunks. */
  readonly nodes: Uint8Array;
  /** c_j, 32 bytes each. */
  readonly commitments: Uint8Array;
  readonly count: number;
  /** Time from opening the file to the result, in the worker. */
  readonly milliseconds: number;
}

export interface DigestTask {
  readonly path: string;
  readonly size: number;
  /** Keyed roots wanted: at most 64 keys of 32 bytes. */
  readonly keys: readonly Uint8Array[];
  /** Whether the leaf nodes of the content tree are wanted. */
  readonly outboard: boolean;
  /**
   * Replica encoding before hashing: the file is XORed with AES-256-CTR under this key (32 bytes), counter from 16 zero bytes.
   * So a validator has the digests of a replica from the plain piece, without writing the replica.
   */
  readonly encodeKey?: Uint8Array;
}

export interface DigestResult {
  readonly root: Uint8Array;
  /** In the order of the task's keys. */
  readonly keyed: Uint8Array[];
  /** 32 bytes for each KiB, if asked for. */
  readonly leafNodes?: Uint8Array;
}

export interface CommitTask {
  /** 32 bytes each, read mod L. */
  readonly m: Uint8Array;
  /** 32 bytes each, below L. */
  readonly r: Uint8Array;
}

export interface CommitResult {
  /** 32 bytes for each pair. */
  readonly commitments: Uint8Array;
}

export interface KeyedRootsTask {
  /** Bytes at hand already (a replica just retrieved), copied to the worker. */
  readonly data: Uint8Array;
  readonly keys: readonly Uint8Array[];
}

export interface KeyedRootsResult {
  /** keyed(key_i, data), in the order of the keys. */
  readonly roots: Uint8Array[];
}

/** Task and result by name, as worker.ts exports them. */
export interface Tasks {
  prove: { task: ProveTask; result: ProveResult };
  digest: { task: DigestTask; result: DigestResult };
  commit: { task: CommitTask; result: CommitResult };
  keyedRoots: { task: KeyedRootsTask; result: KeyedRootsResult };
}

/** What crosses to a worker: a task, and one shared Int32 that the pool sets to CANCELLED for the worker to see at its next step. */
export interface Order<Task> {
  readonly task: Task;
  readonly state: Int32Array;
}

export const CANCELLED = 1;

/** What the pool tells each worker when it starts. */
export interface WorkerSetup {
  readonly build: 'fma' | 'simd';
  readonly window: 11 | 13;
}
