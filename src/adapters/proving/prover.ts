// The Prover port over the proving pool.

import type { Prover } from '../../domain/ports/prover.js';
import { type PoolOptions, ProvingPool } from './pool.js';

export function createProver(options: PoolOptions = {}): Prover {
  const pool = new ProvingPool(options);
  const running = (signal: AbortSignal | undefined) => (signal === undefined ? {} : { signal });
  return {
    prove: (request, signal) => pool.prove(request, running(signal)),
    async digest(request, signal) {
      const { root, keyed, leafNodes } = await pool.digest(request, running(signal));
      return { root, keyed, outboard: leafNodes ?? null };
    },
    keyedRoots: (data, keys, signal) => pool.keyedRoots({ data, keys }, running(signal)),
    async commit(m, r, signal) {
      return (await pool.commit({ m, r }, running(signal))).commitments;
    },
    close: () => pool.close(),
  };
}
