// Results as text for a terminal of 100 columns.

import type { GateLine } from './gates.js';
import type { Measured } from './measure.js';

export const tableWidthMax = 100;

/** Three digits, thousands set apart: 266,000 · 2.04 · 0.0417. */
export function formatRate(value: number): string {
  if (value === 0 || !Number.isFinite(value)) return String(value);
  const rounded = Number(value.toPrecision(3));
  if (rounded >= 100) return Math.round(rounded).toLocaleString('en-US');
  return rounded.toPrecision(3).replace(/e.*$/u, '');
}

export function formatRatio(ratio: number): string {
  return `${ratio >= 100 ? Math.round(ratio) : ratio.toPrecision(ratio >= 0.1 ? 3 : 2)}×`;
}

const columns = ['median', 'min', 'max', 'by CPU', 'filetao is'] as const;
const columnWidths = [10, 9, 10, 10, 11] as const;
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

export function gateTable(gates: readonly GateLine[]): string {
  const head = `${'gate'.padEnd(44)}${'against'.padEnd(28)}${'ratio'.padStart(8)}${'goal'.padStart(8)}  `;
  const lines = gates.map(({ gate, against, atLeast, ratio, met }) => {
    const verdict = met === null ? 'not measured' : met ? 'met' : 'NOT MET';
    return [
      gate.padEnd(44),
      against.padEnd(28),
      (ratio === null ? '–' : formatRatio(ratio)).padStart(8),
      `${atLeast}×`.padStart(8),
      `  ${verdict}`,
    ].join('');
  });
  return [head.trimEnd(), ...lines].map((text) => `${text}\n`).join('');
}
