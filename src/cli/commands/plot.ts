// filetao plot

import type { Command } from 'commander';

interface PlotFlags {
  readonly filepath: string;
  readonly out: string;
  readonly json?: true;
}

export function register(program: Command): void {
  program
    .command('plot')
    .description("Draw a validator's event records: rewards, times, scores, tiers (SVG)")
    .requiredOption('--filepath <file>', 'Event records, one JSON object a line (events.jsonl)')
    .requiredOption('--out <dir>', 'Folder the charts go into')
    .option('--json', 'Print what was written as one line of JSON')
    .action(async ({ filepath, out, json }: PlotFlags) => {
      const { plotEvents } = await import('../../tools/plot/plot-events.js');
      const { events, skipped, files } = await plotEvents(filepath, out);
      if (json) {
        process.stdout.write(`${JSON.stringify({ events, skipped, files })}\n`);
        return;
      }
      if (skipped > 0) process.stderr.write(`left out ${skipped} lines that are no event records\n`);
      for (const file of files) process.stdout.write(`${file}\n`);
    });
}
