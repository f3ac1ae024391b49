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
];
