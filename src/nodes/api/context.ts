// What every part of an API node works with: a validator's context, and where uploads and downloads pass through.

import type { RequestVerifier } from '../../domain/identity/request.js';
import type { PublicKey } from '../../domain/model/bytes.js';
import type { ByteGate } from '../byte-gate.js';
import type { ValidatorContext } from '../validator/context.js';
import type { FailureCounts } from '../validator/miners.js';
import type { BackgroundWork } from './background-work.js';
import type { CallerRates } from './caller-rates.js';
import type { PieceCache } from './piece-cache.js';
import type { Turns } from './turns.js';

/** Who is served (access.ts). */
export interface AccessRules {
  readonly open: boolean;
  readonly allowed: ReadonlySet<PublicKey>;
  readonly blocked: ReadonlySet<PublicKey>;
  readonly verifier: RequestVerifier;
  readonly rates: CallerRates;
}

/** What one owner may store; 0 is no limit. */
export interface Quotas {
  readonly objectBytesMax: number;
  readonly ownedBytesMax: number;
  readonly ownedObjectsMax: number;
}

export interface ApiContext extends ValidatorContext {
  readonly failures: FailureCounts;
  readonly access: AccessRules;
  readonly quotas: Quotas;
  readonly spoolDirectory: string;
  /** Bytes of pieces in the spool at once. */
  readonly spoolGate: ByteGate;
  /** Memory of proofs that are being made. */
  readonly proofGate: ByteGate;
  /** Verified pieces on disk, from which users are served at their own pace. */
  readonly pieceCache: PieceCache;
  /** One change of a piece at a time. */
  readonly pieceTurns: Turns;
  /** Goes on after the answer; the node waits for it when it ends. */
  readonly background: BackgroundWork;
  /** Milliseconds that storing or retrieving one piece may take. */
  readonly storeMs: number;
  readonly retrieveMs: number;
  readonly pieceSize: number;
  readonly replicas: number;
  /** Seconds that objects are kept whose owner names no time. */
  readonly dataTtl: number;
  readonly version: string;
  /** Where the bytes of retrieved objects were found to be others than their owner's manifest says, by claim. */
  readonly falseClaims: Set<string>;
}
