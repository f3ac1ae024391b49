// The names of all Redis keys, in one place: scripts, node and docs/index.md take them from here.
//
//   filetao:{<prefix>}:<name>      prefix: one node, e.g. validator-5Grw…; the braces are its hash tag
//
// A node's keys share one hash tag, so in a cluster they lie in one slot and one script may change several;
// many nodes spread over many slots. The number of keys is fixed: records are fields and members, because a key
// per record costs about 100 bytes more each and could not be listed in order.

import { FileTaoError } from '../../../domain/model/errors.js';

export interface RedisKey {
  readonly type: 'string' | 'hash' | 'zset';
  /** What the key holds, as docs/index.md shows it. */
  readonly holds: string;
}

/** Record bytes are those of codec.ts. Sorted sets whose scores are all 0 are sorted by member. */
export const placementKeys = {
  schema: { type: 'string', holds: 'JSON: kind and version of this layout' },
  objects: { type: 'hash', holds: 'claim → expiry, size, piece ids, record; a claim is CID ‖ owner' },
  'objects-by-cid': { type: 'zset', holds: '0: claim' },
  'objects-by-expiry': { type: 'zset', holds: 'expiry: claim' },
  'objects-by-piece': { type: 'zset', holds: '0: piece id ‖ claim' },
  'objects-by-owner': { type: 'zset', holds: '0: owner ‖ CID' },
  'owner-objects': { type: 'hash', holds: 'owner → number of its claims' },
  'owner-bytes': { type: 'hash', holds: 'owner → bytes of the objects it claims' },
  pieces: { type: 'hash', holds: 'piece id → size, copies, expiry, time of the first store' },
  'pieces-by-id': { type: 'zset', holds: '0: piece id' },
  'pieces-by-expiry': { type: 'zset', holds: 'expiry: piece id' },
  'pieces-short': { type: 'zset', holds: '0: piece id (fewer active replicas than copies)' },
  replicas: {
    type: 'hash',
    holds:
      'replica id → version, size, expiry, state, piece id, writer, record; a replica id is miner ‖ validator ‖ root',
  },
  'replicas-by-id': { type: 'zset', holds: '0: replica id' },
  'replicas-by-piece': { type: 'zset', holds: '0: piece id ‖ 1 active, 0 not ‖ replica id' },
  'replicas-by-expiry': { type: 'zset', holds: 'expiry: replica id' },
  'miner-bytes': { type: 'hash', holds: 'miner → bytes of all its replicas' },
  'miner-promises': { type: 'zset', holds: '0: miner ‖ promise id ‖ until ‖ bytes' },
  'miner-statistics': { type: 'hash', holds: 'miner → seven counts of the window and of all time' },
  'miner-tiers': { type: 'hash', holds: 'miner → name of its tier; the lowest where there is none' },
  answers: { type: 'hash', holds: 'digest of a transcript → counted answer in no ledger entry yet' },
  window: { type: 'string', holds: 'number of the statistics window' },
} as const satisfies Readonly<Record<string, RedisKey>>;

export const holdingKeys = {
  schema: { type: 'string', holds: 'JSON: kind and version of this layout' },
  held: {
    type: 'hash',
    holds: 'replica id → size, expiry, last n, last link, record; a replica id is validator ‖ miner ‖ root',
  },
  'held-by-id': { type: 'zset', holds: '0: replica id' },
  'held-by-expiry': { type: 'zset', holds: 'expiry: replica id' },
  'held-bytes': { type: 'hash', holds: 'validator → bytes of its replicas; sum → of all' },
} as const satisfies Readonly<Record<string, RedisKey>>;

export type PlacementKeyName = keyof typeof placementKeys;
export type HoldingKeyName = keyof typeof holdingKeys;

/** Version of this layout. The records in it have their own: codec.ts. */
export const redisSchemaVersion = 2;

const prefixRule = /^[A-Za-z0-9._-]{1,128}$/u;

export function checkPrefix(prefix: string): string {
  if (!prefixRule.test(prefix))
    throw new FileTaoError(
      'config',
      'a Redis prefix is 1 to 128 letters, digits, dots, hyphens or underscores',
    );
  return prefix;
}

/** Begins every key of the node. */
export const keySpace = (prefix: string): string => `filetao:{${checkPrefix(prefix)}}:`;

export const keyOf = (prefix: string, name: PlacementKeyName | HoldingKeyName): string =>
  keySpace(prefix) + name;
