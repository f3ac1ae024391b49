// Small pictures in the text: bars by the minute, a line of scores, shares of a whole. Drawn by the primitives of the
// charts; colours are classes of the page's sheet. Each says in words what it shows.

import type { Minute } from '../../adapters/observe/activity.js';
import { linearScale } from '../../adapters/observe/plot/scale.js';
import { path, polyline, rect } from '../../adapters/observe/plot/svg.js';
import { Html, html } from './html.js';

const width = 240;
const height = 40;

/** Drawn by our own primitives from numbers alone. */
const drawn = (parts: readonly string[]): Html => new Html(parts.join(''));

/** Bars of the last hour: what passed, and above it what failed. */
export function minuteBars(minutes: readonly Minute[], about: string): Html {
  const scale = linearScale(
    minutes.map(({ passed, failed }) => passed + failed),
    [0, height - 1],
    { zero: true },
  );
  const step = width / minutes.length;
  const bars = minutes.flatMap(({ passed, failed }, i) => {
    const [low, high] = [scale.at(passed), scale.at(passed + failed)];
    const x = i * step;
    return [
      ...(passed > 0 ? [rect(x, height - low, step - 1, low, 'pass')] : []),
      ...(failed > 0 ? [rect(x, height - high, step - 1, high - low, 'fail')] : []),
    ];
  });
  return html`<svg class="spark" viewBox="0 0 ${width} ${height}" preserveAspectRatio="none" role="img" aria-label="${about}">${drawn(
    [...bars, path(`M0 ${height}H${width}`, 'ground')],
  )}</svg>`;
}

/** A line through values, the oldest first. */
export function valueLine(values: readonly number[], about: string): Html {
  const x = linearScale(values.keys(), [1, width - 1], { rounded: false });
  const y = linearScale(values, [height - 2, 2], { rounded: false });
  const points = values.map((value, i) => ({ x: x.at(i), y: y.at(value) }));
  return html`<svg class="spark" viewBox="0 0 ${width} ${height}" preserveAspectRatio="none" role="img" aria-label="${about}">${drawn(
    [path(polyline(points), 'line')],
  )}</svg>`;
}

export interface Share {
  readonly className: string;
  readonly amount: number;
}

/** One bar of shares; what it says stands beside it in words. */
export function shareBar(
  shares: readonly Share[],
  whole = shares.reduce((sum, { amount }) => sum + amount, 0),
): Html {
  let at = 0;
  const parts = shares
    .filter(({ amount }) => amount > 0 && whole > 0)
    .map(({ className, amount }) => {
      const length = Math.min(100 - at, Math.max(1, (100 * amount) / whole));
      const part = rect(at, 0, length, 6, className);
      at += length;
      return part;
    });
  return html`<svg class="shares" viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">${drawn([
    rect(0, 0, 100, 6, 'rest'),
    ...parts,
  ])}</svg>`;
}
