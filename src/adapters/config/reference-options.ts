// Options of the Python node that operators have in their start lines, and that are no options here. Each is accepted:
// some set one of ours, the others get one line that says why they mean nothing. Source: the reference's
// storage/miner/config.py, storage/validator/config.py and the arguments its bittensor library adds.

import type { OptionKey, Role } from './schema.js';

export interface ReferenceOption {
  readonly roles: readonly Role[];
  /** `switch` takes no value, `value` one, `list` as many as follow. */
  readonly takes: 'switch' | 'value' | 'list';
  /** The option of ours that it sets where that one is not given itself. */
  readonly sets?: { readonly key: OptionKey; readonly value: string };
  /** Why it means nothing here; null where `sets` says it all. */
  readonly notice: string | null;
}

const nodes = ['miner', 'validator', 'api'] as const;
const validators = ['validator', 'api'] as const;
const miner = ['miner'] as const;

const nothing = (
  roles: readonly Role[],
  takes: ReferenceOption['takes'],
  notice: string,
): ReferenceOption => ({ roles, takes, notice });
const sets = (roles: readonly Role[], key: OptionKey, value: string): ReferenceOption => ({
  roles,
  takes: 'switch',
  sets: { key, value },
  notice: null,
});

const noWandb = 'nothing is sent to wandb: a validator keeps event records in --neuron.events_file';
const noDevice = 'proofs are made on the CPU, by --proving.workers threads';
const ownKeys = "replicas are encrypted under keys derived from the validator's hotkey";
const stakeOrder = 'requests are served in the order of stake';
const noAxonSwitch = 'a miner that does not serve cannot prove anything: do not start it';

export const referenceOptions: Readonly<Record<string, ReferenceOption>> = {
  'logging.debug': sets(nodes, 'logging.level', 'debug'),
  'logging.trace': sets(nodes, 'logging.level', 'trace'),
  'logging.record_log': nothing(nodes, 'switch', 'the log goes to stderr, and to --logging.logging_dir'),

  'wandb.off': nothing(nodes, 'switch', noWandb),
  'wandb.on': nothing(nodes, 'switch', noWandb),
  'wandb.offline': nothing(nodes, 'switch', noWandb),
  'wandb.project_name': nothing(nodes, 'value', noWandb),
  'wandb.entity': nothing(nodes, 'value', noWandb),
  'wandb.notes': nothing(nodes, 'value', noWandb),
  'wandb.weights_step_length': nothing(nodes, 'value', noWandb),
  'wandb.run_step_length': nothing(nodes, 'value', noWandb),

  'miner.verbose': sets(miner, 'logging.level', 'debug'),
  'miner.name': nothing(miner, 'value', 'the folder of a node is --database.directory'),
  'miner.device': nothing(miner, 'value', noDevice),
  'miner.request_log_name': nothing(miner, 'value', 'requests are not logged to a file: see --logging.level'),
  'miner.set_weights_wait_for_inclusion': nothing(miner, 'switch', 'a miner sets no weights'),
  'miner.set_weights_wait_for_finalization': nothing(miner, 'switch', 'a miner sets no weights'),
  'miner.no_set_weights': nothing(miner, 'switch', 'a miner sets no weights'),
  'miner.seconds_to_wait_to_log_presence_message': nothing(miner, 'value', 'there is no such message'),
  'miner.no_serve': nothing(miner, 'switch', noAxonSwitch),
  'miner.no_start_axon': nothing(miner, 'switch', noAxonSwitch),
  'miner.mock_subtensor': nothing(miner, 'switch', 'the chain for trials is --subtensor.network dev'),
  'miner.priority.default': nothing(miner, 'value', stakeOrder),
  'miner.priority.time_stake_multiplicate': nothing(miner, 'value', stakeOrder),
  'miner.priority.len_request_timestamps': nothing(miner, 'value', stakeOrder),
  'blacklist.force_validator_permit': nothing(miner, 'switch', 'a validator permit is always asked for'),
  'blacklist.allow_non_registered': nothing(
    miner,
    'switch',
    'hotkeys without registration are served when --blacklist.whitelist_hotkeys names them',
  ),
  'blacklist.min_request_period': nothing(
    miner,
    'value',
    'callers are limited by --miner.max_requests_per_window and --miner.rate_limit_window',
  ),
  'axon.max_workers': nothing(
    miner,
    'value',
    'one process serves all requests; proofs have --proving.workers',
  ),

  'neuron.verbose': sets(validators, 'logging.level', 'debug'),
  'neuron.log_responses': sets(validators, 'logging.level', 'trace'),
  'neuron.name': nothing(validators, 'value', 'the folder of a node is --database.directory'),
  'neuron.device': nothing(validators, 'value', noDevice),
  'neuron.curve': nothing(validators, 'value', 'commitments are on ristretto255, fixed by the protocol'),
  'neuron.min_chunk_size': nothing(validators, 'value', 'chunk sizes follow from the protocol'),
  'neuron.chunk_factor': nothing(validators, 'value', 'chunk sizes follow from the protocol'),
  'neuron.subscription_logging_path': nothing(
    validators,
    'value',
    'who leaves the subnet is in the log and in the event records',
  ),
  'neuron.debug_logging_path': nothing(validators, 'value', 'the log goes to stderr: redirect it to keep it'),
  'neuron.num_concurrent_forwards': nothing(
    validators,
    'value',
    'steps run beside each other, each once at a time',
  ),
  'neuron.semaphore_size': nothing(
    validators,
    'value',
    'what is under way is bounded for each miner, by its own rate',
  ),
  'neuron.profile': nothing(validators, 'switch', 'profile with node --cpu-prof'),
  'encryption.wallet_name': nothing(validators, 'value', ownKeys),
  'encryption.wallet_hotkey': nothing(validators, 'value', ownKeys),
  'encryption.hotkey': nothing(validators, 'value', ownKeys),
  'encryption.password': nothing(validators, 'value', ownKeys),
  mock: nothing(nodes, 'switch', 'the chain for trials is --subtensor.network dev'),

  'database.redis_conf_path': nothing(nodes, 'value', 'Redis itself is asked how it persists'),
  test: nothing(nodes, 'switch', 'the test network is --subtensor.network test'),
  strict: nothing(nodes, 'switch', 'unknown options are always refused'),
  no_prompt: nothing(nodes, 'switch', 'a node asks nothing at the terminal but the password of a wallet'),
  no_version_checking: nothing(nodes, 'switch', 'versions are not checked over the network'),
};

export const referenceOptionsOf = (role: Role): readonly (readonly [string, ReferenceOption])[] =>
  Object.entries(referenceOptions).filter(([, { roles }]) => roles.includes(role));

export interface AppliedReference {
  /** Flags of ours that the given ones set, by option key. */
  readonly flags: Readonly<Record<string, string>>;
  /** One line for each that means nothing; values are never repeated, they may be secret. */
  readonly notices: readonly string[];
}

/** @param given flags of the command line; those that are no options of the reference are left alone */
export function applyReference(role: Role, given: Readonly<Record<string, unknown>>): AppliedReference {
  const flags: Record<string, string> = {};
  const notices: string[] = [];
  for (const [key, { sets: set, notice }] of referenceOptionsOf(role)) {
    if (given[key] === undefined) continue;
    if (set !== undefined && given[set.key] === undefined) flags[set.key] = set.value;
    if (notice !== null) notices.push(`--${key} means nothing here: ${notice}`);
  }
  return { flags, notices };
}
