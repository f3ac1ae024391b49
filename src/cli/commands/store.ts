// filetao store put

import type { Command } from 'commander';
import { formatBytes } from '../../adapters/config/byte-size.js';
import type { StoreProgress, StoreResult } from '../../client/store.js';
import { addConfigOptions, configOf } from '../config-options.js';
import { interruptSignal } from '../interrupt.js';
import { openClient } from '../open-client.js';
import { ProgressBar } from '../progress-bar.js';

export function register(program: Command): void {
  const group = program.command('store').alias('s').description('Store files, encrypted for your wallet');

  addConfigOptions(
    group
      .command('put')
      .description(
        'Encrypt a file, store it on miners, print its CID. The same command again goes on where this one was interrupted',
      )
      .requiredOption('--filepath <file>', 'File to store; - reads standard input')
      .option('--json', 'Print one line of JSON'),
    'client',
    { without: ['storage_basepath'] },
  ).action(async (options: { filepath: string; json?: true }, command: Command) => {
    const { values } = await configOf(command, 'client');
    const client = await openClient(values);
    const bar = new ProgressBar(options.json !== true);
    const started = performance.now();
    try {
      const result = await client.put(options.filepath === '-' ? process.stdin : options.filepath, {
        ...(options.filepath === '-' ? { name: 'stdin' } : {}),
        signal: interruptSignal(),
        onProgress: (progress) => showProgress(bar, progress),
      });
      bar.clear();
      if (options.json !== true) process.stderr.write(summary(result, performance.now() - started));
      process.stdout.write(options.json === true ? asJson(result) : `${result.cid}\n`);
    } finally {
      bar.clear();
      client.close();
    }
  });
}

const labels: Readonly<Record<StoreProgress['phase'], string>> = {
  fingerprint: 'reading',
  send: 'storing',
  confirm: 'confirming',
};

function showProgress(bar: ProgressBar, progress: StoreProgress): void {
  bar.update(labels[progress.phase], progress.bytes, progress.bytesTotal);
}

function summary(result: StoreResult, elapsedMs: number): string {
  const { name, size, pieces, replicas, bytesSkipped, expiry } = result;
  const what = `stored ${name ?? 'standard input'}: ${formatBytes(size)}`;
  const where = `${pieces} ${pieces === 1 ? 'piece' : 'pieces'} on ${replicas} miners each`;
  const resumed = bytesSkipped > 0 ? `, ${formatBytes(bytesSkipped)} were there already` : '';
  const until = new Date(expiry * 1000).toISOString().slice(0, 10);
  return `${what} in ${(elapsedMs / 1000).toFixed(1)} s, ${where}${resumed}, until ${until}\n`;
}

function asJson(result: StoreResult): string {
  const { manifest: _, ...shown } = result;
  return `${JSON.stringify(shown)}\n`;
}
