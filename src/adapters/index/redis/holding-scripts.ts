// The holding index's changes and listings in Lua. A value of `held` begins with what scripts change:
//
//   size u64 ‖ expiry u64 ‖ last n u64 ‖ last link 32 ‖ record as it was put

import type { HoldingKeyName } from './keys.js';
import { defineScript, luaPage, luaRanges, type Script } from './script.js';

export const heldHeaderBytes = 8 + 8 + 8 + 32;

const luaHeld = `
local function unlink(id)
  local stored = redis.call('HGET', held, id)
  if not stored then return false end
  local size = struct.unpack('>I8', stored)
  local validator = string.sub(id, 1, 32)
  if redis.call('HINCRBY', held_bytes, validator, 0 - size) <= 0 then redis.call('HDEL', held_bytes, validator) end
  if redis.call('HINCRBY', held_bytes, 'sum', 0 - size) <= 0 then redis.call('HDEL', held_bytes, 'sum') end
  return true
end`;

const files = ['held', 'held-by-id', 'held-by-expiry', 'held-bytes'] as const;

const script = <const Name extends HoldingKeyName>(
  keys: readonly Name[],
  body: string,
  ...parts: readonly string[]
): Script<Name> => defineScript(keys, body, luaRanges, ...parts);

/** ARGV: replica id, value. */
export const putHeld = script(
  files,
  `
local id, value = ARGV[1], ARGV[2]
unlink(id)
local size, expiry = struct.unpack('>I8I8', value)
redis.call('HSET', held, id, value)
redis.call('ZADD', held_by_id, 0, id)
redis.call('ZADD', held_by_expiry, expiry, id)
redis.call('HINCRBY', held_bytes, string.sub(id, 1, 32), size)
redis.call('HINCRBY', held_bytes, 'sum', size)
return 1`,
  luaHeld,
);

/** ARGV: replica id, expiry. Answers the value as it is now. */
export const renewHeld = script(
  ['held', 'held-by-expiry'],
  `
local id, wanted = ARGV[1], tonumber(ARGV[2])
local stored = redis.call('HGET', held, id)
if not stored then return false end
local _, expiry = struct.unpack('>I8I8', stored)
if expiry >= wanted then return stored end
stored = string.sub(stored, 1, 8) .. struct.pack('>I8', wanted) .. string.sub(stored, 17)
redis.call('HSET', held, id, stored)
redis.call('ZADD', held_by_expiry, wanted, id)
return stored`,
);

/** ARGV: replica id, packed n and link. */
export const noteAnswer = script(
  ['held'],
  `
local stored = redis.call('HGET', held, ARGV[1])
if not stored then return 0 end
redis.call('HSET', held, ARGV[1], string.sub(stored, 1, 16) .. ARGV[2] .. string.sub(stored, ${heldHeaderBytes + 1}))
return 1`,
);

/** ARGV: replica id. */
export const removeHeld = script(
  files,
  `
if not unlink(ARGV[1]) then return 0 end
redis.call('HDEL', held, ARGV[1])
redis.call('ZREM', held_by_id, ARGV[1])
redis.call('ZREM', held_by_expiry, ARGV[1])
return 1`,
  luaHeld,
);

export const listHeld = script(['held', 'held-by-id'], luaPage('held_by_id', 'held'));
