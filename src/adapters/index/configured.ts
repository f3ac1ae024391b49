// Where a node's index is, from its configuration: Redis by --database.url, or by --database.host, port and
// index; LMDB in its folder otherwise.

import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { FileTaoError } from '../../domain/model/errors.js';
import type { ResolvedConfig } from '../config/resolve.js';
import {
  directoryOf,
  type IndexLocation,
  isRedisUrl,
  parseRedisUrl,
  type RedisServer,
  type RedisUrl,
} from './location.js';

type NodeRole = 'miner' | 'validator' | 'api';

const serverOptions = ['database.host', 'database.port', 'database.index'] as const;

/** Folder of the LMDB index in a node's own folder. */
export const indexFolder = (directory: string): string => join(directory, 'index');

/** @param hotkey ss58: names the node's keys in Redis, unless --database.prefix does */
export async function configuredIndex(
  { role, values, origins }: ResolvedConfig<NodeRole>,
  hotkey: string,
): Promise<IndexLocation> {
  const url = values['database.url'];
  const named = serverOptions.filter((key) => origins[key].source !== 'default' && values[key] !== '');
  if (url !== '' && named.length > 0)
    throw new FileTaoError('config', `--database.url says where the index is: leave --${named[0]} out`);
  if (url !== '' && !isRedisUrl(url)) return { backend: 'lmdb', directory: directoryOf(url) };
  if (url === '' && named.length === 0)
    return { backend: 'lmdb', directory: indexFolder(values['database.directory']) };
  const server: RedisUrl =
    url === ''
      ? {
          host: values['database.host'] || '127.0.0.1',
          port: values['database.port'],
          database: values['database.index'],
          tls: false,
        }
      : parseRedisUrl(url);
  const { tls, prefix, ...rest } = server;
  const password = server.password ?? values['database.redis_password'];
  return {
    backend: 'redis',
    place: {
      ...rest,
      ...(password === '' ? {} : { password }),
      tls: tls ? await authorities(values['database.tls_ca']) : null,
      // An API node shares its validator's index.
      prefix:
        values['database.prefix'] || (prefix ?? `${role === 'miner' ? 'miner' : 'validator'}-${hotkey}`),
    },
  };
}

/**
 * A location as a maintenance command is given it: a URL, the folder of an LMDB index, or the folder of a node. A
 * password that the URL leaves out comes from REDIS_PASSWORD.
 */
export async function locationOf(text: string, env: NodeJS.ProcessEnv, tlsCa = ''): Promise<IndexLocation> {
  if (!isRedisUrl(text)) {
    const directory = directoryOf(text);
    const isIndex = basename(directory) === 'index' || existsSync(join(directory, 'data.mdb'));
    return { backend: 'lmdb', directory: isIndex ? directory : indexFolder(directory) };
  }
  const { prefix } = parseRedisUrl(text);
  if (prefix === undefined)
    throw new FileTaoError(
      'config',
      'say whose index it is: redis://…?prefix=validator-<hotkey> (a node logs its prefix; redis-cli --scan --pattern "filetao:*:schema" lists all)',
    );
  return { backend: 'redis', place: { ...(await serverOf(text, env, tlsCa)), prefix } };
}

/** A Redis server without a node's prefix. */
export async function serverOf(text: string, env: NodeJS.ProcessEnv, tlsCa = ''): Promise<RedisServer> {
  const { tls, prefix: _, ...server } = parseRedisUrl(text);
  const password = server.password ?? env.REDIS_PASSWORD;
  return { ...server, ...(password ? { password } : {}), tls: tls ? await authorities(tlsCa) : null };
}

async function authorities(file: string): Promise<{ readonly ca?: string }> {
  if (file === '') return {};
  try {
    return { ca: await readFile(file, 'utf8') };
  } catch (error) {
    throw new FileTaoError('config', `--database.tls_ca: ${file} cannot be read`, { cause: error });
  }
}
