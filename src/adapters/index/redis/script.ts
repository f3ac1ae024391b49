// Lua scripts: every compound change is one of them, so it happens whole or not at all, whoever else is at work.
// Redis writes a script's effects to its append-only file as one transaction: a crash cannot cut it in half.

import { createHash } from 'node:crypto';

export interface Script<Name extends string = string> {
  /** Names of the keys it touches, in the order of KEYS. All of them: a cluster insists. */
  readonly keys: readonly Name[];
  readonly lua: string;
  readonly sha: string;
}

/** In the body each key is a local: `replicas-by-id` is `replicas_by_id`. */
export function defineScript<const Name extends string>(
  keys: readonly Name[],
  body: string,
  ...parts: readonly string[]
): Script<Name> {
  const locals = keys.map((name) => name.replaceAll('-', '_')).join(', ');
  const lua = `local ${locals} = unpack(KEYS)\n${[...parts, body].join('\n').trim()}\n`;
  return { keys, lua, sha: createHash('sha1').update(lua).digest('hex') };
}

/** Lua shared by scripts: `after_prefix` is the first string behind all that begin with s, for a lex range. */
export const luaRanges = `
local function after_prefix(s)
  for i = #s, 1, -1 do
    local b = string.byte(s, i)
    if b < 255 then return '(' .. string.sub(s, 1, i - 1) .. string.char(b + 1) end
  end
  return '+'
end
local function members(key, prefix)
  return redis.call('ZRANGEBYLEX', key, '[' .. prefix, after_prefix(prefix))
end
local function any(key, prefix)
  return #redis.call('ZRANGEBYLEX', key, '[' .. prefix, after_prefix(prefix), 'LIMIT', 0, 1) > 0
end`;

/**
 * Body of a listing: members of `by` under a prefix and after a cursor, each with its field of `records`, up to a
 * number of items and of bytes; then '1' if there is more. ARGV: prefix, cursor, items, bytes.
 * @param field the field of a member, in Lua
 */
export const luaPage = (by: string, records: string, field = 'member'): string => `
local prefix, cursor, items, bytes = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
local from, to = '-', '+'
if #prefix > 0 then from, to = '[' .. prefix, after_prefix(prefix) end
if cursor > prefix then from = '(' .. cursor end
local found = redis.call('ZRANGEBYLEX', ${by}, from, to, 'LIMIT', 0, items + 1)
local page, size = {}, 0
for i, member in ipairs(found) do
  if i > items or (i > 1 and size >= bytes) then
    page[#page + 1] = '1'
    return page
  end
  local record = redis.call('HGET', ${records}, ${field})
  page[#page + 1] = member
  page[#page + 1] = record or ''
  size = size + #(record or '')
end
return page`;
