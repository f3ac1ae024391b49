// Series over time: lines, or areas stacked on each other.

import { linearScale } from '../../adapters/observe/plot/scale.js';
import { line, type Point, path, polyline, px, seriesClass, text } from '../../adapters/observe/plot/svg.js';
import { framed, type Labels, plotBox } from './frame.js';

export interface Series {
  readonly name: string;
  readonly points: readonly Point[];
  /** Class of its colour; the next of the palette if not given. */
  readonly className?: string;
}

export interface Reference {
  readonly name: string;
  readonly y: number;
}

export interface LineChartOptions {
  readonly height?: number;
  readonly zero?: boolean;
  /** Straight lines across that say what was to be expected. */
  readonly references?: readonly Reference[];
}

const classOf = (series: Series, index: number): string => series.className ?? seriesClass(index);

export function lineChart(labels: Labels, series: readonly Series[], options: LineChartOptions = {}): string {
  const { height = 340, zero = true, references = [] } = options;
  const box = plotBox(height);
  const all = series.flatMap(({ points }) => points);
  const x = linearScale(
    all.map((point) => point.x),
    [box.left, box.right],
    { rounded: false, count: 8 },
  );
  const y = linearScale(
    [...all.map((point) => point.y), ...references.map((one) => one.y)],
    [box.bottom, box.top],
    { zero },
  );
  const data = series.map((one, i) =>
    path(
      polyline(one.points.map((point) => ({ x: x.at(point.x), y: y.at(point.y) }))),
      `line ${classOf(one, i)}`,
    ),
  );
  for (const reference of references) {
    const at = y.at(reference.y);
    data.push(
      line(box.left, at, box.right, at, 'reference'),
      text(box.right, at - 4, reference.name, { className: 'quiet', anchor: 'end' }),
    );
  }
  const legend =
    series.length === 1 ? [] : series.map((one, i) => ({ name: one.name, className: classOf(one, i) }));
  return framed({ labels, height, box, x, y, data, legend });
}

/** Series over the same x, the first at the bottom. */
export function stackedChart(labels: Labels, series: readonly Series[], height = 340): string {
  const box = plotBox(height);
  const xs = series[0]?.points.map((point) => point.x) ?? [];
  const x = linearScale(xs, [box.left, box.right], { rounded: false, count: 8 });
  const totals = xs.map((_, i) => series.reduce((sum, { points }) => sum + points[i]!.y, 0));
  const y = linearScale(totals, [box.bottom, box.top], { zero: true });
  const floor = xs.map(() => 0);
  const data = series.map((one, index) => {
    const below = floor.slice();
    for (const [i, point] of one.points.entries()) floor[i]! += point.y;
    const upper = xs.map((at, i) => `${px(x.at(at))} ${px(y.at(floor[i]!))}`);
    const lower = xs.map((at, i) => `${px(x.at(at))} ${px(y.at(below[i]!))}`).reverse();
    return path(`M${[...upper, ...lower].join('L')}Z`, `fill ${classOf(one, index)}`);
  });
  const legend = series.map((one, i) => ({ name: one.name, className: classOf(one, i) }));
  return framed({ labels, height, box, x, y, data, legend });
}
