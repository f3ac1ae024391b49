// The Prover port over the proving pool: its errors become ours.

import { type ErrorCode, FileTaoError, toFileTaoError } from '../../domain/model/errors.js';
import type { Prover } from '../../domain/ports/prover.js';
import { type PoolOptions, ProvingPool } from './pool.js';
import { ProvingError, type ProvingErrorCode } from './proving-error.js';

const codes: Readonly<Record<ProvingErrorCode, ErrorCode>> = {
  busy: 'busy',
  aborted: 'cancelled',
  deadline: 'timeout',
  closed: 'cancelled',
  'worker-died': 'internal',
  'size-mismatch': 'damaged',
  unreadable: 'io',
  'bad-input': 'bad-input',
  internal: 'internal',
};

function translate(error: unknown): never {
  if (error instanceof ProvingError)
    throw new FileTaoError(codes[error.code], error.message, { cause: error });
  throw toFileTaoError(error);
}

const running = (signal: AbortSignal | undefined) => (signal === undefined ? {} : { signal });

/** A prover whose work can be watched. */
export interface PooledProver extends Prover {
  readonly load: { readonly running: number; readonly waiting: number };
  /** Workers that were replaced. */
  readonly restarts: number;
}

export function createProver(options: PoolOptions = {}): PooledProver {
  const pool = new ProvingPool(options);
  return {
    get load() {
      return pool.load;
    },
    get restarts() {
      return pool.restarts;
    },
    prove: (request, signal) => pool.prove(request, running(signal)).catch(translate),
    async digest(request, signal) {
      const { root, keyed, leafNodes } = await pool.digest(request, running(signal)).catch(translate);
      return { root, keyed, outboard: leafNodes ?? null };
    },
    async keyedRoots(data, keys, signal) {
      return (await pool.keyedRoots({ data, keys }, running(signal)).catch(translate)).roots;
    },
    async commit(m, r, signal) {
      return (await pool.commit({ m, r }, running(signal)).catch(translate)).commitments;
    },
    close: () => pool.close(),
  };
}
