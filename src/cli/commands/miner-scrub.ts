// filetao miner scrub

import { type Command, InvalidArgumentError } from 'commander';
import { formatBytes, parseBytes } from '../../adapters/config/byte-size.js';
import { type OptionKey, optionsOf } from '../../adapters/config/schema.js';
import { exitCodes } from '../../domain/model/errors.js';
import type { ScrubFinding } from '../../nodes/miner/scrub-reports.js';
import { addConfigOptions, configOf } from '../config-options.js';
import { interruptSignal } from '../interrupt.js';

/** What finds the miner's data; the other options of a miner make no difference here. */
const shown = (key: OptionKey): boolean =>
  key.startsWith('wallet.') || key.startsWith('database.') || key === 'proving.workers';

const rate = (text: string): number => {
  try {
    const bytes = parseBytes(text);
    if (bytes >= 1) return bytes;
  } catch {
    // said below
  }
  throw new InvalidArgumentError('expected bytes per second such as 50MiB');
};

/** @param miner the command `filetao miner` */
export function addMinerScrub(miner: Command): void {
  const scrub = miner
    .command('scrub')
    .description('Read every replica and compare it with its root; the miner may be running')
    .option('--rate <bytes>', 'Bytes to read per second at most (default: as fast as it goes)', rate)
    .option('--json', 'Print one line of JSON per finding, and one of the summary');
  addConfigOptions(scrub, 'miner', { without: optionsOf('miner').filter((key) => !shown(key)) }).action(
    async (flags: { readonly rate?: number; readonly json?: true }, command: Command) => {
      const config = await configOf(command, 'miner');
      const { scrubMiner } = await import('../../tools/maintenance/scrub-miner.js');
      const signal = interruptSignal();
      const print = (line: string): void => void process.stdout.write(`${line}\n`);
      const onTerminal = process.stderr.isTTY && !flags.json;
      const { replicas, bytes, faults } = await scrubMiner(config, {
        bytesPerSecond: flags.rate ?? Number.POSITIVE_INFINITY,
        signal,
        onFinding: (finding) => print(flags.json ? JSON.stringify(finding) : asText(finding)),
        onProgress: (counts) => {
          if (onTerminal)
            process.stderr.write(`\r${counts.replicas} replicas, ${formatBytes(counts.bytes)}\u001b[K`);
        },
      });
      if (onTerminal) process.stderr.write('\r\u001b[K');
      const lost = faults.damaged + faults.missing;
      print(
        flags.json
          ? JSON.stringify({ replicas, bytes, faults, complete: !signal.aborted })
          : `${replicas} replicas, ${bytes} bytes: ${lost} lost, ${faults.unreadable} unreadable, ` +
              `${faults.outboard} outboards rebuilt, ${faults.terms} terms damaged`,
      );
      if (signal.aborted) process.exitCode = exitCodes.interrupted;
      else if (lost + faults.unreadable > 0) process.exitCode = exitCodes.integrity;
    },
  );
}

const sentences = {
  damaged: 'is damaged; its bytes are now in',
  missing: 'is lost:',
  unreadable: 'cannot be read:',
  terms: 'has damaged terms:',
  outboard: 'had its outboard rebuilt:',
} as const satisfies Record<ScrubFinding['fault'], string>;

const asText = ({ fault, root, validatorKey, detail }: ScrubFinding): string =>
  `replica ${root} of validator ${validatorKey} ${sentences[fault]} ${detail}`;
