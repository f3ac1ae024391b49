// What the page asks its workers to do, and what they tell it meanwhile. One worker does one job and is ended with it:
// cancelling is ending the worker, since everything that must last is on disk before the next step begins.

import type { KeptKeys } from '../../../browser/database.js';
import type { NodeInfo, ObjectStatus } from '../../../client/api-answers.js';
import type { StoreProgress } from '../../../client/put.js';
import type { AuditTotals } from '../../../domain/audit/audit.js';
import type { CheckResult } from '../../../domain/audit/checks.js';
import type { CoreBuild } from '../../../domain/core/probe.js';
import type { ErrorData } from '../../../domain/model/errors.js';

/** Jobs by their kind; `node` is the URL of the API node. */
export type Job =
  | { readonly kind: 'create-keys' }
  | { readonly kind: 'import-keys'; readonly hotkey: string; readonly reading: string }
  | {
      readonly kind: 'put';
      readonly node: string;
      readonly keys: KeptKeys;
      readonly file: File;
      /** Of the unfinished put. */
      readonly id: string;
    }
  | {
      readonly kind: 'get';
      readonly node: string;
      readonly keys: KeptKeys;
      readonly cid: string;
      readonly tab: string;
    }
  | { readonly kind: 'status'; readonly node: string; readonly keys: KeptKeys; readonly cid: string }
  | { readonly kind: 'remove'; readonly node: string; readonly keys: KeptKeys; readonly cid: string }
  | { readonly kind: 'audit'; readonly files: readonly File[] };

export type JobKind = Job['kind'];

/** One exchange of a transcript, replayed. */
export interface RoundLine {
  readonly source: string;
  /** `round 12`, `store`, … */
  readonly what: string;
  readonly root: string;
  readonly miner: string;
  /** As the validator recorded it. */
  readonly outcome: 'pass' | 'fail' | 'void';
  readonly reason: string;
  /** Whether the entry contradicts itself or was changed. */
  readonly broken: boolean;
  /** Who a fail rests on. */
  readonly blame: 'miner' | 'word' | null;
  readonly pruned: boolean;
  readonly startedAtMs: number;
  readonly checks: readonly { readonly about: string; readonly result: CheckResult; readonly says: string }[];
}

export interface ReplicaLine {
  readonly root: string;
  readonly miner: string;
  readonly first: number;
  readonly last: number;
  readonly passed: number;
  readonly failed: number;
  readonly voids: number;
  /** Probability that a loss of 10 % would not have been caught; null without a round replayed whole. */
  readonly miss: number | null;
}

/** What comes while a job is at work. */
export interface JobNews {
  'create-keys': never;
  'import-keys': never;
  status: never;
  remove: never;
  put: StoreProgress;
  get: {
    readonly bytes: number;
    readonly bytesTotal: number;
    readonly piecesVerified: number;
    readonly piecesTotal: number;
  };
  audit: { readonly bytes: number; readonly bytesTotal: number; readonly rounds: readonly RoundLine[] };
}

/** What a job ends with. */
export interface JobResult {
  'create-keys': {
    readonly keys: KeptKeys;
    readonly hotkeyPhrase: string;
    readonly coldkeyPhrase: string;
    readonly address: string;
  };
  'import-keys': { readonly keys: KeptKeys; readonly address: string };
  put: {
    readonly cid: string;
    readonly name: string;
    readonly size: number;
    readonly storedSize: number;
    readonly pieces: number;
    readonly replicas: number;
    readonly miners: readonly string[];
    readonly bytesSent: number;
    readonly bytesSkipped: number;
  };
  get: {
    readonly file: File;
    readonly encrypted: boolean;
    readonly owner: string;
    readonly storedSize: number;
    readonly pieces: number;
  };
  status: ObjectStatus;
  remove: null;
  audit: {
    readonly totals: AuditTotals;
    readonly replicas: readonly ReplicaLine[];
    readonly replicasLeftOut: number;
    readonly build: CoreBuild;
    readonly elapsedMs: number;
  };
}

export type WorkerMessage =
  | { readonly type: 'news'; readonly news: JobNews[JobKind] }
  | { readonly type: 'result'; readonly result: JobResult[JobKind] }
  | { readonly type: 'error'; readonly error: ErrorData };

export type { NodeInfo };
