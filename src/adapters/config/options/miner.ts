// Options of the miner: where it is reached, whom it serves, what it holds.
import { mebibyte } from '../../../domain/model/constants.js';
import { bytes, duration, givenAddress, hotkeyList, integer, ipAddress, port } from '../kinds.js';
import { day, isDev, option } from './option.js';

export const axonOptions = {
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
} as const;

export const accessOptions = {
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
} as const;

export const storageOptions = {
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
} as const;
