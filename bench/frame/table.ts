// Results as text for a terminal of 100 columns.

import type { GateLine } from './gates.js';
import type { Measured } from './measure.js';

export const tableWidthMax = 100;

/** Three digits, thousands set apart: 266,000 · 2.04 · 0.0417. */
export function formatRate(value: number): string {
  if (value === 0 || !Number.isFinite(value)) return String(value);
  const rounded = Number(value.toPrecision(3));
  if (rounded >= 100) return Math.round(rounded).toLocaleString('en-US');
  return rounded >= 0.001 ? rounded.toPrecision(3) : rounded.toExponential(2);
}

export function formatRatio(ratio: number): string {
  return `${ratio >= 100 ? Math.round(ratio) : ratio.toPrecision(ratio >= 0.1 ? 3 : 2)}×`;
}

const columns = ['median', 'min', 'max', 'by CPU', 'filetao is'] as const;
const columnWidths = [11, 11, 11, 11, 11] as const;
const nameWidth = tableWidthMax - columnWidths.reduce((sum, width) => sum + width, 0);

/** A case's rows; the last column is how many times as fast `filetao` is as the row. */
export function suiteTable(all: readonly Measured[]): string {
  const lines: string[] = [];
  for (const name of new Set(all.map((measured) => measured.case))) {
    const rows = all.filter((measured) => measured.case === name);
    const ours = rows.find(({ impl }) => impl === 'filetao');
    lines.push(row(`  ${name}  [${rows[0]!.unit}]`, columns));
    for (const { impl, wall, cpu } of rows) {
      lines.push(
        row(`    ${impl}`, [
          formatRate(wall.median),
          formatRate(wall.min),
          formatRate(wall.max),
          cpu === null ? '–' : formatRate(cpu.median),
          ours === undefined ? '–' : formatRatio(ours.wall.median / wall.median),
        ]),
      );
    }
  }
  return lines.map((text) => `${text}\n`).join('');
}

function row(name: string, cells: readonly string[]): string {
  const shown = name.length > nameWidth ? `${name.slice(0, nameWidth - 1)}…` : name.padEnd(nameWidth);
  return shown + cells.map((cell, i) => cell.padStart(columnWidths[i]!)).join('');
}

const gateWidths = [41, 26, 8, 8, 7] as const;

/** `by CPU` is the same ratio from CPU times: where the two differ much, others used this machine. */
export function gateTable(gates: readonly GateLine[]): string {
  const shown = (ratio: number | null): string => (ratio === null ? '–' : formatRatio(ratio));
  const rows = gates.map(({ gate, against, atLeast, ratio, cpuRatio, met }) => {
    const verdict = met === null ? '–' : met ? 'met' : 'NOT MET';
    return [gate, against, shown(ratio), shown(cpuRatio), `${atLeast}×`, verdict];
  });
  return [['gate', 'against', 'ratio', 'by CPU', 'goal', ''], ...rows]
    .map((cells) => {
      const padded = cells.map((cell, i) => {
        const width = gateWidths[i];
        if (width === undefined) return `  ${cell}`;
        return i < 2 ? cell.padEnd(width) : cell.padStart(width);
      });
      return `${padded.join('').trimEnd()}\n`;
    })
    .join('');
}
