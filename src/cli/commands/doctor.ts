// filetao doctor

import { Argument, type Command } from 'commander';
import { type OptionKey, optionsOf } from '../../adapters/config/schema.js';
import { exitCodes, FileTaoError } from '../../domain/model/errors.js';
import type { Finding, NodeRole } from '../../tools/doctor/finding.js';
import { addConfigOptions, configOf } from '../config-options.js';
import { packageVersion } from '../package-version.js';

/** What is looked at; the other options of a node make no difference here. */
const shown: readonly OptionKey[] = [
  'wallet.path',
  'wallet.name',
  'wallet.hotkey',
  'subtensor.network',
  'subtensor.chain_endpoint',
  'subtensor.timeout',
  'subtensor.dev_directory',
  'netuid',
  'axon.ip',
  'axon.port',
  'axon.external_ip',
  'axon.external_port',
  'database.directory',
  'database.url',
  'database.host',
  'database.port',
  'database.index',
  'database.redis_password',
  'database.tls_ca',
  'proving.workers',
];

const roles = ['miner', 'validator', 'api'] as const;
const ntpDefault = 'pool.ntp.org';

export function register(program: Command): void {
  addConfigOptions(
    program
      .command('doctor')
      .description('Check this machine for a role: versions, speed, disk, index, wallet, chain, clock, port')
      .addArgument(
        new Argument('[role]', 'What the machine shall be; its other options from file and environment')
          .choices(roles)
          .default('miner'),
      )
      .option('--ntp <host>', `Time server to compare the clock with (default: ${ntpDefault}, none on dev)`)
      .option('--json', 'Print one line of JSON'),
    'miner',
    { without: optionsOf('miner').filter((key) => !shown.includes(key)) },
  ).action(async (role: NodeRole, { json, ntp }: { json?: true; ntp?: string }, command: Command) => {
    const given = command.opts() as Record<string, unknown>;
    const foreign = shown.find((key) => given[key] !== undefined && !optionsOf(role).includes(key));
    if (foreign !== undefined)
      throw new FileTaoError('bad-input', `--${foreign} is no option of role ${role}`);
    const config = await configOf(command, role);
    const { diagnose } = await import('../../tools/doctor/diagnose.js');
    const isDev = config.values['subtensor.network'] === 'dev';
    const findings = await diagnose({
      version: packageVersion(),
      config,
      ntp: ntp ?? (isDev ? null : ntpDefault),
    });
    const ok = findings.every(({ level }) => level !== 'problem');
    process.stdout.write(
      json ? `${JSON.stringify({ ok, role, findings })}\n` : findings.map(asText).join(''),
    );
    if (!ok) process.exitCode = exitCodes.other;
  });
}

const marks = { ok: '✓', note: '·', problem: '✗' } as const;

function asText({ check, level, text, remedy }: Finding): string {
  const line = `${marks[level]} ${check.padEnd(7)} ${text}\n`;
  return remedy === undefined ? line : `${line}          → ${remedy}\n`;
}
