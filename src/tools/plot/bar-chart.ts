// Bars from left to right, several to a group, each with its value written at its end.

import { tickText } from '../../adapters/observe/plot/scale.js';
import { document, line, rect, seriesClass, text } from '../../adapters/observe/plot/svg.js';
import { type LegendEntry, width } from './frame.js';

export interface Bar {
  readonly name: string;
  /** One value per entry of the legend; null is not known, and said so. */
  readonly values: readonly (number | null)[];
}

const labelWidth = 190;
const valueWidth = 90;
const barHeight = 13;
const groupGap = 9;

/** @param legend names of a group's bars, in order */
export function barChart(
  title: string,
  subtitle: string,
  bars: readonly Bar[],
  legend: readonly LegendEntry['name'][],
  valueText: (value: number) => string = tickText,
): string {
  const largest = Math.max(1e-12, ...bars.flatMap(({ values }) => values.map((value) => value ?? 0)));
  const scale = (width - labelWidth - valueWidth - 16) / largest;
  const parts = [text(16, 26, title, { className: 'title' }), text(16, 44, subtitle, { className: 'quiet' })];
  let y = 60;
  for (const { name, values } of bars) {
    parts.push(text(labelWidth - 8, y + (values.length * barHeight) / 2 + 4, name, { anchor: 'end' }));
    for (const [i, value] of values.entries()) {
      const length = Math.max(0, (value ?? 0) * scale);
      if (value !== null)
        parts.push(rect(labelWidth, y + 1, Math.max(1, length), barHeight - 2, `fill ${seriesClass(i)}`));
      parts.push(
        text(
          labelWidth + length + 6,
          y + barHeight - 2.5,
          value === null ? 'not reached' : valueText(value),
          { className: 'quiet' },
        ),
      );
      y += barHeight;
    }
    y += groupGap;
  }
  parts.push(line(labelWidth, 54, labelWidth, y - groupGap + 4, 'axis'));
  if (legend.length > 1) {
    y += 12;
    for (const [i, name] of legend.entries()) {
      parts.push(rect(16 + i * 240, y - 9, 12, 10, `fill ${seriesClass(i)}`), text(34 + i * 240, y, name));
    }
  }
  return document(width, y + 14, title, subtitle, parts);
}
