// filetao repair

import type { Command } from 'commander';
import { type OptionKey, optionsOf } from '../../adapters/config/schema.js';
import { exitCodes } from '../../domain/model/errors.js';
import type { RepairReport } from '../../nodes/validator/operating-repair.js';
import { addConfigOptions, configOf } from '../config-options.js';
import { interruptSignal } from '../interrupt.js';

const shown: readonly OptionKey[] = [
  'wallet.path',
  'wallet.name',
  'wallet.hotkey',
  'subtensor.network',
  'subtensor.chain_endpoint',
  'subtensor.timeout',
  'subtensor.dev_directory',
  'netuid',
  'validator.port',
];

export function register(program: Command): void {
  const command = program
    .command('repair')
    .description(
      'Have your running validator look for lost miners now, and bring every piece back to its replicas',
    )
    .option('--json', 'Print one line of JSON per miner and piece, and one of the summary');
  addConfigOptions(command, 'validator', {
    without: optionsOf('validator').filter((key) => !shown.includes(key)),
  }).action(async (flags: { readonly json?: true }) => {
    const config = await configOf(command, 'validator');
    const [{ askRepair }, { operatedNode, validatorHost }, { encodeSs58 }, { fromHex }] = await Promise.all([
      import('../../tools/operator/ask-validator.js'),
      import('../../tools/operator/operated-node.js'),
      import('../../domain/identity/ss58.js'),
      import('../../domain/model/bytes.js'),
    ]);
    const node = await operatedNode(config, { host: validatorHost, port: config.values['validator.port'] });
    const ss58 = (hotkey: string): string => encodeSs58(fromHex(hotkey));
    for await (const line of askRepair(node, interruptSignal())) {
      if (flags.json) {
        const miner = line.kind === 'miner' ? { miner: ss58(line.minerKey) } : {};
        process.stdout.write(`${JSON.stringify({ ...line, ...miner })}\n`);
      } else process.stdout.write(asText(line, ss58));
      if (line.kind === 'summary' && line.short > 0) process.exitCode = exitCodes.partial;
    }
  });
}

function asText(line: RepairReport, ss58: (hotkey: string) => string): string {
  switch (line.kind) {
    case 'miner':
      return line.state === 'serving' ? '' : `miner  ${ss58(line.minerKey)}: ${line.state}\n`;
    case 'piece': {
      const { pieceId, before, after, copies, outcome, reason } = line;
      const why = reason === '' ? '' : ` (${reason})`;
      return `piece  ${pieceId.slice(0, 8)}: ${before} of ${copies} replicas before, ${after} now: ${outcome}${why}\n`;
    }
    case 'summary':
      return line.replicas + line.retired + line.short === 0
        ? 'every piece has its replicas\n'
        : `${line.replicas} replicas stored, ${line.retired} given up; ${line.short} pieces have too few still, ${line.lost} of them lost\n`;
  }
}
