// filetao retrieve get | list

import type { Command } from 'commander';
import { formatBytes } from '../../adapters/config/byte-size.js';
import type { FileTaoClient, GetOptions } from '../../client/client.js';
import type { ListedEntry } from '../../client/listing.js';
import type { ObjectFacts, RetrieveProgress } from '../../client/retrieve.js';
import { FileTaoError } from '../../domain/model/errors.js';
import { addConfigOptions, configOf } from '../config-options.js';
import { interruptSignal } from '../interrupt.js';
import { openClient } from '../open-client.js';
import { ProgressBar } from '../progress-bar.js';
import { asTable, day, shortened, shown } from '../table.js';

interface GetFlags {
  readonly data_hash?: string;
  readonly cid?: string;
  readonly output?: string;
  readonly range?: string;
  readonly decrypt: boolean;
  readonly overwrite?: true;
  readonly force?: true;
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
      .description(
        'Retrieve an object, verify and decrypt it, print the path of the file. The same command again goes on where this one was interrupted',
      )
      .option('--data_hash <cid>', 'CID of the object, as `store put` printed it')
      .option('--cid <cid>', 'The same as --data_hash')
      .option(
        '-o, --output <file>',
        'File to write; - writes to standard output (default: storage_basepath/name)',
      )
      .option(
        '--range <bytes>',
        'Only these bytes of the file: 0-99, 100- or -100; to standard output without -o',
      )
      .option('--no-decrypt', 'Take the object as it is stored')
      .option('--overwrite', 'Replace the file if it exists')
      .option('--force', 'The same as --overwrite')
      .option('--json', 'Print one line of JSON'),
    'client',
  ).action(async (flags: GetFlags, command: Command) => {
    const cid = cidOf(flags);
    const config = await configOf(command, 'client');
    const [{ objectCid }, { parseByteRange }] = await Promise.all([
      import('../../domain/content/cid.js'),
      import('../../client/retrieve.js'),
    ]);
    objectCid(cid);
    const range = flags.range === undefined ? null : parseByteRange(flags.range);
    const toStdout = flags.output === '-' || (range !== null && flags.output === undefined);
    if (toStdout && flags.json === true) {
      throw new FileTaoError('bad-input', '--json describes a file: name one with -o');
    }
    if (range !== null && flags.output === undefined && process.stdout.isTTY) {
      throw new FileTaoError('bad-input', 'name the file to write with -o FILE; -o - writes to the terminal');
    }
    const client = await openClient(config);
    const bar = new ProgressBar(flags.json !== true);
    const shared: GetOptions = {
      signal: interruptSignal(),
      decrypt: flags.decrypt,
      onProgress: ({ bytes, bytesTotal }: RetrieveProgress) => bar.update('retrieving', bytes, bytesTotal),
    };
    const overwrite = flags.overwrite === true || flags.force === true;
    const started = performance.now();
    try {
      if (toStdout) {
        const object =
          range === null ? await client.open(cid, shared) : await client.openRange(cid, range, shared);
        await toStandardOutput(object.plaintext);
        return;
      }
      const file = await toFile(client, cid, flags.output ?? null, range, config.values.storage_basepath, {
        ...shared,
        overwrite,
      });
      bar.clear();
      const owner = await ownerOf(file);
      if (flags.json === true) process.stdout.write(asJson(file, owner, flags.decrypt));
      else {
        const seconds = ((performance.now() - started) / 1000).toFixed(1);
        process.stderr.write(said(file, seconds, owner, flags.decrypt));
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
      .description('List what was stored: name, CID, size, dates, health')
      .option('--offline', 'Ask no node: names and dates from this machine alone')
      .option('--json', 'Print one line of JSON for each object'),
    'client',
    { without: ['storage_basepath'] },
  ).action(async (flags: { json?: true; offline?: true }, command: Command) => {
    const config = await configOf(command, 'client');
    const { listing, walletsToList } = await import('../../client/listing.js');
    const wallets = await walletsToList(config);
    const rows: ListedEntry[] = [];
    for (const wallet of wallets) {
      for await (const entry of listing(config, wallet, {
        offline: flags.offline === true,
        say: (line) => void process.stderr.write(`${shown(line)}\n`),
        signal: interruptSignal(),
      })) {
        if (flags.json === true) process.stdout.write(`${JSON.stringify(entry)}\n`);
        else rows.push(entry);
      }
    }
    if (flags.json === true) return;
    if (rows.length === 0) {
      process.stderr.write(
        `nothing was stored from here yet (${config.values.hash_basepath}); try: filetao store put\n`,
      );
    } else process.stdout.write(listTable(rows));
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

interface Retrieved extends ObjectFacts {
  readonly path: string;
  readonly bytesKept?: number;
  readonly start?: number;
  readonly end?: number;
}

async function toFile(
  client: FileTaoClient,
  cid: string,
  output: string | null,
  range: { readonly start: number; readonly end: number | null } | null,
  folder: string,
  options: GetOptions & { readonly overwrite: boolean },
): Promise<Retrieved> {
  if (range !== null && output !== null) return client.getRangeToFile(cid, range, output, options);
  return output === null ? client.getToFolder(cid, folder, options) : client.getToFile(cid, output, options);
}

async function toStandardOutput(plaintext: AsyncGenerator<Uint8Array, void>): Promise<void> {
  const { pipeline } = await import('node:stream/promises');
  await pipeline(plaintext, process.stdout, { end: false });
}

async function ownerOf({ owner }: ObjectFacts): Promise<string> {
  const [{ encodeSs58 }, { fromHex }] = await Promise.all([
    import('../../domain/identity/ss58.js'),
    import('../../domain/model/bytes.js'),
  ]);
  return encodeSs58(fromHex(owner));
}

function said(
  { size, bytesKept = 0, encrypted, start, end }: Retrieved,
  seconds: string,
  owner: string,
  isDecrypted: boolean,
): string {
  const kept = bytesKept > 0 ? `, ${formatBytes(bytesKept)} were here already` : '';
  const plain = !isDecrypted ? ', as it is stored' : encrypted ? '' : ', not encrypted';
  const what =
    start === undefined || end === undefined
      ? `${formatBytes(size)} in ${seconds} s, verified`
      : `bytes ${start}-${end - 1} of ${size} in ${seconds} s, proved to the manifest`;
  return `retrieved ${what}${kept}${plain}, put by ${owner}\n`;
}

function asJson(file: Retrieved, owner: string, isDecrypted: boolean): string {
  const { cid, path, size, storedSize, expiry, bytesKept, start, end } = file;
  // What is taken as it is stored is not looked into.
  const encrypted = isDecrypted ? file.encrypted : null;
  return `${JSON.stringify({ cid, path, size, storedSize, owner, encrypted, expiry, bytesKept, start, end })}\n`;
}

export function listTable(rows: readonly ListedEntry[]): string {
  return asTable([
    ['Wallet Name', 'Filename', 'Size', 'Stored', 'Expires', 'Health', 'Data Hash'],
    ...rows.map(({ wallet, name, size, storedAt, expiry, health, cid }) => [
      shown(wallet),
      name === null ? '–' : shortened(shown(name)),
      size === null ? '–' : formatBytes(size),
      day(storedAt),
      day(expiry),
      health ?? '–',
      shown(cid),
    ]),
  ]);
}
