// Durations as people write them: 60, 60s, 500ms, 5m, 12h, 7d. A bare number means seconds.

const unitSeconds: Readonly<Record<string, number>> = { ms: 0.001, s: 1, m: 60, h: 3600, d: 86400 };

/** Seconds; throws a RangeError. */
export function parseDuration(text: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)?$/u.exec(text.trim());
  if (match === null) throw new RangeError('is not a duration such as 60, 500ms, 5m, 12h or 7d');
  const [, digits, unit = 's'] = match;
  // 500 × 0.001 is exact enough in binary, but rounding to microseconds keeps 0.1 + … out of messages
  const seconds = Math.round(Number(digits) * unitSeconds[unit]! * 1e6) / 1e6;
  if (!Number.isFinite(seconds)) throw new RangeError('is longer than any time');
  return seconds;
}

/** In the largest unit that gives a whole number: 7d, 90s, 500ms. */
export function formatDuration(seconds: number): string {
  for (const unit of ['d', 'h', 'm', 's', 'ms']) {
    const amount = seconds / unitSeconds[unit]!;
    if (Math.abs(amount - Math.round(amount)) < 1e-9 && Math.round(amount) > 0)
      return `${Math.round(amount)}${unit}`;
  }
  return `${seconds}s`;
}
