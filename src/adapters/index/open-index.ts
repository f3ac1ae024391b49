// Opens either index where a location says. The backends are imported when they are used.

import type { HoldingIndex } from '../../domain/ports/holding-index.js';
import type { PlacementIndex } from '../../domain/ports/placement-index.js';
import type { IndexLocation } from './location.js';

export async function openPlacementIndex(location: IndexLocation): Promise<PlacementIndex> {
  if (location.backend === 'lmdb') {
    const { openLmdbPlacementIndex } = await import('./lmdb/placement-index.js');
    return openLmdbPlacementIndex(location.directory);
  }
  const { openRedisPlacementIndex } = await import('./redis/placement-index.js');
  return openRedisPlacementIndex(location.place);
}

export async function openHoldingIndex(location: IndexLocation): Promise<HoldingIndex> {
  if (location.backend === 'lmdb') {
    const { openLmdbHoldingIndex } = await import('./lmdb/holding-index.js');
    return openLmdbHoldingIndex(location.directory);
  }
  const { openRedisHoldingIndex } = await import('./redis/holding-index.js');
  return openRedisHoldingIndex(location.place);
}
