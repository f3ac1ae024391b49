// Options of the validator's own port, records and weights.
import { join } from 'node:path';
import { dutyDefaults, mebibyte } from '../../../domain/model/constants.js';
import { bytes, integer, onOff, optionalPath, path, port } from '../kinds.js';
import { home, option } from './option.js';

/** Above the last version key of the Python node, 210. */
const weightsVersionKey = 300;

export const statusOptions = {
  'validator.port': option(
    ['validator'],
    port,
    8093,
    "Port of the validator's own status; 0 takes a free one",
  ),
} as const;

export const recordOptions = {
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
} as const;
