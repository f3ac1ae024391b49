// What every part of an API node works with: a validator's context, and where uploads are spooled.

import type { RequestVerifier } from '../../domain/identity/request.js';
import type { PublicKey } from '../../domain/model/bytes.js';
import type { ByteGate } from '../byte-gate.js';
import type { ValidatorContext } from '../validator/context.js';
import type { FailureCounts } from '../validator/miners.js';
import type { PieceBuffers } from './piece-buffers.js';

/** Who is served (access.ts). */
export interface AccessRules {
  readonly open: boolean;
  readonly allowed: ReadonlySet<PublicKey>;
  readonly blocked: ReadonlySet<PublicKey>;
  readonly verifier: RequestVerifier;
}

export interface ApiContext extends ValidatorContext {
  readonly failures: FailureCounts;
  readonly access: AccessRules;
  readonly spoolDirectory: string;
  /** Bytes of pieces in the spool at once. */
  readonly spoolGate: ByteGate;
  /** Memory for pieces on their way to users. */
  readonly pieceBuffers: PieceBuffers;
  readonly pieceSize: number;
  readonly replicas: number;
  readonly version: string;
}
