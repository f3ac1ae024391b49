// One node's keys on one server: settles the schema when it is opened, runs scripts on the node's keys, turns
// listings into pages. What the two indexes have in common.

import { FileTaoError } from '../../../domain/model/errors.js';
import type { Page } from '../../../domain/ports/placement-index.js';
import { cursorAfter, keyOfCursor, pageBytesMax, pageLimit } from '../cursor.js';
import type { IndexKind, RedisPlace } from '../location.js';
import { type Argument, RedisConnection, type RedisConnectionOptions, type Reply } from './connection.js';
import { keyOf, keySpace, redisSchemaVersion } from './keys.js';
import { damagedValue } from './packed.js';
import { defineScript, type Script } from './script.js';

type KeyName = Parameters<typeof keyOf>[1];

/** ARGV: the schema to write where there is none. */
const settleScript = defineScript(
  ['schema'],
  "redis.call('SET', schema, ARGV[1], 'NX')\nreturn redis.call('GET', schema)",
);

export interface StoredSchema {
  readonly kind: string;
  readonly version: number;
}

export function readSchema(place: string, stored: Buffer): StoredSchema {
  try {
    const { kind, version } = JSON.parse(stored.toString('utf8'));
    if (typeof kind === 'string' && Number.isSafeInteger(version)) return { kind, version };
  } catch {
    // told below
  }
  throw new FileTaoError('damaged', `the schema key of ${place} cannot be read`);
}

export class NodeSpace {
  readonly connection: RedisConnection;
  readonly #prefix: string;

  private constructor(connection: RedisConnection, prefix: string) {
    this.connection = connection;
    this.#prefix = prefix;
  }

  /** Throws `config` where the prefix holds the other kind of index, `schema` for another version. */
  static async open(
    place: RedisPlace,
    kind: IndexKind,
    options: RedisConnectionOptions = {},
  ): Promise<NodeSpace> {
    const connection = new RedisConnection(place, options);
    try {
      const space = new NodeSpace(connection, place.prefix);
      const wanted = JSON.stringify({ kind, version: redisSchemaVersion });
      const { reply } = await space.run(settleScript, [wanted], true);
      checkSchema(`${keySpace(place.prefix)}* in Redis at ${connection.place}`, kind, reply as Buffer);
      return space;
    } catch (error) {
      await connection.close();
      throw error;
    }
  }

  key(name: KeyName): string {
    return keyOf(this.#prefix, name);
  }

  run(script: Script<KeyName>, args: readonly Argument[], again: boolean) {
    return this.connection.run(
      script,
      script.keys.map((name) => this.key(name)),
      args,
      again,
    );
  }

  /** A script whose second run, after a broken connection, does no harm and answers the same. */
  async repeatable(script: Script<KeyName>, args: readonly Argument[]): Promise<Reply> {
    return (await this.run(script, args, true)).reply;
  }

  /** A script that answers 1 when it took something away: sent twice, the second finds nothing left. */
  async removed(script: Script<KeyName>, args: readonly Argument[]): Promise<boolean> {
    const { reply, resent } = await this.run(script, args, true);
    return reply === 1 || resent;
  }

  async field(hash: KeyName, field: Argument): Promise<Buffer | null> {
    return (await this.connection.command('HGET', this.key(hash), field)) as Buffer | null;
  }

  /** Members with a score up to `time`, oldest first. */
  async filedUntil(sorted: KeyName, time: number, limit: number): Promise<readonly Buffer[]> {
    const most = Math.floor(Math.min(time, Number.MAX_SAFE_INTEGER));
    return (await this.connection.command(
      'ZRANGEBYSCORE',
      this.key(sorted),
      '-inf',
      most,
      'LIMIT',
      0,
      pageLimit(limit),
    )) as Buffer[];
  }

  /** Runs a listing script; items that are gone meanwhile are left out. */
  async page<Item>(
    script: Script<KeyName>,
    prefix: Uint8Array,
    cursor: string | null,
    limit: number,
    toItem: (id: Buffer, value: Buffer) => Item,
  ): Promise<Page<Item>> {
    const after = cursor === null ? Buffer.alloc(0) : keyOfCursor(cursor);
    const reply = await this.repeatable(script, [prefix, after, pageLimit(limit), pageBytesMax]);
    if (!Array.isArray(reply)) throw damagedValue();
    const found = reply as Buffer[];
    const more = found.length % 2 === 1;
    const items: Item[] = [];
    for (let i = 0; i + 1 < found.length; i += 2)
      if (found[i + 1]!.length > 0) items.push(toItem(found[i]!, found[i + 1]!));
    const last = more ? found.at(-3) : undefined;
    return { items, next: last === undefined ? null : cursorAfter(last) };
  }

  close(): Promise<void> {
    return this.connection.close();
  }
}

function checkSchema(place: string, kind: IndexKind, stored: Buffer): void {
  const found = readSchema(place, stored);
  if (found.kind !== kind)
    throw new FileTaoError('config', `${place} holds a ${found.kind}, not a ${kind}: choose another prefix`);
  if (found.version === redisSchemaVersion) return;
  throw new FileTaoError(
    'schema',
    found.version > redisSchemaVersion
      ? `${place} was written by a newer FileTAO (schema ${found.version}, this one reads ${redisSchemaVersion}): upgrade this program`
      : `${place} has schema ${found.version} and this FileTAO writes ${redisSchemaVersion}: run filetao index migrate first`,
    { details: { found: found.version, supported: redisSchemaVersion } },
  );
}
