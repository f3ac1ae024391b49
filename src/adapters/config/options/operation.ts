// Options of logs, metrics and the end of a process.
import { mebibyte } from '../../../domain/model/constants.js';
import {
  bytes,
  duration,
  givenPort,
  integer,
  ipAddress,
  networkList,
  oneOf,
  onOff,
  optionalPath,
} from '../kinds.js';
import { nodes, onChain, option } from './option.js';

const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;

export const operationOptions = {
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
