// Every option of every role, once: flags, environment names, keys of the configuration file, help texts,
// defaults and ranges all come from these tables, one for each subject.
import { apiOptions } from './options/api.js';
import { chainOptions } from './options/chain.js';
import { folderOptions, trustOptions } from './options/client.js';
import { databaseOptions } from './options/database.js';
import { dutyOptions } from './options/duty.js';
import { economyOptions } from './options/economy.js';
import { accessOptions, axonOptions, storageOptions } from './options/miner.js';
import { operationOptions } from './options/operation.js';
import type { Option, Role } from './options/option.js';
import { placementOptions } from './options/placement.js';
import { proofOptions } from './options/proofs.js';
import { recordOptions, statusOptions } from './options/validator.js';
import { walletOptions } from './options/wallet.js';

export { type Role, roles } from './options/option.js';

/** In the order of help and pages; a computed default may look at what stands before it. */
export const options = {
  ...walletOptions,
  ...chainOptions,
  ...axonOptions,
  ...statusOptions,
  ...apiOptions,
  ...trustOptions,
  ...accessOptions,
  ...databaseOptions,
  ...storageOptions,
  ...placementOptions,
  ...dutyOptions,
  ...recordOptions,
  ...economyOptions,
  ...proofOptions,
  ...folderOptions,
  ...operationOptions,
} as const;

export type OptionKey = keyof typeof options;

export const optionKeys = Object.keys(options) as readonly OptionKey[];

type RolesOf<Key extends OptionKey> =
  (typeof options)[Key] extends Option<infer _, infer ForRole> ? ForRole : never;
type ValueOf<Key extends OptionKey> =
  (typeof options)[Key] extends Option<infer Value, infer _> ? Value : never;

/** Typed values of all options that a role reads: `config['axon.port']` is a number. */
export type ConfigOf<ForRole extends Role> = {
  readonly [Key in OptionKey as ForRole extends RolesOf<Key> ? Key : never]: ValueOf<Key>;
};

/** The same table for code that goes through all options. */
export const optionOf = (key: OptionKey): Option<unknown, Role> => options[key] as Option<unknown, Role>;

export const optionsOf = (role: Role): readonly OptionKey[] =>
  optionKeys.filter((key) => optionOf(key).roles.includes(role));

export const flagOf = (key: OptionKey): string => `--${key}`;

/** FILETAO_SUBTENSOR_NETWORK for subtensor.network. */
export const environmentNameOf = (key: string): string => `FILETAO_${key.replaceAll('.', '_').toUpperCase()}`;

/** Variables that may give an option, the first found counts. */
export function variablesOf(key: OptionKey): readonly string[] {
  const { variable } = optionOf(key);
  return variable === undefined ? [environmentNameOf(key)] : [environmentNameOf(key), variable];
}

/** Variables with our prefix that are no options. */
export const otherVariables: readonly string[] = [
  'FILETAO_CONFIG',
  'FILETAO_CORE',
  'FILETAO_DEBUG',
  'FILETAO_WALLET_PASSWORD',
];

/** The default as help shows it. */
export function defaultTextOf(key: OptionKey): string {
  const { kind, default: preset, defaultText } = optionOf(key);
  if (defaultText !== undefined) return defaultText;
  return typeof preset === 'function' ? '' : kind.format(preset);
}
