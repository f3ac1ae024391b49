// A line on stderr that shows how far a transfer is, on a terminal only: elsewhere it would be noise in a log.

import { formatBytes } from '../adapters/config/byte-size.js';

const redrawMs = 100;
const barWidth = 24;

export class ProgressBar {
  readonly #stream: NodeJS.WriteStream;
  readonly #shown: boolean;
  #startedMs = performance.now();
  #drawnMs = Number.NEGATIVE_INFINITY;
  #label = '';

  constructor(shown: boolean, stream: NodeJS.WriteStream = process.stderr) {
    this.#stream = stream;
    this.#shown = shown && stream.isTTY === true;
  }

  /** `total` null: only the amount is shown. A new label starts the clock of the rate again. */
  update(label: string, done: number, total: number | null): void {
    if (!this.#shown) return;
    const now = performance.now();
    if (label !== this.#label) {
      this.#label = label;
      this.#startedMs = now;
    } else if (now - this.#drawnMs < redrawMs && done !== total) return;
    this.#drawnMs = now;
    this.#stream.write(
      `\r${progressLine(label, done, total, now - this.#startedMs).slice(0, this.#columns)}\u001b[K`,
    );
  }

  /** Takes the line away. */
  clear(): void {
    if (this.#shown && this.#label !== '') this.#stream.write('\r\u001b[K');
  }

  get #columns(): number {
    return Math.max(20, this.#stream.columns ?? 80) - 1;
  }
}

export function progressLine(label: string, done: number, total: number | null, elapsedMs: number): string {
  const rate = elapsedMs > 500 ? `  ${formatBytes(Math.round((done * 1000) / elapsedMs))}/s` : '';
  if (total === null || total === 0) return `${label}  ${formatBytes(done)}${rate}`;
  const share = Math.min(1, done / total);
  const filled = Math.round(share * barWidth);
  const bar = `${'█'.repeat(filled)}${'░'.repeat(barWidth - filled)}`;
  const percent = `${Math.floor(share * 100)}`.padStart(3);
  const left =
    share > 0 && share < 1 && elapsedMs > 2000 ? `  ${seconds((elapsedMs / share) * (1 - share))} left` : '';
  return `${label}  ${bar} ${percent} %  of ${formatBytes(total)}${rate}${left}`;
}

function seconds(ms: number): string {
  const whole = Math.ceil(ms / 1000);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}
