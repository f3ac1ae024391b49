// Options of a node's index and its folder.
import { host, indexUrl, integer, keyPrefix, optionalPath, path, port, secret } from '../kinds.js';
import { type DefaultContext, home, nodes, option } from './option.js';

/** An API node works on its validator's index, so by default it finds it where the validator keeps it. */
const nodeFolder = ({ role, value }: DefaultContext): string =>
  home(`${role === 'api' ? 'validator' : role}-${value('wallet.name')}-${value('wallet.hotkey')}`);

export const databaseOptions = {
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
} as const;
