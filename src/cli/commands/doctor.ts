// filetao doctor

import type { Command } from 'commander';
import { type OptionKey, optionsOf } from '../../adapters/config/schema.js';
import { exitCodes } from '../../domain/model/errors.js';
import type { Finding } from '../../tools/maintenance/doctor.js';
import { addConfigOptions, configOf } from '../config-options.js';
import { packageVersion } from '../package-version.js';

/** What is looked at; the other options of a node make no difference here. */
const shown: readonly OptionKey[] = [
  'wallet.path',
  'wallet.name',
  'wallet.hotkey',
  'subtensor.dev_directory',
  'database.directory',
  'proving.workers',
];

export function register(program: Command): void {
  addConfigOptions(
    program
      .command('doctor')
      .description('Check this machine: versions, proof core and its speed, memory, disk, wallet, chain')
      .option('--json', 'Print one line of JSON'),
    'miner',
    { without: optionsOf('miner').filter((key) => !shown.includes(key)) },
  ).action(async ({ json }: { json?: true }, command: Command) => {
    const { values } = await configOf(command, 'miner');
    const { diagnose } = await import('../../tools/maintenance/doctor.js');
    const findings = await diagnose({
      version: packageVersion(),
      walletPath: values['wallet.path'],
      walletName: values['wallet.name'],
      hotkey: values['wallet.hotkey'],
      devChainDirectory: values['subtensor.dev_directory'],
      dataDirectory: values['database.directory'],
      workers: values['proving.workers'],
    });
    const ok = findings.every(({ level }) => level !== 'problem');
    process.stdout.write(json ? `${JSON.stringify({ ok, findings })}\n` : findings.map(asText).join(''));
    if (!ok) process.exitCode = exitCodes.other;
  });
}

const marks = { ok: '✓', note: '·', problem: '✗' } as const;

function asText({ check, level, text, remedy }: Finding): string {
  const line = `${marks[level]} ${check.padEnd(7)} ${text}\n`;
  return remedy === undefined ? line : `${line}          → ${remedy}\n`;
}
