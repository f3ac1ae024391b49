// filetao plot

import type { Command } from 'commander';
import { FileTaoError } from '../../domain/model/errors.js';

interface PlotFlags {
  readonly filepath: string;
  readonly out?: string;
  readonly csv?: string;
  readonly json?: true;
}

export function register(program: Command): void {
  program
    .command('plot')
    .description(
      "Draw a validator's event records: rewards, times, scores, tiers (SVG), or write them as a table (CSV)",
    )
    .requiredOption('--filepath <file>', 'Event records, one JSON object a line (events.jsonl)')
    .option('--out <dir>', 'Folder the charts go into')
    .option('--csv <file>', 'Table to write, a row for each answer')
    .option('--json', 'Print what was written as one line of JSON')
    .action(async ({ filepath, out, csv, json }: PlotFlags) => {
      if (out === undefined && csv === undefined)
        throw new FileTaoError(
          'bad-input',
          'name a folder for charts (--out), a file for a table (--csv), or both',
        );
      const files: string[] = [];
      let said: { readonly events?: number; readonly rows?: number; readonly skipped: number } = {
        skipped: 0,
      };
      if (out !== undefined) {
        const { plotEvents } = await import('../../tools/plot/plot-events.js');
        const { events, skipped, files: charts } = await plotEvents(filepath, out);
        said = { ...said, events, skipped };
        files.push(...charts);
      }
      if (csv !== undefined) {
        const { writeEventTable } = await import('../../tools/plot/event-table.js');
        said = { ...said, ...(await writeEventTable(filepath, csv)) };
        files.push(csv);
      }
      if (json) {
        process.stdout.write(`${JSON.stringify({ ...said, files })}\n`);
        return;
      }
      if (said.skipped > 0)
        process.stderr.write(`left out ${said.skipped} lines that are no event records\n`);
      for (const file of files) process.stdout.write(`${file}\n`);
    });
}
