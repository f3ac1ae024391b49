// What lies at a location, without changing it: which kind of index in which schema version, or nothing.

import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { decode } from '@ipld/dag-cbor';
import { FileTaoError } from '../../domain/model/errors.js';
import { describeLocation, type IndexKind, type IndexLocation } from './location.js';

export interface FoundIndex {
  readonly kind: IndexKind;
  readonly version: number;
}

const kinds: readonly string[] = ['placement index', 'holding index'] satisfies IndexKind[];

/** null where there is no index. */
export async function indexAt(location: IndexLocation): Promise<FoundIndex | null> {
  const found =
    location.backend === 'lmdb' ? await lmdbSchema(location.directory) : await redisSchema(location);
  if (found === null) return null;
  if (!kinds.includes(found.kind))
    throw new FileTaoError('config', `${describeLocation(location)} holds a ${found.kind}, not an index`);
  return found as FoundIndex;
}

async function lmdbSchema(directory: string): Promise<{ kind: string; version: number } | null> {
  try {
    await access(join(directory, 'data.mdb'));
  } catch {
    return null;
  }
  const { open } = await import('lmdb');
  const root = open({
    path: directory,
    noSubdir: false,
    readOnly: true,
    encoding: 'binary',
    keyEncoding: 'binary',
    maxDbs: 32,
  });
  try {
    const meta = root.openDB<Buffer, Uint8Array>('meta', { encoding: 'binary', keyEncoding: 'binary' });
    const stored = meta?.get(Buffer.from('schema'));
    if (stored === undefined) return null;
    return decode<{ kind: string; version: number }>(Uint8Array.from(stored));
  } catch (error) {
    throw new FileTaoError('damaged', `${directory} is no index that can be read`, { cause: error });
  } finally {
    await root.close();
  }
}

async function redisSchema(
  location: IndexLocation & { readonly backend: 'redis' },
): Promise<{ kind: string; version: number } | null> {
  const [{ RedisConnection }, { keyOf }, { readSchema }] = await Promise.all([
    import('./redis/connection.js'),
    import('./redis/keys.js'),
    import('./redis/node-space.js'),
  ]);
  const connection = new RedisConnection(location.place);
  try {
    const stored = (await connection.command('GET', keyOf(location.place.prefix, 'schema'))) as Buffer | null;
    return stored === null ? null : readSchema(describeLocation(location), stored);
  } finally {
    await connection.close();
  }
}
