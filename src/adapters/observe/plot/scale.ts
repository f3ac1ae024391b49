// From values to pixels, and the round numbers an axis shows (Heckbert, "Nice numbers for graph labels", Graphics
// Gems 1990: steps of 1, 2 or 5 times a power of ten).

export interface Scale {
  readonly from: number;
  readonly to: number;
  readonly ticks: readonly number[];
  /** Pixel of a value. */
  at(value: number): number;
}

const steps = [1, 2, 5, 10];

function niceStep(span: number, count: number): number {
  const raw = span / Math.max(1, count);
  const power = 10 ** Math.floor(Math.log10(raw));
  return power * steps.find((step) => step * power >= raw * (1 - 1e-9))!;
}

/** An axis that holds all values, zero included if asked; ends on round numbers when `rounded`. */
export function linearScale(
  values: Iterable<number>,
  pixels: readonly [number, number],
  { zero = false, rounded = true, count = 6 } = {},
): Scale {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of values) {
    if (!Number.isFinite(value)) continue;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  if (low > high) [low, high] = [0, 1];
  if (zero) [low, high] = [Math.min(0, low), Math.max(0, high)];
  if (low === high)
    [low, high] = [low - (low === 0 ? 0 : Math.abs(low) / 2), high + Math.max(1e-9, Math.abs(high) / 2 || 1)];
  const step = niceStep(high - low, count);
  const [first, last] = [Math.ceil(low / step - 1e-9), Math.floor(high / step + 1e-9)];
  const [from, to] = rounded
    ? [Math.floor(low / step + 1e-9) * step, Math.ceil(high / step - 1e-9) * step]
    : [low, high];
  const [begin, end] = rounded ? [Math.round(from / step), Math.round(to / step)] : [first, last];
  const ticks = Array.from({ length: end - begin + 1 }, (_, i) =>
    Number(((begin + i) * step).toPrecision(12)),
  );
  const [left, right] = pixels;
  return { from, to, ticks, at: (value) => left + ((value - from) / (to - from)) * (right - left) };
}

const units = [
  [1e12, 'T'],
  [1e9, 'G'],
  [1e6, 'M'],
  [1e3, 'k'],
] as const;

/** `12.5k`, `0.05`, `3`: short enough for an axis. */
export function tickText(value: number): string {
  const size = Math.abs(value);
  for (const [unit, letter] of units) {
    if (size >= unit && !(unit === 1e3 && size < 10_000))
      return `${Number((value / unit).toPrecision(4))}${letter}`;
  }
  return String(Number(value.toPrecision(4)));
}
