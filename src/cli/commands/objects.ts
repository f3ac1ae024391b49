// filetao status | delete | renew

import type { Command } from 'commander';
import { formatBytes } from '../../adapters/config/byte-size.js';
import { formatDuration, parseDuration } from '../../adapters/config/duration.js';
import type { ObjectStatus } from '../../client/api-answers.js';
import type { FileTaoClient } from '../../client/client.js';
import { FileTaoError } from '../../domain/model/errors.js';
import { addConfigOptions, configOf } from '../config-options.js';
import { interruptSignal } from '../interrupt.js';
import { openClient } from '../open-client.js';
import { asTable, moment } from '../table.js';

export function register(program: Command): void {
  addConfigOptions(
    program
      .command('status')
      .description('How an object is: replicas, miners, last proof, confidence reached')
      .argument('<cid>', 'CID of the object')
      .option('--json', 'Print one line of JSON'),
    'client',
    { without: ['storage_basepath'] },
  ).action(async (cid: string, flags: { json?: true }, command: Command) => {
    const status = await withClient(command, (client) => client.status(cid, interruptSignal()));
    process.stdout.write(flags.json === true ? `${JSON.stringify(status)}\n` : statusText(status));
  });

  addConfigOptions(
    program
      .command('delete')
      .description('Remove an object of yours from the network; only its owner can')
      .argument('<cid>', 'CID of the object')
      .option('--yes', 'Delete without asking')
      .option('--json', 'Print one line of JSON'),
    'client',
    { without: ['storage_basepath'] },
  ).action(async (cid: string, flags: { yes?: true; json?: true }, command: Command) => {
    const { objectCid } = await import('../../domain/content/cid.js');
    const object = objectCid(cid);
    if (flags.yes !== true) await confirm(`Delete ${object} for good?`);
    const deleted = await withClient(command, (client) => client.remove(object, interruptSignal()));
    if (flags.json === true) process.stdout.write(`${JSON.stringify({ cid: deleted, deleted: true })}\n`);
    else process.stderr.write(`deleted ${deleted}\n`);
  });

  addConfigOptions(
    program
      .command('renew')
      .description('Keep an object of yours longer; it is never kept shorter')
      .argument('<cid>', 'CID of the object')
      .requiredOption('--ttl <time>', 'How long from now, e.g. 90d or 12h')
      .option('--json', 'Print one line of JSON'),
    'client',
    { without: ['storage_basepath'] },
  ).action(async (cid: string, flags: { ttl: string; json?: true }, command: Command) => {
    const ttl = ttlOf(flags.ttl);
    const renewed = await withClient(command, (client) => client.renew(cid, ttl, interruptSignal()));
    const { manifest: _, ...rest } = renewed;
    if (flags.json === true) process.stdout.write(`${JSON.stringify(rest)}\n`);
    else
      process.stderr.write(`${rest.cid} is kept until ${moment(rest.expiry)}, ${rest.replicas} replicas\n`);
  });
}

async function withClient<Result>(
  command: Command,
  action: (client: FileTaoClient) => Promise<Result>,
): Promise<Result> {
  const client = await openClient(await configOf(command, 'client'));
  try {
    return await action(client);
  } finally {
    client.close();
  }
}

async function confirm(question: string): Promise<void> {
  const terminal = await import('../terminal.js');
  if (!terminal.isInteractive()) {
    throw new FileTaoError('bad-input', 'nobody is there to confirm: add --yes; nothing was changed');
  }
  if (!(await terminal.askYesNo(question))) {
    throw new FileTaoError('cancelled', 'not confirmed; nothing was changed');
  }
}

function ttlOf(text: string): number {
  try {
    return Math.ceil(parseDuration(text));
  } catch (error) {
    throw new FileTaoError('bad-input', `--ttl "${text}" ${(error as Error).message}`);
  }
}

const share = (confidence: number | null): string =>
  confidence === null ? 'none yet' : `${(Math.floor(confidence * 100_000) / 1000).toFixed(3)} %`;

export function statusText(status: ObjectStatus): string {
  const { cid, size, owner, storedAt, expiry, copies, health, replicas, confidence, lastProofAt } = status;
  const left = expiry - Math.floor(Date.now() / 1000);
  const days = Math.floor(Math.abs(left) / 86_400);
  const when = left < 0 ? 'expired' : `${days > 0 ? `${days} days` : formatDuration(left)} left`;
  const facts = asTable([
    ['object', cid],
    [
      'health',
      `${health}: ${status.pieces.healthy} of ${status.pieces.total} pieces have all their replicas`,
    ],
    ['replicas', `${replicas} of ${copies} asked for`],
    ['size', `${formatBytes(size)} (${size} bytes)`],
    ['owner', owner],
    ['stored', moment(storedAt)],
    ['kept until', `${moment(expiry)} (${when})`],
    ['last proof', moment(lastProofAt)],
    ['confidence', share(confidence)],
  ]);
  if (status.miners.length === 0) return facts;
  const miners = asTable([
    ['Miner', 'Replicas', 'Active', 'Last proof', 'Confidence'],
    ...status.miners.map((miner) => [
      miner.hotkey,
      String(miner.replicas),
      String(miner.active),
      moment(miner.lastProofAt),
      share(miner.confidence),
    ]),
  ]);
  return `${facts}\n${miners}`;
}
