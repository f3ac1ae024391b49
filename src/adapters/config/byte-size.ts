// Sizes as people write them: 10TB, 64MiB, 1.5 GiB, 512. SI prefixes are powers of 1000, binary ones (IEC
// 80000-13) powers of 1024.

const powers: readonly string[] = ['', 'k', 'm', 'g', 't', 'p', 'e'];

/**
 * Whole bytes of a size with an optional unit; throws a RangeError.
 * @param most above 2^53 only where a size is a bound that nothing is added to
 */
export function parseBytes(text: string, most: number = Number.MAX_SAFE_INTEGER): number {
  const match = /^(\d+)(?:\.(\d+))?\s*(?:([kmgtpe])(i)?)?(b)?$/iu.exec(text.trim());
  if (match === null) throw new RangeError('is not a size such as 512, 64MiB or 10TB');
  const [, whole, fraction = '', prefix = '', binary] = match;
  const unit = (binary === undefined ? 1000n : 1024n) ** BigInt(powers.indexOf(prefix.toLowerCase()));
  const scale = 10n ** BigInt(fraction.length);
  const scaled = BigInt(whole! + fraction) * unit;
  if (scaled % scale !== 0n) throw new RangeError('is not a whole number of bytes');
  const bytes = scaled / scale;
  if (bytes > BigInt(most)) throw new RangeError('is too large a size');
  return Number(bytes);
}

/** Exactly where that takes at most four digits (64MiB, 10TB), else with one decimal (1.5GiB). */
export function formatBytes(bytes: number): string {
  const exact: string[] = [];
  for (const [base, suffix] of [
    [1024, 'iB'],
    [1000, 'B'],
  ] as const) {
    for (let power = powers.length - 1; power > 0; power--) {
      const amount = bytes / base ** power;
      if (amount >= 1 && amount < 10_000 && Number.isInteger(amount)) {
        exact.push(`${amount}${unitName(power, suffix)}`);
      }
    }
  }
  exact.sort((a, b) => a.length - b.length);
  if (exact[0] !== undefined) return exact[0];
  if (bytes < 1024) return `${bytes}B`;
  let power = Math.min(powers.length - 1, Math.floor(Math.log2(bytes) / 10));
  // 1023.96 KiB would round to 1024.0KiB
  if (power + 1 < powers.length && Math.round((10 * bytes) / 1024 ** power) >= 10240) power++;
  return `${(bytes / 1024 ** power).toFixed(1)}${unitName(power, 'iB')}`;
}

const unitName = (power: number, suffix: 'iB' | 'B'): string => {
  const letter = powers[power]!;
  return `${suffix === 'B' && letter === 'k' ? 'k' : letter.toUpperCase()}${suffix}`;
};
