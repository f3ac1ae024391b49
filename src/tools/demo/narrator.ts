// Tells a person what a tool does: one line per step, with its time; a bar only on a terminal.

export interface Narrator {
  title(text: string): void;
  begin(step: string): void;
  progress(done: number, total: number): void;
  done(result: string): void;
}

const barWidth = 24;
const redrawMs = 80;

/** Writes to `stream`: stderr with --json, stdout without. */
export function createNarrator(stream: NodeJS.WriteStream): Narrator {
  const live = stream.isTTY === true && process.env.TERM !== 'dumb';
  const colour = live && !process.env.NO_COLOR;
  const bold = (text: string): string => (colour ? `\u001b[1m${text}\u001b[22m` : text);
  const green = (text: string): string => (colour ? `\u001b[32m${text}\u001b[39m` : text);
  let step = '';
  let started = 0;
  let drawnAt = 0;
  const clear = (): void => {
    if (live) stream.write('\r\u001b[K');
  };
  return {
    title(text) {
      stream.write(`${bold(text)}\n`);
    },
    begin(text) {
      step = text;
      started = performance.now();
      drawnAt = 0;
      if (live) stream.write(`  ${step} …`);
    },
    progress(done, total) {
      if (!live || performance.now() - drawnAt < redrawMs) return;
      drawnAt = performance.now();
      const share = total > 0 ? Math.min(1, done / total) : 0;
      const filled = Math.round(share * barWidth);
      clear();
      stream.write(
        `  ${step} [${'█'.repeat(filled)}${'·'.repeat(barWidth - filled)}] ${Math.round(100 * share)} %`,
      );
    },
    done(result) {
      clear();
      const time = ((performance.now() - started) / 1000).toFixed(1).padStart(5);
      stream.write(`${green('✓')} ${time} s  ${step}: ${result}\n`);
    },
  };
}
