// The Wilson score interval of a success rate (E. B. Wilson 1927; en.wikipedia.org/wiki/Binomial_proportion_confidence_interval),
// and the score that tiers are judged by: the centre of that interval, clipped to [0, 1]. With the default quantile
// it is an interval of 50 %, not of 95 %. The order of the operations is part of the definition: it gives the very
// bits of the Python reference.

export interface WilsonInterval {
  readonly lower: number;
  readonly upper: number;
}

/** Of `successes` in `attempts`; the whole of [0, 1] when nothing was attempted. */
export function wilsonInterval(successes: number, attempts: number, z: number): WilsonInterval {
  if (!(successes >= 0 && successes <= attempts))
    throw new RangeError('at most as many successes as attempts');
  if (attempts === 0) return { lower: 0, upper: 1 };
  const p = successes / attempts;
  const zz = z * z;
  const denominator = 1 + zz / attempts;
  const centre = p + zz / (2 * attempts);
  const spread = z * Math.sqrt((p * (1 - p) + zz / (4 * attempts)) / attempts);
  return {
    lower: Math.max(0, (centre - spread) / denominator),
    upper: Math.min(1, (centre + spread) / denominator),
  };
}

/** 0.5 when nothing was attempted. */
export function wilsonScore(successes: number, attempts: number, z: number): number {
  const { lower, upper } = wilsonInterval(successes, attempts, z);
  return (lower + upper) / 2;
}
