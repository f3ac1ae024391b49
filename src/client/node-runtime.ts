// The client's runtime in Node: the WebAssembly core for hashing, node:crypto for the rest.

import { randomBytes } from 'node:crypto';
import { nodeCipher } from '../adapters/cipher/node.js';
import { loadCore } from '../adapters/proving/load-core.js';
import { verifySr25519 } from '../adapters/wallets/sr25519.js';
import type { ClientRuntime } from './runtime.js';

let runtime: ClientRuntime | null = null;

/** One per thread: the core has its own memory. */
export function nodeRuntime(): ClientRuntime {
  if (runtime === null) {
    const core = loadCore();
    runtime = {
      hash: (data) => core.hash(data),
      core,
      cipher: nodeCipher,
      random: { bytes: (length) => randomBytes(length) },
      verify: verifySr25519,
      nowMs: () => Date.now(),
    };
  }
  return runtime;
}
