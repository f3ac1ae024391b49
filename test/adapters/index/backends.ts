// The index backends by address, so that child processes open the same place as the test that started them.
import { join } from 'node:path';
import { openLmdbHoldingIndex } from '../../../src/adapters/index/lmdb/holding-index.js';
import { openLmdbPlacementIndex } from '../../../src/adapters/index/lmdb/placement-index.js';
import { isRedisUrl, parseRedisUrl, type RedisPlace } from '../../../src/adapters/index/location.js';
import { openRedisHoldingIndex } from '../../../src/adapters/index/redis/holding-index.js';
import { openRedisPlacementIndex } from '../../../src/adapters/index/redis/placement-index.js';
import type { HoldingIndex } from '../../../src/domain/ports/holding-index.js';
import type { PlacementIndex } from '../../../src/domain/ports/placement-index.js';

/** `lmdb:FOLDER` or `redis://…?prefix=…`. */
export function openPlacementAt(address: string): Promise<PlacementIndex> {
  if (isRedisUrl(address)) return openRedisPlacementIndex(redisPlaceOf(address));
  return openLmdbPlacementIndex(join(folderOf(address), 'placement'));
}

export function openHoldingAt(address: string): Promise<HoldingIndex> {
  if (isRedisUrl(address)) return openRedisHoldingIndex(redisPlaceOf(address));
  return openLmdbHoldingIndex(join(folderOf(address), 'holding'));
}

function folderOf(address: string): string {
  if (!address.startsWith('lmdb:')) throw new Error(`no index backend for ${address}`);
  return address.slice('lmdb:'.length);
}

export function redisPlaceOf(address: string): RedisPlace {
  const { tls, prefix = 'test', ...server } = parseRedisUrl(address);
  return { ...server, prefix, tls: tls ? {} : null };
}
