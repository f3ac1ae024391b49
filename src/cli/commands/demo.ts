// filetao demo [FILE]

import { type Command, InvalidArgumentError } from 'commander';
import { parseBytes } from '../../adapters/config/byte-size.js';
import { exitCodes } from '../../domain/model/errors.js';
import { interruptSignal } from '../interrupt.js';

const whole = (text: string): number => {
  if (!/^\d{1,6}$/.test(text)) throw new InvalidArgumentError('expected a whole number');
  return Number(text);
};

const portNumber = (text: string): number => {
  if (!(whole(text) <= 65_535)) throw new InvalidArgumentError('expected a port');
  return Number(text);
};

const size = (text: string): number => {
  try {
    return parseBytes(text);
  } catch (error) {
    throw new InvalidArgumentError(`It ${(error as Error).message}`);
  }
};

interface Options {
  readonly miners: number;
  readonly replicas: number;
  readonly size: number;
  readonly rounds: number;
  readonly 'database.url'?: string;
  readonly 'dashboard.port'?: number;
  readonly json?: true;
}

export function register(program: Command): void {
  program
    .command('demo')
    .description('Show it all on this machine: store, prove, catch a damaging miner, retrieve')
    .argument('[file]', 'File to store (default: a generated one)')
    .option('--miners <n>', 'Miners to start', whole, 5)
    .option('--replicas <n>', 'Replicas of each piece', whole, 3)
    .option('--size <bytes>', 'Size of the generated file', size, parseBytes('64MiB'))
    .option('--rounds <n>', 'Challenge rounds over all replicas', whole, 3)
    .option('--database.url <url>', 'redis://… that keeps the indexes of all nodes (default: LMDB)')
    .option(
      '--dashboard.port <port>',
      'Show the validator’s dashboard there, and keep the network until Ctrl-C; 0 takes a free port',
      portNumber,
    )
    .option('--json', 'Print the result as one line of JSON on stdout, progress on stderr')
    .action(async (file: string | undefined, options: Options) => {
      const signal = interruptSignal();
      const [{ runDemo }, { createNarrator }] = await Promise.all([
        import('../../tools/demo/demo.js'),
        import('../../tools/demo/narrator.js'),
      ]);
      const { json, 'database.url': databaseUrl, 'dashboard.port': dashboardPort, ...numbers } = options;
      const result = await runDemo({
        ...numbers,
        ...(databaseUrl === undefined ? {} : { databaseUrl }),
        ...(dashboardPort === undefined ? {} : { dashboardPort }),
        ...(file === undefined ? {} : { file }),
        narrator: createNarrator(json ? process.stderr : process.stdout),
        signal,
      });
      if (json) process.stdout.write(`${JSON.stringify(result)}\n`);
      else process.stdout.write(result.ok ? 'All of it held.\n' : 'SOMETHING DID NOT HOLD.\n');
      if (!result.ok) process.exitCode = exitCodes.integrity;
    });
}
