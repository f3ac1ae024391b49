// The options of the configuration schema as flags of a command, and the configuration a command runs with.

import { type Command, Option } from 'commander';
import { readConfigFile } from '../adapters/config/config-file.js';
import { hotkeyList } from '../adapters/config/kinds.js';
import { applyReference, referenceOptionsOf } from '../adapters/config/reference-options.js';
import { type ResolvedConfig, resolveConfig } from '../adapters/config/resolve.js';
import {
  defaultTextOf,
  flagOf,
  type OptionKey,
  optionKeys,
  optionOf,
  optionsOf,
  type Role,
} from '../adapters/config/schema.js';

/** Headings of the help text by the first part of a key. */
const headings: Readonly<Record<string, string>> = {
  wallet: 'Wallet:',
  subtensor: 'Network:',
  netuid: 'Network:',
  axon: 'Serving:',
  validator: 'Serving:',
  api: 'Serving:',
  stake_limit: 'Serving:',
  blacklist: 'Access:',
  miner: 'Access:',
  database: 'Storage:',
  storage: 'Storage:',
  transcripts: 'Storage:',
  hash_basepath: 'Storage:',
  storage_basepath: 'Storage:',
  neuron: 'Placement and proofs:',
  reward: 'Rewards and tiers:',
  tier: 'Rewards and tiers:',
  monitor: 'Rewards and tiers:',
  audit: 'Placement and proofs:',
  proving: 'Placement and proofs:',
  metrics: 'Operation:',
  shutdown: 'Operation:',
  logging: 'Configuration and log:',
};

const lastHeading = 'Configuration and log:';

/** Adds the flags of a role, or those named, and --config. Options `without` keep their values, but have no flag here. */
export function addConfigOptions(
  command: Command,
  role: Role | readonly OptionKey[],
  { without = [] }: { readonly without?: readonly OptionKey[] } = {},
): Command {
  for (const key of typeof role === 'string' ? optionsOf(role) : role) {
    if (without.includes(key)) continue;
    const { kind, help } = optionOf(key);
    // The reference's lists are written with spaces: --blacklist.blacklist_hotkeys A B
    const many = kind === hotkeyList ? '...' : '';
    const value = kind.placeholder === null ? '' : ` <${kind.placeholder}${many}>`;
    const option = new Option(`${flagOf(key)}${value}`, `${help} (default: ${defaultTextOf(key)})`);
    command.addOption(option.helpGroup(headings[key.split('.')[0]!] ?? lastHeading));
    if (kind.placeholder === null) command.addOption(new Option(`--no-${key}`).hideHelp().default(undefined));
  }
  // Start lines of the Python node keep working (adapters/config/reference-options.ts); help shows only ours.
  if (typeof role === 'string' && without.length === 0) {
    const tail = { switch: '', value: ' <value>', list: ' <values...>' } as const;
    for (const [key, { takes }] of referenceOptionsOf(role))
      command.addOption(new Option(`--${key}${tail[takes]}`).hideHelp());
  }
  const config = new Option('--config <file>', 'JSON file with options (default: ~/.filetao/config.json)');
  return command.addOption(config.helpGroup(lastHeading));
}

/** The configuration of a command whose flags `addConfigOptions` added: flag, environment, file, default. */
export async function configOf<ForRole extends Role>(
  command: Command,
  role: ForRole,
): Promise<ResolvedConfig<ForRole>> {
  return (await effectiveConfig(command, role)).config;
}

/** The same for showing: any role of a command that has the flags of all; a flag of another role is refused. */
export async function effectiveConfig<ForRole extends Role>(
  command: Command,
  role: ForRole,
): Promise<{ readonly config: ResolvedConfig<ForRole>; readonly file: string | null }> {
  const given = command.opts() as Record<string, unknown>;
  const reference = applyReference(role, given);
  for (const notice of reference.notices) process.stderr.write(`${notice}\n`);
  const flags = {
    ...Object.fromEntries(
      optionKeys.map((key) => [key, given[key]]).filter(([, value]) => value !== undefined),
    ),
    ...reference.flags,
  };
  const path = given.config ?? (process.env.FILETAO_CONFIG || undefined);
  const file = await readConfigFile(typeof path === 'string' ? path : undefined);
  return { config: resolveConfig(role, { flags, env: process.env, file }), file: file?.path ?? null };
}
