// Points over blocks, coloured by who they belong to. Few owners have a colour each, many share a ramp.

import { linearScale } from '../../adapters/observe/plot/scale.js';
import {
  type Point,
  path,
  px,
  rampClass,
  rampSteps,
  seriesClass,
  seriesCount,
} from '../../adapters/observe/plot/svg.js';
import { framed, type Labels, type LegendEntry, plotBox } from './frame.js';

export interface OwnedPoint extends Point {
  readonly owner: number;
}

/** More points would make files of megabytes that show no more. */
const pointsMax = 6000;

/** Every n-th point, so that at most `pointsMax` are left. */
export function thinned<Item>(points: readonly Item[]): readonly Item[] {
  const every = Math.ceil(points.length / pointsMax);
  return every <= 1 ? points : points.filter((_, i) => i % every === 0);
}

const dot = 'h3v3h-3z';
const largeDot = 'h6v6h-6z';

export function scatterChart(
  labels: Labels,
  points: readonly OwnedPoint[],
  ownerName: string,
  height = 360,
): string {
  const box = plotBox(height);
  const shown = thinned(points);
  const x = linearScale(
    shown.map((point) => point.x),
    [box.left, box.right],
    { rounded: false, count: 8 },
  );
  const y = linearScale(
    shown.map((point) => point.y),
    [box.bottom, box.top],
    { zero: true },
  );
  const owners = [...new Set(shown.map(({ owner }) => owner))].sort((a, b) => a - b);
  const many = owners.length > seriesCount;
  const rank = new Map(owners.map((owner, i) => [owner, i]));
  // The ramp's lowest steps are near to the background, where a dot would be lost.
  const classOf = (i: number): string => (many ? rampClass(0.3 + (0.7 * i) / owners.length) : seriesClass(i));
  const byClass = new Map<string, string>();
  for (const point of shown) {
    const className = classOf(rank.get(point.owner)!);
    const at = `M${px(x.at(point.x) - 1.5)} ${px(y.at(point.y) - 1.5)}${dot}`;
    byClass.set(className, (byClass.get(className) ?? '') + at);
  }
  const data = [...byClass].map(([className, d]) => path(d, `dot ${className}`));
  const legend: LegendEntry[] = many
    ? [...new Set(owners.map((_, i) => classOf(i)))].map((className) => {
        const members = owners.filter((_, i) => classOf(i) === className);
        return { className, name: `${ownerName} ${members[0]}–${members.at(-1)}` };
      })
    : owners.map((owner, i) => ({ className: classOf(i), name: `${ownerName} ${owner}` }));
  const subtitle =
    shown.length < points.length
      ? `${labels.subtitle}; ${shown.length} of ${points.length} points drawn`
      : labels.subtitle;
  return framed({
    labels: { ...labels, subtitle },
    height,
    box,
    x,
    y,
    data,
    legend: legend.slice(0, rampSteps),
  });
}

export interface GroupedPoint extends Point {
  readonly group: string;
}

/** Points coloured by the group they belong to. */
export function groupScatter(
  labels: Labels,
  points: readonly GroupedPoint[],
  xText?: (value: number) => string,
  height = 360,
): string {
  const box = plotBox(height);
  const shown = thinned(points);
  const x = linearScale(
    shown.map((point) => point.x),
    [box.left, box.right],
    { rounded: false, count: 8 },
  );
  const y = linearScale(
    shown.map((point) => point.y),
    [box.bottom, box.top],
    { zero: true },
  );
  const groups = [...new Set(shown.map(({ group }) => group))];
  const data = groups
    .map((group, i) => ({ i, own: shown.filter((point) => point.group === group) }))
    // The fewest on top, where the many do not hide them.
    .sort((a, b) => b.own.length - a.own.length)
    .map(({ i, own }) => {
      const d = own.map((point) => `M${px(x.at(point.x) - 3)} ${px(y.at(point.y) - 3)}${largeDot}`).join('');
      return path(d, `fill ${seriesClass(i)}`);
    });
  const legend = groups.map((name, i) => ({ name, className: seriesClass(i) }));
  return framed({ labels, height, box, x, y, data, legend, ...(xText === undefined ? {} : { xText }) });
}
