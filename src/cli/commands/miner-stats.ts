// filetao miner stats

import { type Command, InvalidArgumentError } from 'commander';
import { optionsOf } from '../../adapters/config/schema.js';
import { addConfigOptions, configOf } from '../config-options.js';
import { interruptSignal } from '../interrupt.js';
import { moment } from '../table.js';

interface Flags {
  readonly index?: string;
  readonly json?: true;
  readonly watch?: true;
}

const watchMs = 2000;
const without = optionsOf('validator').filter(
  (key) => !/^(wallet\.(path|name|hotkey)|database\..*|tier\.limits)$/u.test(key),
);

/** @param miner the command `filetao miner` */
export function addMinerStats(miner: Command): void {
  const command = miner
    .command('stats')
    .description("Show what a validator's index counts of every miner, its tier and its storage")
    .option(
      '--index <number>',
      'Number of the database in the Redis of --database.host; short for --database.index',
      (text: string) => {
        if (!/^\d{1,5}$/u.test(text)) throw new InvalidArgumentError('expected a whole number');
        return text;
      },
    )
    .option('--watch', 'Show it again every two seconds')
    .option('--json', 'Print one line of JSON each time');
  addConfigOptions(command, 'validator', { without }).action(async (flags: Flags, self: Command) => {
    if (flags.index !== undefined) self.setOptionValue('database.index', flags.index);
    const signal = interruptSignal();
    const [config, { openStats, statsLines }] = await Promise.all([
      configOf(self, 'validator'),
      import('../../tools/operator/miner-stats.js'),
    ]);
    const stats = await openStats(config);
    try {
      do {
        const rows = await stats.read();
        if (flags.json) process.stdout.write(`${JSON.stringify({ miners: rows })}\n`);
        else if (flags.watch && process.stdout.isTTY) redraw(statsLines(rows, process.stdout.columns));
        else process.stdout.write(`${statsLines(rows).join('\n')}\n`);
        if (flags.watch) await pause(signal);
      } while (flags.watch && !signal.aborted);
    } finally {
      await stats.close();
    }
  });
}

/** Over what was there, in one write and line by line: a screen that is cleared first flickers. */
function redraw(lines: readonly string[]): void {
  const [home, endOfLine, endOfScreen] = ['\u001b[H', '\u001b[K\n', '\u001b[J'];
  // The time, the last line's end, and what did not fit.
  const room = Math.max(2, process.stdout.rows - 3);
  const more = lines.length - room;
  const said = [
    `${moment(Math.floor(Date.now() / 1000))}, again every ${watchMs / 1000} s; Ctrl-C ends it`,
    ...lines.slice(0, room),
    ...(more > 0 ? [`and ${more} more: without --watch all are shown`] : []),
  ];
  process.stdout.write(`${home}${said.map((line) => line + endOfLine).join('')}${endOfScreen}`);
}

const pause = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const timer = setTimeout(resolve, watchMs);
    signal.addEventListener(
      'abort',
      () => {
        clearTimeout(timer);
        resolve();
      },
      { once: true },
    );
  });
