// A node that runs: where it listens, and how it ends.

import type { NodeAddress } from '../domain/ports/chain.js';

export interface RunningNode {
  readonly address: NodeAddress;
  /** Finishes what is under way (bounded), closes everything the node owns. */
  close(): Promise<void>;
}
