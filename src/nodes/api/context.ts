// What every part of an API node works with: a validator's context, and where uploads are spooled.

import type { RequestVerifier } from '../../domain/identity/request.js';
import type { ByteGate } from '../byte-gate.js';
import type { ValidatorContext } from '../validator/context.js';
import type { FailureCounts } from '../validator/miners.js';

export interface ApiContext extends ValidatorContext {
  readonly failures: FailureCounts;
  /** null: everyone may use this node without signing (dev network, or --api.open_access). */
  readonly requests: RequestVerifier | null;
  readonly spoolDirectory: string;
  /** Bytes of pieces in the spool at once. */
  readonly spoolGate: ByteGate;
  /** Bytes of pieces in memory at once. */
  readonly memoryGate: ByteGate;
  readonly pieceSize: number;
  readonly replicas: number;
  readonly version: string;
}
