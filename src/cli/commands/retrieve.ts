// filetao retrieve get | list

import type { Command } from 'commander';
import { formatBytes } from '../../adapters/config/byte-size.js';
import type { FileTaoClient, RetrievedFile } from '../../client/client.js';
import type { HashRecord } from '../../client/hash-records.js';
import type { RetrieveProgress } from '../../client/retrieve.js';
import { FileTaoError } from '../../domain/model/errors.js';
import { addConfigOptions, configOf } from '../config-options.js';
import { interruptSignal } from '../interrupt.js';
import { openClient } from '../open-client.js';
import { ProgressBar } from '../progress-bar.js';

interface GetFlags {
  readonly data_hash?: string;
  readonly cid?: string;
  readonly output?: string;
  readonly overwrite?: true;
  readonly json?: true;
}

export function register(program: Command): void {
  const group = program
    .command('retrieve')
    .alias('r')
    .description('Get files back, and list what was stored');

  addConfigOptions(
    group
      .command('get')
      .description('Retrieve an object, verify and decrypt it, print the path of the file')
      .option('--data_hash <cid>', 'CID of the object, as `store put` printed it')
      .option('--cid <cid>', 'The same as --data_hash')
      .option(
        '-o, --output <file>',
        'File to write; - writes to standard output (default: storage_basepath/name)',
      )
      .option('--overwrite', 'Replace the file if it exists')
      .option('--json', 'Print one line of JSON'),
    'client',
  ).action(async (flags: GetFlags, command: Command) => {
    const cid = cidOf(flags);
    const { values } = await configOf(command, 'client');
    const { objectCid } = await import('../../domain/content/cid.js');
    objectCid(cid);
    const client = await openClient(values);
    const bar = new ProgressBar(flags.json !== true);
    const shared = {
      signal: interruptSignal(),
      onProgress: ({ bytes, bytesTotal }: RetrieveProgress) => bar.update('retrieving', bytes, bytesTotal),
    };
    const started = performance.now();
    try {
      if (flags.output === '-') {
        await toStandardOutput(client, cid, shared);
        return;
      }
      const options = { ...shared, overwrite: flags.overwrite === true };
      const file =
        flags.output === undefined
          ? await client.getToFolder(cid, values.storage_basepath, options)
          : await client.getToFile(cid, flags.output, options);
      bar.clear();
      const { encodeSs58, ownerBytes } = await owners();
      const owner = encodeSs58(ownerBytes(file.owner));
      if (flags.json === true) process.stdout.write(asJson(file, owner));
      else {
        const seconds = ((performance.now() - started) / 1000).toFixed(1);
        process.stderr.write(
          `retrieved ${formatBytes(file.size)} in ${seconds} s, verified, put by ${owner}\n`,
        );
        process.stdout.write(`${file.path}\n`);
      }
    } finally {
      bar.clear();
      client.close();
    }
  });

  addConfigOptions(
    group
      .command('list')
      .description('List what was stored from here: all wallets, or the one named')
      .option('--json', 'Print one line of JSON per object'),
    'client',
    { without: ['storage_basepath'] },
  ).action(async (flags: { json?: true }, command: Command) => {
    const { values, origins } = await configOf(command, 'client');
    const { HashRecords, walletsWithRecords } = await import('../../client/hash-records.js');
    const named = origins['wallet.name'].source !== 'default';
    const wallets = named ? [values['wallet.name']] : await walletsWithRecords(values.hash_basepath);
    const rows: Row[] = [];
    for (const wallet of wallets) {
      const records = await new HashRecords(values.hash_basepath, wallet).list();
      rows.push(...records.map((record) => ({ wallet, ...record })));
    }
    if (flags.json === true) {
      for (const row of rows) process.stdout.write(`${JSON.stringify(row)}\n`);
    } else if (rows.length === 0) {
      process.stderr.write(
        `nothing was stored from here yet (${values.hash_basepath}); try: filetao store put\n`,
      );
    } else process.stdout.write(asTable(rows));
  });
}

function cidOf({ data_hash, cid }: GetFlags): string {
  const given = data_hash ?? cid;
  if (given === undefined) throw new FileTaoError('bad-input', 'name the object with --data_hash CID');
  if (cid !== undefined && data_hash !== undefined && cid !== data_hash) {
    throw new FileTaoError('bad-input', '--data_hash and --cid name different objects: give one of them');
  }
  return given;
}

async function toStandardOutput(
  client: FileTaoClient,
  cid: string,
  options: Parameters<FileTaoClient['open']>[1],
): Promise<void> {
  const { pipeline } = await import('node:stream/promises');
  const object = await client.open(cid, options);
  try {
    await pipeline(object.plaintext, process.stdout, { end: false });
  } finally {
    await object.cancel();
  }
}

async function owners(): Promise<{
  readonly encodeSs58: (key: Uint8Array) => string;
  readonly ownerBytes: (hex: string) => Uint8Array;
}> {
  const [{ encodeSs58 }, { fromHex }] = await Promise.all([
    import('../../domain/identity/ss58.js'),
    import('../../domain/model/bytes.js'),
  ]);
  return { encodeSs58, ownerBytes: fromHex };
}

const asJson = ({ cid, path, size, storedSize, expiry }: RetrievedFile, owner: string): string =>
  `${JSON.stringify({ cid, path, size, storedSize, owner, expiry })}\n`;

interface Row extends HashRecord {
  readonly wallet: string;
}

/** Names are a user's, so they may hold anything: what a terminal would act on is shown as �. */
const shown = (text: string): string => text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '\ufffd');

const day = (unixSeconds: number | null): string =>
  unixSeconds === null ? '–' : new Date(unixSeconds * 1000).toISOString().slice(0, 10);

export function asTable(rows: readonly Row[]): string {
  const lines = [
    ['Wallet Name', 'Filename', 'Size', 'Stored', 'Expires', 'Data Hash'],
    ...rows.map(({ wallet, name, size, storedAt, expiry, cid }) => [
      shown(wallet),
      shown(name),
      size === null ? '–' : formatBytes(size),
      day(storedAt),
      day(expiry),
      shown(cid),
    ]),
  ];
  const widths = lines[0]!.map((_, column) => Math.max(...lines.map((line) => line[column]!.length)));
  return lines
    .map((line) =>
      line
        .map((cell, column) => cell.padEnd(widths[column]!))
        .join('  ')
        .trimEnd(),
    )
    .map((line) => `${line}\n`)
    .join('');
}
