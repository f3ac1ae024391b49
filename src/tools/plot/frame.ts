// What every chart has around its data: title, axes with their names, grid, legend.

import { type Scale, tickText } from '../../adapters/observe/plot/scale.js';
import { document, line, rect, text } from '../../adapters/observe/plot/svg.js';

export interface Labels {
  readonly title: string;
  /** One line below: what is shown, of how many. */
  readonly subtitle: string;
  readonly x: string;
  readonly y: string;
}

export interface LegendEntry {
  readonly name: string;
  readonly className: string;
}

export const width = 860;
const top = 58;
const right = 18;
const left = 64;
const bottom = 46;
const legendLine = 18;
const legendGap = 10;

export interface Box {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

/** Where the data goes in a chart of this height. */
export const plotBox = (height: number, gutter = 0): Box => ({
  left,
  right: width - right - gutter,
  top,
  bottom: height - bottom,
});

/** Pixels that a name takes at 12 px, on the safe side. */
const textWidth = (name: string): number => 7 * name.length;

function legendRows(entries: readonly LegendEntry[]): LegendEntry[][] {
  const rows: LegendEntry[][] = [];
  let used = Number.POSITIVE_INFINITY;
  for (const entry of entries) {
    const needed = 30 + textWidth(entry.name);
    if (used + needed > width - left - right) {
      rows.push([]);
      used = 0;
    }
    rows.at(-1)!.push(entry);
    used += needed;
  }
  return rows;
}

export interface FrameParts {
  readonly labels: Labels;
  readonly height: number;
  readonly box: Box;
  readonly x: Scale;
  readonly y: Scale;
  readonly data: readonly string[];
  readonly legend?: readonly LegendEntry[];
  /** Texts of ticks where numbers do not do. */
  readonly xText?: (value: number) => string;
  readonly yText?: (value: number) => string;
}

/** A whole chart: the frame around its data. */
export function framed({
  labels,
  height,
  box,
  x,
  y,
  data,
  legend = [],
  xText = tickText,
  yText = tickText,
}: FrameParts): string {
  const rows = legendRows(legend);
  const whole = height + (rows.length === 0 ? 0 : legendGap + rows.length * legendLine);
  const parts = [
    text(16, 26, labels.title, { className: 'title' }),
    text(16, 44, labels.subtitle, { className: 'quiet' }),
  ];
  for (const tick of y.ticks) {
    const at = y.at(tick);
    parts.push(
      line(box.left, at, box.right, at, 'grid'),
      text(box.left - 7, at + 4, yText(tick), { className: 'quiet', anchor: 'end' }),
    );
  }
  for (const tick of x.ticks) {
    parts.push(text(x.at(tick), box.bottom + 16, xText(tick), { className: 'quiet', anchor: 'middle' }));
  }
  parts.push(
    ...data,
    line(box.left, box.bottom, box.right, box.bottom, 'axis'),
    text((box.left + box.right) / 2, box.bottom + 34, labels.x, { className: 'quiet', anchor: 'middle' }),
    text(16, (box.top + box.bottom) / 2, labels.y, { className: 'quiet', anchor: 'middle', turned: -90 }),
  );
  for (const [i, row] of rows.entries()) {
    let at = left;
    for (const { name, className } of row) {
      const y0 = height + legendGap + i * legendLine;
      parts.push(rect(at, y0 - 9, 12, 10, `fill ${className}`), text(at + 17, y0, name));
      at += 30 + textWidth(name);
    }
  }
  return document(width, whole, labels.title, labels.subtitle, parts);
}
