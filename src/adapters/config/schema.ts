// Every option of every role, once: flags, environment names, keys of the configuration file, help texts,
// defaults and ranges all come from this table.

import { availableParallelism, homedir } from 'node:os';
import { join } from 'node:path';
import { defaults, leafSize, limits, mebibyte } from '../../domain/model/constants.js';
import {
  bytes,
  duration,
  fraction,
  hotkeyList,
  httpUrl,
  httpUrlOf,
  integer,
  ipAddress,
  type Kind,
  oneOf,
  onOff,
  path,
  port,
  walletName,
  walletNames,
} from './kinds.js';

/** Who reads an option. `client` stores and retrieves, `wallet` manages key files. */
export type Role = 'miner' | 'validator' | 'api' | 'client' | 'wallet';

/** What a computed default may look at: the role, and options that stand earlier in the table. */
export interface DefaultContext {
  readonly role: Role;
  value(key: string): unknown;
}

export interface Option<Value, ForRole extends Role> {
  readonly roles: readonly ForRole[];
  readonly kind: Kind<Value>;
  readonly default: Value | ((context: DefaultContext) => Value);
  readonly help: string;
  /** How help shows a computed default. */
  readonly defaultText?: string;
}

const option = <Value, const ForRole extends Role>(
  roles: readonly ForRole[],
  kind: Kind<Value>,
  preset: NoInfer<Value> | ((context: DefaultContext) => NoInfer<Value>),
  help: string,
  defaultText?: string,
): Option<Value, ForRole> => ({
  roles,
  kind,
  default: preset,
  help,
  ...(defaultText === undefined ? {} : { defaultText }),
});

const everyone = ['miner', 'validator', 'api', 'client', 'wallet'] as const;
const onChain = ['miner', 'validator', 'api', 'client'] as const;
const nodes = ['miner', 'validator', 'api'] as const;
const validators = ['validator', 'api'] as const;

const home = (...parts: readonly string[]): string => join(homedir(), '.filetao', ...parts);
const day = 24 * 3600;

export const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];

/** Networks that are built in. */
export const networks = ['dev'] as const;

/** An API node works on its validator's index, so by default it finds it where the validator keeps it. */
const nodeFolder = ({ role, value }: DefaultContext): string =>
  home(`${role === 'api' ? 'validator' : role}-${value('wallet.name')}-${value('wallet.hotkey')}`);

export const options = {
  'wallet.path': option(
    everyone,
    path,
    () => join(homedir(), '.bittensor', 'wallets'),
    'Folder of wallets',
    '~/.bittensor/wallets',
  ),
  'wallet.name': option(everyone, walletName, 'default', 'Name of the wallet'),
  'wallet.hotkey': option(everyone, walletName, 'default', 'Name of the hotkey in the wallet'),

  'wallet.retired_hotkeys': option(
    validators,
    walletNames,
    [],
    'Hotkeys of the wallet used before, kept until their replicas are stored anew',
    'none',
  ),

  'subtensor.network': option(
    onChain,
    oneOf(networks, 'is not available: only the network dev is built in so far'),
    'dev',
    'Network to join; dev is a chain of its own on this machine',
  ),
  'subtensor.dev_directory': option(
    onChain,
    path,
    () => home('dev-chain'),
    'Folder of the dev chain',
    '~/.filetao/dev-chain',
  ),
  'subtensor.block_seconds': option(
    onChain,
    duration(0.05, 3600),
    1,
    'Time between blocks of a dev chain that is created now',
  ),
  netuid: option(onChain, integer('number', 0, 65535), 21, 'Number of the subnet'),

  'axon.ip': option(['miner'], ipAddress, '127.0.0.1', 'Address the miner listens on and announces'),
  'axon.port': option(['miner'], port, 8091, 'Port the miner listens on; 0 takes a free one'),
  'validator.port': option(
    ['validator'],
    port,
    8093,
    "Port of the validator's own status; 0 takes a free one",
  ),

  'api.ip': option(['api', 'client'], ipAddress, '127.0.0.1', 'Address of the API node'),
  'api.port': option(['api', 'client'], port, 8092, 'Port of the API node'),
  'api.url': option(
    ['client'],
    httpUrl,
    ({ value }) => httpUrlOf(String(value('api.ip')), Number(value('api.port'))),
    'Address of the API node as a URL, where it is not http://<api.ip>:<api.port>',
    'http://<api.ip>:<api.port>',
  ),
  'api.open_access': option(
    ['api'],
    onOff,
    ({ value }) => value('subtensor.network') === 'dev',
    'Serve every caller, not only listed ones',
    'on for the dev network',
  ),
  'api.whitelisted_hotkeys': option(
    ['api'],
    hotkeyList,
    [],
    'Callers to serve where access is not open, beside the node’s own hotkey',
    'none',
  ),
  'api.blacklisted_hotkeys': option(['api'], hotkeyList, [], 'Callers never to serve', 'none'),
  'api.store_timeout': option(['api', 'client'], duration(1, day), 60, 'How long storing a piece may take'),
  'api.retrieve_timeout': option(
    ['api', 'client'],
    duration(1, day),
    60,
    'How long retrieving a piece may take',
  ),

  'database.directory': option(
    nodes,
    path,
    nodeFolder,
    'Folder of the index',
    '~/.filetao/<role>-<wallet>-<hotkey>',
  ),
  'miner.rate': option(
    ['miner'],
    bytes(mebibyte, 1024 * mebibyte),
    4 * mebibyte,
    'Bytes per second this miner undertakes to prove; validators set their deadlines by it',
  ),
  'storage.quota': option(
    ['miner'],
    bytes(mebibyte, Number.MAX_SAFE_INTEGER),
    10 ** 12,
    'Most bytes of replicas to hold, e.g. 10TB or 64MiB',
  ),

  'neuron.replicas': option(
    validators,
    integer('count', 1, limits.replicasMax),
    defaults.replicas,
    'Replicas of each piece, on distinct miners',
  ),
  'neuron.piece_size': option(
    validators,
    bytes(leafSize, limits.replicaSizeMax),
    defaults.pieceSize,
    'Largest piece an object is cut into',
  ),
  'neuron.challenge_every': option(
    ['validator'],
    integer('blocks', 0, 1_000_000),
    10,
    'Blocks between two rounds of a replica; 0 holds rounds only when asked',
  ),

  'audit.loss': option(
    validators,
    fraction(0, 1),
    defaults.auditLoss,
    'Share of lost chunks that a round shall detect …',
  ),
  'audit.confidence': option(validators, fraction(0, 1), defaults.auditConfidence, '… with this probability'),

  'proving.workers': option(
    nodes,
    integer('count', 1, 256),
    () => availableParallelism(),
    'Worker threads for proofs',
    'one per core',
  ),

  'transcripts.directory': option(
    validators,
    path,
    ({ value }) => join(String(value('database.directory')), 'transcripts'),
    'Folder of the transcripts of all rounds',
    '<database.directory>/transcripts',
  ),
  'transcripts.keep': option(
    ['validator'],
    duration(0, 3650 * day),
    7 * day,
    'How long opened bytes and proofs are kept',
  ),

  hash_basepath: option(
    ['client'],
    path,
    () => home('hashes'),
    'Folder that remembers which file has which CID',
    '~/.filetao/hashes',
  ),
  storage_basepath: option(
    ['client'],
    path,
    () => home('storage'),
    'Folder that retrieved files go to',
    '~/.filetao/storage',
  ),

  'logging.level': option(onChain, oneOf(logLevels), 'info', `Least level to log: ${logLevels.join(', ')}`),
  'logging.json': option(
    onChain,
    onOff,
    () => !process.stderr.isTTY,
    'Log one JSON object per line',
    'on unless stderr is a terminal',
  ),
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
