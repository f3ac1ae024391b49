// filetao store put

import type { Command } from 'commander';
import { formatBytes } from '../../adapters/config/byte-size.js';
import { parseDuration } from '../../adapters/config/duration.js';
import type { FileTaoClient, PutOptions } from '../../client/client.js';
import type { StoreProgress, StoreResult } from '../../client/put.js';
import type { FoundFile, PassedOver } from '../../client/put-inputs.js';
import { exitCodes, FileTaoError } from '../../domain/model/errors.js';
import { addConfigOptions, configOf } from '../config-options.js';
import { interruptSignal } from '../interrupt.js';
import { openClient } from '../open-client.js';
import { ProgressBar } from '../progress-bar.js';
import { shown } from '../table.js';

interface PutFlags {
  readonly filepath: readonly string[];
  readonly ttl?: string;
  readonly name?: string;
  readonly copies?: string;
  readonly encrypt: boolean;
  readonly acceptTerms?: true;
  readonly json?: true;
}

type Common = Pick<PutOptions, 'encrypt' | 'ttlSeconds' | 'copies' | 'signal'>;

export function register(program: Command): void {
  const group = program.command('store').alias('s').description('Store files, encrypted for your wallet');

  addConfigOptions(
    group
      .command('put')
      .description(
        'Encrypt files, store them on miners, print their CIDs. The same command again goes on where this one was interrupted',
      )
      .requiredOption('--filepath <path...>', 'Files or folders to store; - reads standard input')
      .option(
        '--ttl <time>',
        'How long it is to be kept, e.g. 90d or 12h (default: as long as the node says, 30d as a rule)',
      )
      .option('--copies <count>', "Replicas of each piece, on distinct miners (default: the node's own)")
      .option('--no-encrypt', 'Store it as it is: whoever has the CID can read it')
      .option('--name <name>', 'Name to remember a single file or standard input by')
      .option('--accept-terms', 'Accept the terms of use (TERMS.md) without being shown the notice')
      .option('--json', 'Print one line of JSON for each file'),
    'client',
    { without: ['storage_basepath'] },
  ).action(async (flags: PutFlags, command: Command) => {
    const common: Common = {
      signal: interruptSignal(),
      encrypt: flags.encrypt,
      ...(flags.ttl === undefined ? {} : { ttlSeconds: ttlOf(flags.ttl) }),
      ...(flags.copies === undefined ? {} : { copies: copiesOf(flags.copies) }),
    };
    const config = await configOf(command, 'client');
    const inputs = await inputsOf(flags);
    const client = await openClient(config);
    try {
      const { tellTerms } = await import('../terms-notice.js');
      await tellTerms(flags.acceptTerms === true);
      if (!flags.encrypt) {
        process.stderr.write('warning: --no-encrypt: whoever learns the CID can read what you store\n');
      }
      if (inputs.many === null) await putOne(client, inputs.one, flags, common);
      else await putAll(client, inputs.many, flags, common);
    } finally {
      client.close();
    }
  });
}

type Inputs =
  | { readonly many: null; readonly one: string }
  | { readonly many: (onPassedOver: (passed: PassedOver) => void) => AsyncIterable<FoundFile> };

/** One file or standard input is put by itself, anything else as a list. */
async function inputsOf({ filepath, name }: PutFlags): Promise<Inputs> {
  const [first] = filepath;
  if (name === '') throw new FileTaoError('bad-input', '--name is empty');
  if (filepath.includes('-') && filepath.length > 1) {
    throw new FileTaoError(
      'bad-input',
      'standard input is put by itself: leave the other files to a second put',
    );
  }
  if (first === undefined || first === '') throw new FileTaoError('bad-input', 'name a file with --filepath');
  const { stat } = await import('node:fs/promises');
  const isFolder = filepath.length === 1 && (await stat(first).catch(() => null))?.isDirectory() === true;
  if (filepath.length === 1 && !isFolder) return { many: null, one: first };
  if (name !== undefined)
    throw new FileTaoError('bad-input', '--name is for one file: a folder gives its own names');
  const { filesOf } = await import('../../client/put-inputs.js');
  return { many: (onPassedOver) => filesOf(filepath, onPassedOver, interruptSignal()) };
}

async function putOne(client: FileTaoClient, path: string, flags: PutFlags, common: Common): Promise<void> {
  const isStdin = path === '-';
  if (isStdin && process.stdin.isTTY) process.stderr.write('reading standard input until Ctrl-D\n');
  const name = flags.name ?? (isStdin ? 'stdin' : undefined);
  const bar = new ProgressBar(flags.json !== true);
  const started = performance.now();
  try {
    const result = await client.put(isStdin ? process.stdin : path, {
      ...common,
      ...(name === undefined ? {} : { name }),
      onProgress: (progress) => showProgress(bar, progress),
    });
    bar.clear();
    if (flags.json !== true) process.stderr.write(summary(result, performance.now() - started));
    process.stdout.write(flags.json === true ? asJson(result, name ?? result.name) : `${result.cid}\n`);
  } finally {
    bar.clear();
  }
}

async function putAll(
  client: FileTaoClient,
  files: (onPassedOver: (passed: PassedOver) => void) => AsyncIterable<FoundFile>,
  flags: PutFlags,
  common: Common,
): Promise<void> {
  const bar = new ProgressBar(flags.json !== true);
  const started = performance.now();
  const say = (line: string): void => {
    bar.clear();
    process.stderr.write(`${shown(line)}\n`);
  };
  const count = { stored: 0, failed: 0, passedOver: 0, bytes: 0, skipped: 0 };
  let firstError: FileTaoError | null = null;
  const inputs = (async function* () {
    for await (const { path, name, size } of files((passed) => {
      if (passed.isFailure) count.failed++;
      else count.passedOver++;
      say(`passed over ${passed.path}: ${passed.why}`);
    }))
      yield { input: path, name, size };
  })();
  for await (const event of client.putMany(inputs, common)) {
    if (event.kind === 'failed') {
      count.failed++;
      firstError ??= event.error;
      if (event.error.code !== 'cancelled') say(`${event.name}: ${event.error.message}`);
      continue;
    }
    const { result, name } = event;
    count.stored++;
    count.bytes += result.size;
    count.skipped += result.bytesSkipped;
    bar.clear();
    process.stdout.write(flags.json === true ? asJson(result, name) : `${result.cid}  ${shown(name)}\n`);
    bar.update(`${count.stored} stored`, count.bytes, null);
  }
  bar.clear();
  const seconds = (performance.now() - started) / 1000;
  const { stored, failed, passedOver, bytes, skipped } = count;
  if (common.signal?.aborted === true) {
    throw new FileTaoError(
      'cancelled',
      `${filesInWords(stored)} stored: the same command goes on where this one stopped`,
    );
  }
  if (flags.json !== true) {
    process.stderr.write(
      `stored ${filesInWords(stored)}, ${formatBytes(bytes)} in ${seconds.toFixed(1)} s (${(stored / seconds).toFixed(1)} a second)` +
        `${skipped > 0 ? `, ${formatBytes(skipped)} were there already` : ''}` +
        `${passedOver > 0 ? `, ${passedOver} passed over` : ''}${failed > 0 ? `, ${failed} failed` : ''}\n`,
    );
  }
  if (failed === 0) return;
  if (stored === 0 && firstError !== null) throw firstError;
  process.exitCode = exitCodes.partial;
}

const filesInWords = (count: number): string => `${count} ${count === 1 ? 'file' : 'files'}`;

function ttlOf(text: string): number {
  try {
    return Math.ceil(parseDuration(text));
  } catch (error) {
    throw new FileTaoError('bad-input', `--ttl "${text}" ${(error as Error).message}`);
  }
}

function copiesOf(text: string): number {
  if (!/^\d{1,3}$/u.test(text))
    throw new FileTaoError('bad-input', `--copies "${text}" is not a whole number`);
  return Number(text);
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
  const what = `stored ${shown(name ?? 'standard input')}: ${formatBytes(size)}`;
  const where = `${pieces} ${pieces === 1 ? 'piece' : 'pieces'} on ${replicas} ${replicas === 1 ? 'miner' : 'miners each'}`;
  const resumed = bytesSkipped > 0 ? `, ${formatBytes(bytesSkipped)} were there already` : '';
  const until = new Date(expiry * 1000).toISOString().slice(0, 10);
  return `${what} in ${(elapsedMs / 1000).toFixed(1)} s, ${where}${resumed}, until ${until}\n`;
}

function asJson(result: StoreResult, name: string | null): string {
  const { manifest: _, ...rest } = result;
  return `${JSON.stringify({ ...rest, name })}\n`;
}
