// Seeds whose histories broke something once, and what it was.

export interface KeptSeed {
  readonly seed: number;
  readonly found: string;
}

export const keptSeeds: readonly KeptSeed[] = [];
