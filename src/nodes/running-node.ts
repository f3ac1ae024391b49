// A node that runs: where it listens, and how it ends.

import type { NodeAddress } from '../domain/ports/chain.js';

export interface RunningNode {
  readonly address: NodeAddress;
  /** Where health and metrics are, if not there; null when they are. */
  readonly status: NodeAddress | null;
  /** Where its dashboard is; null without one. */
  readonly dashboard: NodeAddress | null;
  /** Finishes what is under way (bounded), closes everything the node owns. */
  close(): Promise<void>;
}
