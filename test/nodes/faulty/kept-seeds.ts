// Seeds whose histories broke something once, and what it was.

export interface KeptSeed {
  readonly seed: number;
  readonly found: string;
}

const deletedMeanwhile =
  'an honest miner failed by not knowing a replica that it had been told to delete while the question was on its way';

export const keptSeeds: readonly KeptSeed[] = [
  { seed: 13, found: `${deletedMeanwhile} (renewal)` },
  { seed: 24, found: `${deletedMeanwhile} (retrieval)` },
  { seed: 61, found: `${deletedMeanwhile} (round)` },
  { seed: 191, found: `${deletedMeanwhile} (round, after a crash)` },
  {
    seed: 380563615,
    found: 'an honest miner failed by taking the store of a forgotten piece, in the same block, for a replay',
  },
  {
    seed: 702008312,
    found: 'a round that ran out of time made a replica that was given up one that repair asked for',
  },
];
