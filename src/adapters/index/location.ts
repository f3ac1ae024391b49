// Where an index is, as text and taken apart:
//
//   lmdb:///path, or a plain path    folder of an LMDB environment
//   redis://[user[:password]@]host[:port][/database][?prefix=<prefix>]     rediss:// for TLS
//
// The text may hold a password; `describeLocation` is what logs, errors and people are shown.

import { isAbsolute, resolve } from 'node:path';
import { FileTaoError } from '../../domain/model/errors.js';

/** What an index holds: a validator's and API node's placement, or a miner's holding. */
export type IndexKind = 'placement index' | 'holding index';

export interface RedisServer {
  readonly host: string;
  readonly port: number;
  readonly database: number;
  readonly user?: string;
  readonly password?: string;
  /** null: no TLS. `ca`: PEM of authorities instead of the system's. */
  readonly tls: { readonly ca?: string } | null;
}

export interface RedisPlace extends RedisServer {
  /** Names the node: its keys begin with filetao:{prefix}: */
  readonly prefix: string;
}

export type IndexLocation =
  | { readonly backend: 'lmdb'; readonly directory: string }
  | { readonly backend: 'redis'; readonly place: RedisPlace };

export const redisPortDefault = 6379;
export const databaseMax = 65535;

const refuse = (reason: string): never => {
  // The text itself is not quoted: it may hold a password.
  throw new FileTaoError('config', `this index address ${reason}`);
};

export interface RedisUrl extends Omit<RedisPlace, 'prefix' | 'tls'> {
  readonly tls: boolean;
  readonly prefix?: string;
}

/** Throws `config`, without quoting the text. */
export function parseRedisUrl(text: string): RedisUrl {
  if (!URL.canParse(text)) return refuse('is not a URL such as redis://127.0.0.1:6379/0');
  const url = new URL(text);
  if (url.protocol !== 'redis:' && url.protocol !== 'rediss:')
    return refuse('begins neither with redis:// nor with rediss://');
  if (url.hostname === '') return refuse('names no host');
  const database = url.pathname.replace(/^\//u, '') || '0';
  if (!/^\d{1,5}$/u.test(database) || Number(database) > databaseMax)
    return refuse('has something else than the number of a database after its host');
  for (const name of url.searchParams.keys())
    if (name !== 'prefix') return refuse('has a parameter other than prefix');
  if (url.hash !== '') return refuse('has a # in it: write it as %23');
  const prefix = url.searchParams.get('prefix');
  return {
    host: url.hostname.replace(/^\[(.*)\]$/u, '$1'),
    port: url.port === '' ? redisPortDefault : Number(url.port),
    database: Number(database),
    ...(url.username === '' ? {} : { user: decoded(url.username) }),
    ...(url.password === '' ? {} : { password: decoded(url.password) }),
    tls: url.protocol === 'rediss:',
    ...(prefix === null ? {} : { prefix }),
  };
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return refuse('has a % that is no escape in its user name or password');
  }
}

export const isRedisUrl = (text: string): boolean => /^rediss?:/iu.test(text);

/** A folder from `lmdb://…` or a plain path. */
export function directoryOf(text: string): string {
  const path = /^lmdb:/iu.test(text) ? text.replace(/^lmdb:(?:\/\/)?/iu, '') : text;
  if (/^[a-z][a-z0-9+]*:\/\//iu.test(path))
    return refuse('begins neither with redis://, rediss:// nor lmdb://');
  if (path === '' || path.includes('\0')) return refuse('names no folder');
  return isAbsolute(path) ? path : resolve(path);
}

/** host:port/database, as errors and logs name a server: no user, no password. */
export const placeOf = ({ host, port, database }: Omit<RedisServer, 'tls'>): string =>
  `${host.includes(':') ? `[${host}]` : host}:${port}/${database}`;

export const describeLocation = (location: IndexLocation): string =>
  location.backend === 'lmdb'
    ? location.directory
    : `redis${location.place.tls === null ? '' : 's'}://${placeOf(location.place)}?prefix=${location.place.prefix}`;
