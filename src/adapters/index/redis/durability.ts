// How much a crash can take back, asked of the server itself at start: no sudo, no restart. One sentence, and
// whether it is a warning. Managed servers that forbid CONFIG are told apart from what INFO alone says.

import type { RedisServer } from '../location.js';
import { RedisConnection, type Reply } from './connection.js';

export interface Durability {
  /** One sentence for the operator. */
  readonly sentence: string;
  /** False when a crash can lose more than a second, or nobody can say. */
  readonly good: boolean;
}

export async function checkDurability(server: RedisServer): Promise<Durability> {
  const connection = new RedisConnection(server);
  try {
    const info = parseInfo(await connection.command('INFO').catch(() => null));
    const config = await readConfig(connection);
    return judge(`Redis at ${connection.place}`, info, config);
  } finally {
    await connection.close();
  }
}

type Settings = ReadonlyMap<string, string>;

/** Separate from asking, so that every answer a server may give can be tested. */
export function judge(name: string, info: Settings, config: Settings | null): Durability {
  const bad = (text: string): Durability => ({ sentence: `${name} ${text}`, good: false });
  const hint = 'scripts/redis/enable_persistence.sh sets appendonly yes and appendfsync everysec';
  const policy = config?.get('maxmemory-policy') ?? info.get('maxmemory_policy');
  const limited = Number(config?.get('maxmemory') ?? info.get('maxmemory') ?? 0) > 0;
  if (limited && policy !== undefined && policy !== 'noeviction')
    return bad(
      `evicts keys when its memory is full (maxmemory-policy ${policy}): the index can be lost; set noeviction`,
    );
  const aof = config?.get('appendonly') ?? { '1': 'yes', '0': 'no' }[info.get('aof_enabled') ?? ''];
  if (aof === undefined)
    return bad('allows neither CONFIG nor INFO: whether a crash can lose data cannot be told');
  if (aof !== 'yes') {
    const saves = config === null ? 'unknown' : (config.get('save') ?? '');
    return bad(
      saves === ''
        ? `keeps the index in memory only: a crash loses all of it; ${hint}`
        : `saves snapshots only: a crash loses every change since the last one; ${hint}`,
    );
  }
  if (info.get('aof_last_write_status') === 'err')
    return bad('cannot write its append-only file: a crash loses what has changed since');
  switch (config?.get('appendfsync')) {
    case 'always':
      return {
        sentence: `${name} flushes every change before it answers: a crash loses nothing acknowledged`,
        good: true,
      };
    case 'everysec':
      return {
        sentence: `${name} flushes once a second: a crash of the machine can lose about the last second`,
        good: true,
      };
    case 'no':
      return bad(`leaves flushing to the system (appendfsync no): a crash can lose half a minute; ${hint}`);
    default:
      return bad(
        'has its append-only file on, but does not allow CONFIG GET: how often it flushes cannot be told',
      );
  }
}

function parseInfo(reply: Reply): Settings {
  const settings = new Map<string, string>();
  if (!(reply instanceof Uint8Array)) return settings;
  for (const line of Buffer.from(reply).toString('utf8').split('\r\n')) {
    const colon = line.indexOf(':');
    if (colon > 0 && !line.startsWith('#')) settings.set(line.slice(0, colon), line.slice(colon + 1));
  }
  return settings;
}

/** null where CONFIG is forbidden. One name per command: servers before 7 take no more. */
async function readConfig(connection: RedisConnection): Promise<Settings | null> {
  const settings = new Map<string, string>();
  try {
    for (const name of ['appendonly', 'appendfsync', 'save', 'maxmemory', 'maxmemory-policy']) {
      const reply = (await connection.command('CONFIG', 'GET', name)) as readonly Buffer[];
      for (let i = 0; i + 1 < reply.length; i += 2) settings.set(String(reply[i]), String(reply[i + 1]));
    }
    return settings;
  } catch {
    return null;
  }
}
