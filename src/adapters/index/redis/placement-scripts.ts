// The placement index's changes and listings in Lua. Values that scripts read begin with packed fields:
//
//   objects           expiry u64 ‖ size u64 ‖ pieces u32 ‖ piece ids ‖ record
//   pieces            size u64 ‖ copies u64 ‖ expiry u64 ‖ stored-at u64
//   replicas          version u64 ‖ size u64 ‖ expiry u64 ‖ state 1 ‖ piece id 32 ‖ writer 8 ‖ record
//   miner-statistics  attempts and successes of store, challenge, retrieve, and all successes: seven u64
//   miner-tiers       name of the tier
//
// `writer` is a random mark of the change, by which a change sent twice after a broken connection knows itself.

import type { PlacementKeyName } from './keys.js';
import { defineScript, luaPage, luaRanges, type Script } from './script.js';

const replicaHeader = '>I8I8I8c1c32c8';
export const replicaHeaderBytes = 8 + 8 + 8 + 1 + 32 + 8;
export const writerOffset = replicaHeaderBytes - 8;

/** Files the piece as short of active replicas, or no longer. */
const luaAssess = `
local function assess(piece)
  local stored = redis.call('HGET', pieces, piece)
  if not stored then return end
  local _, copies = struct.unpack('>I8I8', stored)
  local active = piece .. '\\1'
  local count = redis.call('ZLEXCOUNT', replicas_by_piece, '[' .. active, after_prefix(active))
  if count < copies then redis.call('ZADD', pieces_short, 0, piece)
  else redis.call('ZREM', pieces_short, piece) end
end`;

const luaFiling = `
local function link(id, size, expiry, state, piece)
  redis.call('ZADD', replicas_by_piece, 0, piece .. state .. id)
  redis.call('ZADD', replicas_by_expiry, expiry, id)
  redis.call('HINCRBY', miner_bytes, string.sub(id, 1, 32), size)
  assess(piece)
end
local function unlink(id, size, state, piece)
  redis.call('ZREM', replicas_by_piece, piece .. state .. id)
  local miner = string.sub(id, 1, 32)
  if redis.call('HINCRBY', miner_bytes, miner, 0 - size) <= 0 then redis.call('HDEL', miner_bytes, miner) end
  assess(piece)
end`;

const luaObjects = `
local function claims(value, from)
  local count = struct.unpack('>I4', value, from)
  local list = {}
  for i = 0, count - 1 do list[i + 1] = string.sub(value, from + 4 + 32 * i, from + 35 + 32 * i) end
  return list
end
local function owned(owner, number, size)
  if redis.call('HINCRBY', owner_objects, owner, number) <= 0 then redis.call('HDEL', owner_objects, owner) end
  if redis.call('HINCRBY', owner_bytes, owner, size) <= 0 then redis.call('HDEL', owner_bytes, owner) end
end
local function link_object(id, value)
  local expiry, size = struct.unpack('>I8I8', value)
  local owner = string.sub(id, -32)
  redis.call('HSET', objects, id, value)
  redis.call('ZADD', objects_by_cid, 0, id)
  redis.call('ZADD', objects_by_expiry, expiry, id)
  for _, piece in ipairs(claims(value, 17)) do redis.call('ZADD', objects_by_piece, 0, piece .. id) end
  redis.call('ZADD', objects_by_owner, 0, owner .. string.sub(id, 1, -33))
  owned(owner, 1, size)
end
local function unlink_object(id)
  local stored = redis.call('HGET', objects, id)
  if not stored then return false end
  local _, size = struct.unpack('>I8I8', stored)
  local owner = string.sub(id, -32)
  redis.call('ZREM', objects_by_expiry, id)
  for _, piece in ipairs(claims(stored, 17)) do redis.call('ZREM', objects_by_piece, piece .. id) end
  redis.call('ZREM', objects_by_owner, owner .. string.sub(id, 1, -33))
  owned(owner, -1, 0 - size)
  return true
end`;

const luaPromises = `
local function promised(miner, now, forget, without)
  local sum = 0
  for _, member in ipairs(members(miner_promises, miner)) do
    local expires, bytes = struct.unpack('>I8I8', member, 65)
    if string.sub(member, 33, 64) == without then redis.call('ZREM', miner_promises, member)
    elseif expires > now then sum = sum + bytes
    elseif forget then redis.call('ZREM', miner_promises, member) end
  end
  return sum
end`;

const replicaFiles = [
  'replicas',
  'replicas-by-id',
  'replicas-by-piece',
  'replicas-by-expiry',
  'miner-bytes',
  'pieces',
  'pieces-short',
] as const;
const objectFiles = [
  'objects',
  'objects-by-cid',
  'objects-by-expiry',
  'objects-by-piece',
  'objects-by-owner',
  'owner-objects',
  'owner-bytes',
] as const;

const script = <const Name extends PlacementKeyName>(
  keys: readonly Name[],
  body: string,
  ...parts: readonly string[]
): Script<Name> => defineScript(keys, body, luaRanges, ...parts);

/** ARGV: claim, value. */
export const putObject = script(
  objectFiles,
  `
unlink_object(ARGV[1])
link_object(ARGV[1], ARGV[2])
return 1`,
  luaObjects,
);

/** Of schema version 1, where the key was the CID alone. ARGV: cid, claim, value. */
export const claimObject = script(
  objectFiles,
  `
local cid = ARGV[1]
local stored = redis.call('HGET', objects, cid)
if not stored then return 0 end
for _, piece in ipairs(claims(stored, 9)) do redis.call('ZREM', objects_by_piece, piece .. cid) end
redis.call('ZREM', objects_by_expiry, cid)
redis.call('ZREM', objects_by_cid, cid)
redis.call('HDEL', objects, cid)
unlink_object(ARGV[2])
link_object(ARGV[2], ARGV[3])
return 1`,
  luaObjects,
);

/** ARGV: claim. */
export const deleteObject = script(
  objectFiles,
  `
if not unlink_object(ARGV[1]) then return 0 end
redis.call('HDEL', objects, ARGV[1])
redis.call('ZREM', objects_by_cid, ARGV[1])
return 1`,
  luaObjects,
);

export const listObjects = script(['objects', 'objects-by-cid'], luaPage('objects_by_cid', 'objects'));

export const listObjectsOf = script(
  ['objects', 'objects-by-owner'],
  luaPage('objects_by_owner', 'objects', 'string.sub(member, 33) .. string.sub(member, 1, 32)'),
);

/** ARGV: piece id, value; of as many pieces as wished. */
export const putPieces = script(
  ['pieces', 'pieces-by-id', 'pieces-by-expiry', 'pieces-short', 'replicas-by-piece'],
  `
for i = 1, #ARGV, 2 do
  local piece, value = ARGV[i], ARGV[i + 1]
  local size, copies, expiry, at = struct.unpack('>I8I8I8I8', value)
  local stored = redis.call('HGET', pieces, piece)
  if stored then
    local old_size, old_copies, old_expiry, old_at = struct.unpack('>I8I8I8I8', stored)
    size, at = old_size, old_at
    copies, expiry = math.max(copies, old_copies), math.max(expiry, old_expiry)
  end
  redis.call('HSET', pieces, piece, struct.pack('>I8I8I8I8', size, copies, expiry, at))
  redis.call('ZADD', pieces_by_id, 0, piece)
  redis.call('ZADD', pieces_by_expiry, expiry, piece)
  assess(piece)
end
return 1`,
  luaAssess,
);

/** ARGV: piece id, time. */
export const removePiece = script(
  ['pieces', 'pieces-by-id', 'pieces-by-expiry', 'pieces-short', 'objects-by-piece', 'replicas-by-piece'],
  `
local piece = ARGV[1]
local stored = redis.call('HGET', pieces, piece)
if not stored then return 0 end
local _, _, expiry = struct.unpack('>I8I8I8', stored)
if expiry > tonumber(ARGV[2]) then return 0 end
if any(objects_by_piece, piece) or any(replicas_by_piece, piece) then return 0 end
redis.call('HDEL', pieces, piece)
redis.call('ZREM', pieces_by_id, piece)
redis.call('ZREM', pieces_by_expiry, piece)
redis.call('ZREM', pieces_short, piece)
return 1`,
);

export const listPieces = script(['pieces', 'pieces-by-id'], luaPage('pieces_by_id', 'pieces'));
export const listShortPieces = script(['pieces', 'pieces-short'], luaPage('pieces_short', 'pieces'));

/** ARGV: promise id to settle or '', then replica id and value of as many replicas as wished. Answers 1 or 0 of each. */
export const addReplicas = script(
  [...replicaFiles, 'miner-promises'],
  `
local answers = {}
for i = 2, #ARGV, 2 do
  local id, value = ARGV[i], ARGV[i + 1]
  local stored = redis.call('HGET', replicas, id)
  if not stored then
    local _, size, expiry, state, piece = struct.unpack('${replicaHeader}', value)
    redis.call('HSET', replicas, id, value)
    redis.call('ZADD', replicas_by_id, 0, id)
    link(id, size, expiry, state, piece)
    if ARGV[1] ~= '' then promised(string.sub(id, 1, 32), 0, false, ARGV[1]) end
    answers[#answers + 1] = 1
  elseif string.sub(stored, ${writerOffset + 1}, ${replicaHeaderBytes}) == string.sub(value, ${writerOffset + 1}, ${replicaHeaderBytes}) then
    answers[#answers + 1] = 1
  else
    answers[#answers + 1] = 0
  end
end
return answers`,
  luaAssess,
  luaFiling,
  luaPromises,
);

/** ARGV: replica id, value. Answers 1 done, 0 another version, 2 another version that may have come after this. */
export const updateReplica = script(
  replicaFiles,
  `
local id, value = ARGV[1], ARGV[2]
local stored = redis.call('HGET', replicas, id)
if not stored then return 0 end
local version, size, expiry, state, piece, writer = struct.unpack('${replicaHeader}', stored)
local next_version, next_size, next_expiry, next_state, next_piece, next_writer = struct.unpack('${replicaHeader}', value)
if version ~= next_version - 1 then
  if version == next_version and writer == next_writer then return 1 end
  if version > next_version then return 2 end
  return 0
end
redis.call('HSET', replicas, id, value)
if size ~= next_size or expiry ~= next_expiry or state ~= next_state or piece ~= next_piece then
  unlink(id, size, state, piece)
  link(id, next_size, next_expiry, next_state, next_piece)
end
return 1`,
  luaAssess,
  luaFiling,
);

/** ARGV: replica id. */
export const removeReplica = script(
  replicaFiles,
  `
local id = ARGV[1]
local stored = redis.call('HGET', replicas, id)
if not stored then return 0 end
local _, size, _, state, piece = struct.unpack('${replicaHeader}', stored)
redis.call('HDEL', replicas, id)
redis.call('ZREM', replicas_by_id, id)
redis.call('ZREM', replicas_by_expiry, id)
unlink(id, size, state, piece)
return 1`,
  luaAssess,
  luaFiling,
);

/** ARGV: piece id. */
export const replicasOfPiece = script(
  ['replicas', 'replicas-by-piece'],
  `
local found = {}
for _, member in ipairs(members(replicas_by_piece, ARGV[1])) do
  found[#found + 1] = redis.call('HGET', replicas, string.sub(member, 34))
end
return found`,
);

export const listReplicas = script(['replicas', 'replicas-by-id'], luaPage('replicas_by_id', 'replicas'));

/** ARGV: piece id. */
export const objectsOfPiece = script(['objects-by-piece'], 'return members(objects_by_piece, ARGV[1])');

/** ARGV: miner, promise id, until, bytes, now, limit. */
export const promiseBytes = script(
  ['miner-bytes', 'miner-promises'],
  `
local miner, id, bytes = ARGV[1], ARGV[2], tonumber(ARGV[4])
local others = promised(miner, tonumber(ARGV[5]), true, id)
local used = tonumber(redis.call('HGET', miner_bytes, miner) or '0')
if used + others + bytes > tonumber(ARGV[6]) then return 0 end
redis.call('ZADD', miner_promises, 0, miner .. id .. struct.pack('>I8I8', tonumber(ARGV[3]), bytes))
return 1`,
  luaPromises,
);

/** ARGV: miner, promise id. */
export const releasePromise = script(
  ['miner-promises'],
  `
local found = members(miner_promises, ARGV[1] .. ARGV[2])
for _, member in ipairs(found) do redis.call('ZREM', miner_promises, member) end
return #found`,
);

/** ARGV: miner, now. */
export const promisedBytes = script(
  ['miner-promises'],
  'return string.format("%.0f", promised(ARGV[1], tonumber(ARGV[2]), false, nil))',
  luaPromises,
);

/** ARGV: miner, which of the kinds (0 to 2), 1 for a success, digest, answer, most that may wait. */
export const countAnswer = script(
  ['miner-statistics', 'answers'],
  `
if redis.call('HLEN', answers) >= tonumber(ARGV[6]) then return 0 end
if redis.call('HSETNX', answers, ARGV[4], ARGV[5]) == 0 then return 0 end
local counts = { struct.unpack('>I8I8I8I8I8I8I8', redis.call('HGET', miner_statistics, ARGV[1]) or string.rep('\\0', 56)) }
local kind = tonumber(ARGV[2])
counts[kind + 1] = counts[kind + 1] + 1
if ARGV[3] == '1' then
  counts[kind + 4] = counts[kind + 4] + 1
  counts[7] = counts[7] + 1
end
redis.call('HSET', miner_statistics, ARGV[1], struct.pack('>I8I8I8I8I8I8I8', unpack(counts, 1, 7)))
return 1`,
);

/** ARGV: how many. A scan of a hash may give a few more, and passes over empty places. */
export const waitingAnswers = script(
  ['answers'],
  `
local cursor, found = '0', {}
repeat
  local reply = redis.call('HSCAN', answers, cursor, 'COUNT', ARGV[1])
  cursor = reply[1]
  for i = 2, #reply[2], 2 do found[#found + 1] = reply[2][i] end
until cursor == '0' or #found >= tonumber(ARGV[1])
return found`,
);

/** ARGV: digests. */
export const settleAnswers = script(
  ['answers'],
  `
for _, digest in ipairs(ARGV) do redis.call('HDEL', answers, digest) end
return 1`,
);

/** ARGV: miner. Counts and tier; '' where there is none. */
export const statistics = script(
  ['miner-statistics', 'miner-tiers'],
  "return { redis.call('HGET', miner_statistics, ARGV[1]) or '', redis.call('HGET', miner_tiers, ARGV[1]) or '' }",
);

/** Miner, counts and tier of every miner. */
export const listStatistics = script(
  ['miner-statistics', 'miner-tiers'],
  `
local all, listed = redis.call('HGETALL', miner_statistics), {}
for i = 1, #all, 2 do
  listed[#listed + 1] = all[i]
  listed[#listed + 1] = all[i + 1]
  listed[#listed + 1] = redis.call('HGET', miner_tiers, all[i]) or ''
end
return listed`,
);

/** ARGV: miner, seven counts, tier. */
export const putStatistics = script(
  ['miner-statistics', 'miner-tiers'],
  `
redis.call('HSET', miner_statistics, ARGV[1], ARGV[2])
redis.call('HSET', miner_tiers, ARGV[1], ARGV[3])
return 1`,
);

/** ARGV: number of the window, then miner, six counts and tier of each judgement. */
export const rollWindow = script(
  ['miner-statistics', 'miner-tiers', 'window'],
  `
if tonumber(ARGV[1]) <= tonumber(redis.call('GET', window) or '0') then return 0 end
redis.call('SET', window, ARGV[1])
for i = 2, #ARGV, 3 do
  local counts = { struct.unpack('>I8I8I8I8I8I8I8', redis.call('HGET', miner_statistics, ARGV[i]) or string.rep('\\0', 56)) }
  local judged = { struct.unpack('>I8I8I8I8I8I8', ARGV[i + 1]) }
  for k = 1, 6 do counts[k] = math.max(0, counts[k] - judged[k]) end
  redis.call('HSET', miner_statistics, ARGV[i], struct.pack('>I8I8I8I8I8I8I8', unpack(counts, 1, 7)))
  redis.call('HSET', miner_tiers, ARGV[i], ARGV[i + 2])
end
return 1`,
);
