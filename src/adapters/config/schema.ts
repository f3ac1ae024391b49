// Every option of every role, once: flags, environment names, keys of the configuration file, help texts,
// defaults and ranges all come from this table.

import { availableParallelism, homedir } from 'node:os';
import { join } from 'node:path';
import { defaults, dutyDefaults, leafSize, limits, mebibyte } from '../../domain/model/constants.js';
import {
  columnOf,
  type EconomyConstant,
  type EconomyKey,
  economyConstants,
  type TierColumnKey,
  tierColumns,
} from '../../domain/model/economy.js';
import { lowestTier, tierNames, tierTable } from '../../domain/model/tiers.js';
import {
  amount,
  bytes,
  duration,
  endpointList,
  fraction,
  givenAddress,
  givenPort,
  host,
  hotkeyList,
  httpUrl,
  httpUrlOf,
  indexUrl,
  integer,
  ipAddress,
  type Kind,
  keyPrefix,
  listOf,
  networkList,
  networkName,
  oneOf,
  onOff,
  optionalPath,
  path,
  port,
  real,
  secret,
  walletName,
  walletNames,
} from './kinds.js';

/** Who reads an option. `client` stores and retrieves, `wallet` manages key files, `operator` writes to the chain. */
export const roles = ['miner', 'validator', 'api', 'client', 'wallet', 'operator'] as const;
export type Role = (typeof roles)[number];

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
  /** A variable that gives the value too, after the one named after the option. */
  readonly variable?: string;
}

const option = <Value, const ForRole extends Role>(
  roles: readonly ForRole[],
  kind: Kind<Value>,
  preset: NoInfer<Value> | ((context: DefaultContext) => NoInfer<Value>),
  help: string,
  defaultText?: string,
  variable?: string,
): Option<Value, ForRole> => ({
  roles,
  kind,
  default: preset,
  help,
  ...(defaultText === undefined ? {} : { defaultText }),
  ...(variable === undefined ? {} : { variable }),
});

const onChain = ['miner', 'validator', 'api', 'client', 'operator'] as const;
const nodes = ['miner', 'validator', 'api'] as const;
const validators = ['validator', 'api'] as const;
/** An exabyte, the reference's own largest limit. */
const tierLimitMax = 1024 ** 6;

const home = (...parts: readonly string[]): string => join(homedir(), '.filetao', ...parts);
const day = 24 * 3600;

export const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];

/** Networks known by name; any other is named by the address of one of its nodes. */
export const networks = ['dev', 'finney', 'test', 'local', 'archive'] as const;

/** Blocks between two runs of a step. */
const interval = integer('blocks', 0, 1_000_000);

const isDev = ({ value }: DefaultContext): boolean => value('subtensor.network') === 'dev';

/** Above the last version key of the Python node, 210. */
const weightsVersionKey = 300;

/** An API node works on its validator's index, so by default it finds it where the validator keeps it. */
const nodeFolder = ({ role, value }: DefaultContext): string =>
  home(`${role === 'api' ? 'validator' : role}-${value('wallet.name')}-${value('wallet.hotkey')}`);

/** One number of the economy's table, as an option. */
const constant = (key: EconomyKey): Option<number, 'validator'> => {
  const { default: preset, min, max, unit, help, ...rest }: EconomyConstant = economyConstants[key];
  const kind = rest.whole === true ? integer(unit, min, max) : real(unit, min, max);
  return option(['validator'], kind, preset, help);
};

/** One column of the tier table, as an option. */
const column = <const ForRole extends Role>(
  roles: readonly ForRole[],
  key: TierColumnKey,
  kind: Kind<number>,
): Option<readonly number[], ForRole> =>
  option(
    roles,
    listOf(kind, tierNames.length),
    columnOf(tierTable, key),
    `${tierColumns[key].help}, from ${tierNames[0]} down to ${lowestTier}`,
  );

export const options = {
  'wallet.path': option(
    roles,
    path,
    () => join(homedir(), '.bittensor', 'wallets'),
    'Folder of wallets',
    '~/.bittensor/wallets',
  ),
  'wallet.name': option(roles, walletName, 'default', 'Name of the wallet'),
  'wallet.hotkey': option(roles, walletName, 'default', 'Name of the hotkey in the wallet'),

  'wallet.retired_hotkeys': option(
    validators,
    walletNames,
    [],
    'Hotkeys of the wallet used before, kept until their replicas are stored anew',
    'none',
  ),

  'subtensor.network': option(
    onChain,
    networkName(networks),
    'dev',
    'Network to join: finney, test, local, archive or ws://…; dev is a chain of its own on this machine',
  ),
  'subtensor.chain_endpoint': option(
    onChain,
    endpointList,
    [],
    "Chain nodes to ask in place of the network's own, the first that answers",
    "the network's own",
  ),
  'subtensor.timeout': option(
    onChain,
    duration(0.5, 600),
    15,
    'Until a chain node that does not answer is given up for the next one',
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
  netuid: option(
    onChain,
    integer('number', 0, 65535),
    ({ value }) => (value('subtensor.network') === 'test' ? 22 : 21),
    'Number of the subnet',
    '21; 22 on the network test',
  ),

  'axon.ip': option(
    ['miner'],
    ipAddress,
    (context) => (isDev(context) ? '127.0.0.1' : '0.0.0.0'),
    'Address the miner listens on',
    '127.0.0.1 on the dev network, else 0.0.0.0',
  ),
  'axon.port': option(['miner'], port, 8091, 'Port the miner listens on; 0 takes a free one'),
  'axon.external_ip': option(
    ['miner'],
    givenAddress,
    null,
    'Address that others reach the miner at, announced on the chain',
    'found out',
  ),
  'axon.external_port': option(
    ['miner'],
    port,
    0,
    'Port that others reach the miner at; 0 is the one it listens on',
  ),
  'validator.port': option(
    ['validator'],
    port,
    8093,
    "Port of the validator's own status; 0 takes a free one",
  ),

  'api.ip': option(['api', 'client'], ipAddress, '127.0.0.1', 'Address of the API node'),
  'api.port': option(['api', 'client'], port, 8092, 'Port of the API node'),
  'api.external_ip': option(
    ['api'],
    givenAddress,
    null,
    'Address that users reach the API node at, announced on the chain',
    'found out, unless it listens on loopback',
  ),
  'api.external_port': option(
    ['api'],
    port,
    0,
    'Port that users reach the API node at; 0 is the one it listens on',
  ),
  'api.url': option(
    ['client'],
    httpUrl,
    ({ value }) => httpUrlOf(String(value('api.ip')), Number(value('api.port'))),
    'API node to use; without this and --api.ip and --api.port those that validators have announced on the chain',
    'http://<api.ip>:<api.port>, or those on the chain',
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
  'api.max_object_bytes': option(
    ['api'],
    bytes(1, Number.MAX_SAFE_INTEGER),
    1024 ** 4,
    'Largest object to take, and largest resumable upload',
  ),
  'api.quota_bytes': option(
    ['api'],
    bytes(0, Number.MAX_SAFE_INTEGER),
    0,
    'Bytes of objects one owner may have, each counted once; 0 is no limit',
  ),
  'api.quota_objects': option(
    ['api'],
    integer('count', 0, Number.MAX_SAFE_INTEGER),
    0,
    'Objects one owner may have; 0 is no limit',
  ),
  'api.max_requests_per_minute': option(
    ['api'],
    integer('count', 0, 10_000_000),
    (context) => (isDev(context) ? 0 : 12_000),
    'Requests of one caller in a minute, by hotkey, or by address where it does not sign; 0 is no limit',
    '12000; no limit on the dev network',
  ),
  'api.upload_expiry': option(
    ['api'],
    duration(60, 365 * day),
    day,
    'How long a resumable upload is kept that does not go on',
  ),
  'api.upload_space': option(
    ['api'],
    bytes(1, Number.MAX_SAFE_INTEGER),
    64 * 1024 ** 3,
    'Disk that resumable uploads under way may come to',
  ),
  'api.ping_timeout': option(
    ['api', 'client'],
    duration(0.1, 600),
    2,
    'How long a miner may take to accept a connection, and an API node to say who it is, before others are preferred',
  ),
  'api.store_timeout': option(['api', 'client'], duration(1, day), 60, 'How long storing a piece may take'),
  'api.retrieve_timeout': option(
    ['api', 'client'],
    duration(1, day),
    60,
    'How long retrieving a piece may take',
  ),

  stake_limit: option(
    ['client'],
    amount(0, 21_000_000),
    500,
    'TAO of stake that the validator of an API node must have at least to be used',
  ),

  'blacklist.blacklist_hotkeys': option(['miner'], hotkeyList, [], 'Validators never to serve', 'none'),
  'blacklist.whitelist_hotkeys': option(
    ['miner'],
    hotkeyList,
    [],
    'Hotkeys to serve without a permit and without rate limit',
    'none',
  ),
  'miner.max_requests_per_window': option(
    ['miner'],
    integer('count', 0, 1_000_000),
    (context) => (isDev(context) ? 0 : 50),
    'Requests of one caller that has no replicas here in one window; 0 is no limit',
    '50; no limit on the dev network',
  ),
  'blacklist.minimum_stake_requirement': option(
    ['miner'],
    integer('TAO', 0, 1_000_000_000),
    0,
    'Stake a validator must have to store here',
  ),
  'miner.rate_limit_window': option(['miner'], integer('blocks', 1, 100_000), 25, 'Blocks of that window'),

  'database.directory': option(
    nodes,
    path,
    nodeFolder,
    'Folder of the node: its index, if that is not in Redis, and its files',
    '~/.filetao/<role>-<wallet>-<hotkey>',
  ),
  'database.url': option(
    nodes,
    indexUrl,
    '',
    'Where the index is: redis://[user[:password]@]host[:port][/database], rediss://… or lmdb:///folder',
    'LMDB in --database.directory',
  ),
  'database.host': option(nodes, host, '', 'Host of a Redis for the index, in place of a URL', 'none'),
  'database.port': option(nodes, port, 6379, 'Port of that Redis'),
  'database.index': option(nodes, integer('number', 0, 65535), 0, 'Number of the database in that Redis'),
  'database.redis_password': option(
    nodes,
    secret,
    '',
    'Password of Redis; REDIS_PASSWORD in the environment keeps it out of the process list',
    'none',
    'REDIS_PASSWORD',
  ),
  'database.tls_ca': option(
    nodes,
    optionalPath,
    '',
    'PEM file of the authority that signed the certificate of a rediss:// server',
    "the system's authorities",
  ),
  'database.prefix': option(
    nodes,
    keyPrefix,
    '',
    "Name of this node's keys in Redis: filetao:{<prefix>}:…",
    'miner- or validator-<hotkey>',
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
  'storage.scrub_rate': option(
    ['miner'],
    bytes(0, 1024 ** 4),
    4 * mebibyte,
    'Bytes of replicas per second read in the background to find damage; 0 for none',
  ),
  'storage.scrub_every': option(
    ['miner'],
    duration(60, 365 * day),
    14 * day,
    'Time from one look at all replicas to the next',
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
  'neuron.data_ttl': option(
    ['api'],
    duration(limits.expirySecondsMin, limits.expirySecondsMax),
    defaults.userDataSeconds,
    'How long objects are kept whose owner names no time',
  ),
  'neuron.store_every': option(
    ['validator'],
    interval,
    (context) => (isDev(context) ? 0 : dutyDefaults.storeEvery),
    'Blocks between two stores of random data on drawn miners; 0 is never',
    '3; never on the dev network',
  ),
  'neuron.store_batch': option(
    ['validator'],
    integer('count', 1, 4096),
    dutyDefaults.storeMiners,
    'Miners that random data goes to',
  ),
  'neuron.maxsize': option(
    ['validator'],
    bytes(0, limits.replicaSizeMax),
    0,
    'Largest random data; 0 draws sizes around 3 MiB, log-normally',
  ),
  'neuron.challenge_every': option(
    ['validator'],
    interval,
    (context) => (isDev(context) ? 10 : dutyDefaults.challengeEvery),
    'Blocks between two batches of challenge rounds; 0 holds rounds only when asked',
    '3; 10 on the dev network',
  ),
  'neuron.challenge_batch': option(
    ['validator'],
    integer('count', 0, 4096),
    (context) => (isDev(context) ? 0 : dutyDefaults.challengeMiners),
    'Miners drawn for a batch; 0 is all',
    '10; all on the dev network',
  ),
  'neuron.challenge_replicas': option(
    ['validator'],
    integer('count', 0, 10_000),
    (context) => (isDev(context) ? 0 : dutyDefaults.challengeReplicas),
    'Replicas challenged of each drawn miner; 0 is all',
    '1; all on the dev network',
  ),
  'neuron.retrieve_every': option(
    ['validator'],
    interval,
    (context) => (isDev(context) ? 60 : dutyDefaults.retrieveEvery),
    'Blocks between two trial retrievals of whole replicas; 0 is never',
    '15; 60 on the dev network',
  ),
  'neuron.retrieve_batch': option(
    ['validator'],
    integer('count', 1, 4096),
    dutyDefaults.retrieveMiners,
    'Miners drawn for them',
  ),
  'neuron.distribute_every': option(
    ['validator'],
    interval,
    dutyDefaults.distributeEvery,
    'Blocks between two looks at whether pieces have their replicas; 0 is never',
  ),
  'neuron.distribute_batch': option(
    ['validator'],
    integer('count', 1, 1000),
    dutyDefaults.distributePieces,
    'Pieces looked at',
  ),
  'neuron.monitor_every': option(
    ['validator'],
    interval,
    dutyDefaults.monitorEvery,
    'Blocks between two pings of drawn miners; 0 is never',
  ),
  'neuron.monitor_batch': option(
    ['validator'],
    integer('count', 0, 4096),
    dutyDefaults.monitorMiners,
    'Miners drawn for pings; 0 is all',
  ),
  'neuron.ping_timeout': option(
    ['validator'],
    duration(0.1, 60),
    dutyDefaults.pingSeconds,
    'Until a ping counts as missed',
  ),
  'neuron.repair_every': option(
    ['validator'],
    interval,
    dutyDefaults.repairEvery,
    'Blocks between two looks at what is short of replicas; 0 repairs only when asked',
  ),
  'neuron.repair_batch': option(
    ['validator'],
    integer('count', 1, 64),
    dutyDefaults.repairPieces,
    'Pieces repaired at once',
  ),
  'neuron.repair_rate': option(
    ['validator'],
    bytes(1024, Number.MAX_SAFE_INTEGER),
    dutyDefaults.repairBytesPerSecond,
    'Bytes per second that repairs may fetch and store',
  ),
  'neuron.purge_every': option(
    ['validator'],
    interval,
    dutyDefaults.purgeEvery,
    'Blocks between two removals of expired records; 0 is never',
  ),
  'neuron.checkpoint_block_length': option(
    ['validator'],
    interval,
    dutyDefaults.checkpointEvery,
    'Blocks between two records of how much is stored where; 0 is never',
  ),
  'neuron.vpermit_tao_limit': option(
    ['validator', 'api', 'operator'],
    integer('TAO', 0, 1_000_000_000),
    dutyDefaults.vpermitTaoLimit,
    'Stake above which a neuron with a validator permit is not asked to store',
  ),
  'neuron.rebalance_script': option(
    ['validator'],
    optionalPath,
    '',
    'Program to run when miners are lost, with hotkeys, network and database index as arguments',
    'none',
    'REBALANCE_SCRIPT_PATH',
  ),
  'neuron.events_file': option(
    ['validator'],
    path,
    ({ value }) => join(String(value('database.directory')), 'events.jsonl'),
    'File of event records, one line of JSON per step',
    '<database.directory>/events.jsonl',
  ),
  'neuron.events_retention_size': option(
    ['validator'],
    bytes(mebibyte, Number.MAX_SAFE_INTEGER),
    dutyDefaults.eventsBytesMax,
    'Bytes of event records kept',
  ),
  'neuron.dont_save_events': option(['validator'], onOff, false, 'Keep no event records'),
  'neuron.disable_log_rewards': option(
    ['validator'],
    onOff,
    false,
    'Leave rewards and scores out of event records',
  ),
  'neuron.disable_set_weights': option(['validator'], onOff, false, 'Set no weights on the chain'),
  'neuron.version_key': option(
    ['validator', 'operator'],
    integer('number', 0, Number.MAX_SAFE_INTEGER),
    weightsVersionKey,
    'Version key that weights are set with',
  ),
  'neuron.weights_file': option(
    ['validator', 'operator'],
    path,
    ({ role, value }) =>
      role === 'validator'
        ? join(String(value('database.directory')), 'weights.json')
        : home(`validator-${value('wallet.name')}-${value('wallet.hotkey')}`, 'weights.json'),
    'File with the weights last set or due',
    '<database.directory of the validator>/weights.json',
  ),

  'reward.success': constant('reward.success'),
  'reward.store_failure': constant('reward.store_failure'),
  'reward.challenge_failure': constant('reward.challenge_failure'),
  'reward.retrieve_failure': constant('reward.retrieve_failure'),
  'reward.monitor_failure': constant('reward.monitor_failure'),
  'reward.boosted': constant('reward.boosted'),
  'reward.steepness': constant('reward.steepness'),
  'reward.shift': constant('reward.shift'),
  'reward.alpha': constant('reward.alpha'),
  'monitor.misses': constant('monitor.misses'),
  'tier.window': constant('tier.window'),
  'tier.z': constant('tier.z'),
  'tier.limits': column(validators, 'tier.limits', bytes(0, tierLimitMax)),
  'tier.scores': column(['validator'], 'tier.scores', real('number', 0, 1)),
  'tier.successes': column(['validator'], 'tier.successes', integer('count', 0, Number.MAX_SAFE_INTEGER)),
  'tier.factors': column(['validator'], 'tier.factors', real('number', 0, 1000)),
  'tier.boosts': column(['validator'], 'tier.boosts', real('number', 1, 1000)),

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
  'logging.logging_dir': option(
    nodes,
    optionalPath,
    '',
    'Folder for log files too, in JSON: <role>-<wallet>-<hotkey>.log',
    'none, stderr only',
  ),
  'logging.max_size': option(
    nodes,
    bytes(64 * 1024, 1024 * mebibyte),
    16 * mebibyte,
    'Size at which a log file is put aside as .1, .2 …',
  ),
  'logging.keep': option(nodes, integer('count', 1, 1000), 10, 'Log files put aside that are kept'),

  'metrics.allow': option(
    nodes,
    networkList,
    ['127.0.0.0/8', '::1'],
    'Who may read /metrics, as addresses or networks; requests that a proxy forwards may not',
    'this machine',
  ),
  'metrics.host': option(nodes, ipAddress, '127.0.0.1', 'Address of a port of its own for /metrics'),
  'metrics.port': option(
    nodes,
    givenPort,
    null,
    'A port of its own for /metrics and health; 0 takes a free one',
    "none: the node's own port has them",
  ),
  'dashboard.host': option(
    nodes,
    ipAddress,
    '127.0.0.1',
    'Address of the dashboard; on any other than loopback whoever reaches it can read it',
  ),
  'dashboard.port': option(
    nodes,
    givenPort,
    null,
    'A port for a dashboard of the node; 0 takes a free one',
    'none: there is no dashboard',
  ),
  'shutdown.grace': option(
    nodes,
    duration(0, 3600),
    20,
    'How long requests under way may take when the node ends',
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
