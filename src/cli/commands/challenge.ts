// filetao challenge

import { type Command, InvalidArgumentError } from 'commander';
import { formatBytes } from '../../adapters/config/byte-size.js';
import { type OptionKey, optionsOf } from '../../adapters/config/schema.js';
import { exitCodes } from '../../domain/model/errors.js';
import type { RoundLine } from '../../nodes/validator/operating.js';
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
const roundsMax = 1000;

interface Flags {
  readonly data_hash?: string;
  readonly cid?: string;
  readonly rounds: number;
  readonly json?: true;
}

const rounds = (text: string): number => {
  const number = /^\d{1,4}$/.test(text) ? Number(text) : 0;
  if (number < 1 || number > roundsMax) throw new InvalidArgumentError(`expected 1 to ${roundsMax}`);
  return number;
};

export function register(program: Command): void {
  const command = program
    .command('challenge')
    .description('Have your running validator hold challenge rounds now, and see every verdict')
    .option('--data_hash <cid>', 'Only the replicas of this object (default: all)')
    .option('--cid <cid>', 'The same as --data_hash')
    .option('--rounds <n>', 'Rounds of every replica', rounds, 1)
    .option('--json', 'Print one line of JSON per verdict, and one of the summary');
  addConfigOptions(command, 'validator', {
    without: optionsOf('validator').filter((key) => !shown.includes(key)),
  }).action(async (flags: Flags) => {
    const config = await configOf(command, 'validator');
    const cid = flags.data_hash ?? flags.cid;
    const [{ askRounds }, { operatedNode, validatorHost }, { encodeSs58 }, { fromHex }, { objectCid }] =
      await Promise.all([
        import('../../tools/operator/ask-validator.js'),
        import('../../tools/operator/operated-node.js'),
        import('../../domain/identity/ss58.js'),
        import('../../domain/model/bytes.js'),
        import('../../domain/content/cid.js'),
      ]);
    const asked = cid === undefined ? {} : { cid: objectCid(cid) };
    const validator = await operatedNode(config, {
      host: validatorHost,
      port: config.values['validator.port'],
    });
    const signal = interruptSignal();
    const sum = { pass: 0, fail: 0, void: 0, bytes: 0 };
    const started = performance.now();
    for (let round = 0; round < flags.rounds; round++) {
      for await (const line of askRounds(validator, asked, signal)) {
        sum[line.outcome]++;
        sum.bytes += line.bytes;
        const miner = encodeSs58(fromHex(line.minerKey));
        process.stdout.write(flags.json ? `${JSON.stringify({ ...line, miner })}\n` : asText(line, miner));
      }
    }
    const seconds = (performance.now() - started) / 1000;
    const { pass: passed, fail, void: voided, bytes } = sum;
    process.stdout.write(
      flags.json
        ? `${JSON.stringify({ passed, failed: fail, void: voided, bytes, seconds: Math.round(seconds * 1000) / 1000 })}\n`
        : passed + fail + voided === 0
          ? 'no replica to challenge\n'
          : `${passed} passed, ${fail} failed, ${voided} void: ${formatBytes(bytes)} proven in ${seconds.toFixed(1)} s\n`,
    );
    if (fail > 0) process.exitCode = exitCodes.integrity;
  });
}

function asText(line: RoundLine, miner: string): string {
  const { n, outcome, reason, attributable, chunks, openings, root, elapsedMs } = line;
  const replica = root.slice(0, 8);
  const detail =
    outcome === 'pass'
      ? `${openings} of ${chunks} chunks opened, ${elapsedMs} ms`
      : `${reason}${attributable ? ', by the miner’s signed word' : ''}`;
  return `${outcome}  ${miner.slice(0, 8)}…  replica ${replica}  round ${n}: ${detail}\n`;
}
