// A table of numbers as colours: one row per owner, one column per stretch of blocks. Cells of one colour in a row
// are one rectangle, and rectangles of one colour one path, which keeps 10,000 cells below 100 KB.

import { linearScale } from '../../adapters/observe/plot/scale.js';
import { path, px, rampClass, rampSteps } from '../../adapters/observe/plot/svg.js';
import { framed, type Labels, plotBox } from './frame.js';

export interface HeatMap {
  /** Owners from the top. */
  readonly rows: readonly number[];
  /** Where columns begin, ascending. */
  readonly columns: readonly number[];
  /** Where the last column ends. */
  readonly end: number;
  /** values[row][column]; NaN is not drawn. */
  readonly values: readonly (readonly number[])[];
}

const rowsShown = 100;

export function heatMap(labels: Labels, map: HeatMap, valueName: string): string {
  // Rows beyond what can be told apart are averaged with their neighbours.
  const group = Math.ceil(map.rows.length / rowsShown);
  const bands = Array.from({ length: Math.ceil(map.rows.length / group) }, (_, i) =>
    map.values.slice(i * group, (i + 1) * group),
  );
  const means = bands.map((band) =>
    map.columns.map((_, column) => {
      const known = band.map((row) => row[column]!).filter(Number.isFinite);
      return known.length === 0 ? Number.NaN : known.reduce((sum, value) => sum + value, 0) / known.length;
    }),
  );
  const rowHeight = Math.max(3, Math.min(16, 420 / Math.max(1, bands.length)));
  const height = Math.round(58 + 46 + rowHeight * bands.length);
  const box = plotBox(height);
  const x = linearScale([map.columns[0] ?? 0, map.end], [box.left, box.right], { rounded: false, count: 8 });
  const known = means.flat().filter(Number.isFinite);
  const low = Math.min(
    0,
    known.reduce((min, value) => Math.min(min, value), 0),
  );
  const high = known.reduce((max, value) => Math.max(max, value), Number.NEGATIVE_INFINITY);
  const span = high > low ? high - low : 1;
  const classOf = (value: number): string | null =>
    Number.isFinite(value) ? rampClass((value - low) / span) : null;
  const byClass = new Map<string, string>();
  for (const [row, values] of means.entries()) {
    for (let from = 0; from < values.length; ) {
      const className = classOf(values[from]!);
      let to = from + 1;
      while (to < values.length && classOf(values[to]!) === className) to++;
      if (className !== null) {
        const left = x.at(map.columns[from]!);
        const right = x.at(map.columns[to] ?? map.end);
        const d = `M${px(left)} ${px(box.top + row * rowHeight)}H${px(right)}v${px(rowHeight)}H${px(left)}z`;
        byClass.set(className, (byClass.get(className) ?? '') + d);
      }
      from = to;
    }
  }
  const data = [...byClass].map(([className, d]) => path(d, `fill ${className}`));
  const legend = Array.from({ length: rampSteps }, (_, i) => ({
    className: `q${i}`,
    name: (low + (span * i) / rampSteps).toPrecision(2),
  }));
  const every = Math.max(1, Math.ceil(bands.length / 12));
  const y = {
    from: 0,
    to: bands.length,
    ticks: bands.map((_, i) => i).filter((i) => i % every === 0),
    at: (band: number) => box.top + (band + 0.5) * rowHeight,
  };
  const grouped = group > 1 ? `; each row the mean of ${group}` : '';
  return framed({
    labels: {
      ...labels,
      subtitle: `${labels.subtitle}; colours are ${valueName}s${grouped}`,
    },
    height,
    box,
    x,
    y,
    data,
    legend,
    yText: (band) => String(map.rows[band * group] ?? ''),
  });
}
