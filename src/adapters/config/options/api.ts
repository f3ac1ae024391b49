// Options of the API node.
import {
  bytes,
  duration,
  givenAddress,
  hotkeyList,
  httpUrl,
  httpUrlOf,
  integer,
  ipAddress,
  onOff,
  port,
} from '../kinds.js';
import { day, isDev, option } from './option.js';

export const apiOptions = {
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
} as const;
