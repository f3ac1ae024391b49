// What a test can have go wrong on the dev chain: the blocks a view reports follow from the clock's block and
// these numbers alone, so all processes still agree wherever they should.

export interface DevChainFaults {
  /** Blocks by which finality is behind. */
  readonly finalityLag: number;
  /** The finalised head moves in jumps of so many blocks; those between are never seen as head. */
  readonly headStep: number;
  /** From this block on the chain has been replaced by another branch; null: by none. */
  readonly forkFrom: number | null;
}

export const noFaults: DevChainFaults = { finalityLag: 0, headStep: 1, forkFrom: null };

/** The finalised block, given the newest one. */
export function finalisedOf(newest: number, { finalityLag, headStep }: DevChainFaults): number {
  const final = Math.max(0, newest - finalityLag);
  return final - (final % headStep);
}

/** What tells a block's branch from the original one; 0 for the original. */
export const branchOf = (number: number, { forkFrom }: DevChainFaults): number =>
  forkFrom !== null && number >= forkFrom ? forkFrom + 1 : 0;
