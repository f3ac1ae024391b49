// A suite as an SVG bar chart: one group of bars per case, each group to its own scale, since a case's rates are compared
// with one another only. Colours follow the reader's light or dark mode, and read in both where a viewer ignores that.

import type { ResultLine } from './results.js';
import { formatRate, formatRatio } from './table.js';

const width = 900;
const labelWidth = 330;
const valueWidth = 190;
const barHeight = 18;
const barGap = 6;
const groupGap = 26;
const top = 64;
const fullBar = width - labelWidth - valueWidth - 24;

const style = `
  svg { background: #ffffff }
  text { font: 13px system-ui, sans-serif; fill: #24292f }
  .title { font-size: 17px; font-weight: 600 }
  .quiet { fill: #57606a; font-size: 12px }
  .case { font-weight: 600 }
  .ours { fill: #0969da }
  .plain { fill: #54a0ee }
  .peer { fill: #8c959f }
  @media (prefers-color-scheme: dark) {
    svg { background: #0d1117 }
    text { fill: #e6edf3 }
    .quiet { fill: #9198a1 }
    .ours { fill: #4493f8 }
    .plain { fill: #1f6feb }
    .peer { fill: #6e7681 }
  }`;

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

/** @param machine said in the corner: a chart without its machine says nothing. */
export function suiteChart(title: string, lines: readonly ResultLine[], machine: string): string {
  const parts: string[] = [];
  const text = (x: number, y: number, className: string, content: string, anchor = 'start'): void => {
    parts.push(
      `<text x="${x}" y="${y}" class="${className}" text-anchor="${anchor}">${escaped(content)}</text>`,
    );
  };
  text(16, 28, 'title', title);
  text(16, 48, 'quiet', `${machine}; medians, larger is better; the thin line is min to max`);
  let y = top;
  for (const name of new Set(lines.map((line) => line.case))) {
    const group = lines.filter((line) => line.case === name);
    const scale = fullBar / Math.max(...group.map(({ max }) => max));
    const ours = group.find(({ impl }) => impl === 'filetao')?.median;
    text(16, y + 14, 'case', `${name} (${group[0]!.unit})`);
    y += 24;
    for (const { impl, median, min, max } of group) {
      const className = impl === 'filetao' ? 'ours' : impl.startsWith('filetao ') ? 'plain' : 'peer';
      const middle = y + barHeight / 2;
      const [from, to] = [labelWidth + min * scale, labelWidth + max * scale];
      text(labelWidth - 10, y + 13, '', impl, 'end');
      parts.push(
        `<rect x="${labelWidth}" y="${y}" width="${Math.max(1, median * scale).toFixed(1)}" height="${barHeight}" rx="2" class="${className}"/>`,
        `<line x1="${from.toFixed(1)}" x2="${to.toFixed(1)}" y1="${middle}" y2="${middle}" stroke="#bf8700" stroke-width="2"/>`,
      );
      const ratio =
        ours === undefined || impl === 'filetao' ? '' : `   filetao is ${formatRatio(ours / median)}`;
      text(to + 8, y + 13, 'quiet', `${formatRate(median)}${ratio}`);
      y += barHeight + barGap;
    }
    y += groupGap - barGap;
  }
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${y}" width="${width}" height="${y}" role="img">`,
    `<title>${escaped(title)}</title>`,
    `<style>${style}\n</style>`,
    ...parts,
    '</svg>\n',
  ].join('\n');
}
