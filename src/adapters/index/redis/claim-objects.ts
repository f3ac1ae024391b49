// From schema version 1 to 2 on Redis: objects, filed by CID alone, get their owner into the key, and each owner a
// listing and counters. Object by object, each in one script; the schema key is written last, so an interrupted run is
// simply run again.

import { objectCodec } from '../codec.js';
import { idBytes, objectKey } from '../keys.js';
import type { IndexKind, RedisPlace } from '../location.js';
import { RedisConnection } from './connection.js';
import { keyOf } from './keys.js';
import { damagedValue } from './packed.js';
import { packObject } from './placement-index.js';
import { claimObject } from './placement-scripts.js';

/** No node may use the index meanwhile. */
export async function claimObjects(place: RedisPlace, kind: IndexKind): Promise<void> {
  const connection = new RedisConnection(place);
  const key = (name: Parameters<typeof keyOf>[1]) => keyOf(place.prefix, name);
  try {
    if (kind === 'placement index') {
      const ids = (await connection.command('ZRANGE', key('objects-by-cid'), 0, -1)) as Buffer[];
      for (const id of ids) {
        // One that an earlier run filed anew already: a CID is letters and digits throughout, an owner is not.
        if (!/^[a-z2-7]+$/.test(id.toString('latin1'))) continue;
        const stored = (await connection.command('HGET', key('objects'), id)) as Buffer | null;
        if (stored === null || stored.length < 12) throw damagedValue();
        const record = objectCodec.decode(stored.subarray(12 + idBytes * stored.readUInt32BE(8)));
        const args = [id, objectKey(record), packObject(record)];
        await connection.run(
          claimObject,
          claimObject.keys.map((name) => key(name)),
          args,
          true,
        );
      }
    }
    await connection.command('SET', key('schema'), JSON.stringify({ kind, version: 2 }));
  } finally {
    await connection.close();
  }
}
