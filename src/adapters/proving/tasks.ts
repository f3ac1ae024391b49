// What the proving pool can be asked, and what it answers. Bytes of files never cross threads: paths go in, digests come out.

import type { DigestRequest, ProveRequest, ProveResult } from '../../domain/ports/prover.js';

export type { DigestRequest as DigestTask, ProveRequest as ProveTask, ProveResult };

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
  prove: { task: ProveRequest; result: ProveResult };
  digest: { task: DigestRequest; result: DigestResult };
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
