// What theory says of a strategy, and when a count is too far from it.

/** C(n − lost, t) / C(n, t): the chance that none of t chunks drawn of n is one of the lost ones. */
export function hypergeometric(chunks: number, lost: number, openings: number): number {
  if (lost + openings > chunks) return 0;
  let chance = 1;
  for (let i = 0; i < openings; i++) chance *= (chunks - lost - i) / (chunks - i);
  return chance;
}

/** The chance of five standard deviations, both sides, of a normal distribution. */
const fiveSigma = 5.733e-7;

/**
 * Whether `passed` of `rounds` is what chance p gives: for 0 and 1 exactly, otherwise no rarer than five standard
 * deviations. The binomial tail itself is summed, because a normal curve says nothing about a handful of passes.
 */
export function agrees(passed: number, rounds: number, p: number): boolean {
  if (p === 0) return passed === 0;
  if (p === 1) return passed === rounds;
  const above = tail(rounds, p, (k) => k >= passed);
  const below = tail(rounds, p, (k) => k <= passed);
  return 2 * Math.min(above, below) > fiveSigma;
}

function tail(rounds: number, p: number, counts: (k: number) => boolean): number {
  let logChance = rounds * Math.log1p(-p);
  let sum = 0;
  for (let k = 0; k <= rounds; k++) {
    if (counts(k)) sum += Math.exp(logChance);
    logChance += Math.log(rounds - k) - Math.log(k + 1) + Math.log(p) - Math.log1p(-p);
  }
  return sum;
}

/** Upper tail of the chi-squared distribution by Wilson and Hilferty's cube-root normal, in standard deviations. */
export function chiSquaredSigmas(counts: readonly number[], expected: number): number {
  const degrees = counts.length - 1;
  const statistic = counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
  const scale = 2 / (9 * degrees);
  return ((statistic / degrees) ** (1 / 3) - (1 - scale)) / Math.sqrt(scale);
}
