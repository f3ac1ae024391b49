// Tells a person what a tool does: one line per step, with its time; a bar only on a terminal.

export interface Narrator {
  title(text: string): void;
  begin(step: string): void;
  progress(done: number, total: number): void;
  done(result: string): void;
}

const barWidth = 24;
const redrawMs = 80;
/** Result lines are broken before this column, whatever the terminal: they are read, copied and kept. */
const columns = 80;
const indent = ' '.repeat(11);

/** Breaks at spaces; words longer than a line stay whole, so that they can be copied. */
function wrapped(text: string): string {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && indent.length + line.length + 1 + word.length > columns) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line].join(`\n${indent}`);
}

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
      clear();
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
      stream.write(`${green('✓')} ${time} s  ${wrapped(`${step}: ${result}`)}\n`);
    },
  };
}
