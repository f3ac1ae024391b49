// From schema version 1 to 2 on LMDB: objects, filed by CID alone, get their owner into the key, and each owner a listing
// and counters. One transaction, schema record and all: done whole or not at all.

import { encode } from '@ipld/dag-cbor';
import { open } from 'lmdb';
import { toFileTaoError } from '../../../domain/model/errors.js';
import { objectCodec } from '../codec.js';
import { idKey, objectKey, ownedKey, timeKey } from '../keys.js';
import type { IndexKind } from '../location.js';
import { addToCounter, entries, mark } from './tables.js';

/** No node may have the index open. */
export async function claimObjects(directory: string, kind: IndexKind): Promise<void> {
  const binary = { encoding: 'binary', keyEncoding: 'binary' } as const;
  const root = open<Uint8Array, Buffer>({ path: directory, noSubdir: false, ...binary, maxDbs: 32 });
  const table = (name: string) => root.openDB<Uint8Array, Buffer>(name, binary);
  try {
    const meta = table('meta');
    const objects = table('objects');
    const byExpiry = table('objects-by-expiry');
    const byPiece = table('objects-by-piece');
    const byOwner = table('objects-by-owner');
    const ownerObjects = table('owner-objects');
    const ownerBytes = table('owner-bytes');
    root.transactionSync(() => {
      if (kind === 'placement index') {
        // Read to the end first: keys with an owner come to stand among those that are still to be read.
        for (const { key: old, value } of [...entries(objects, {})]) {
          const record = objectCodec.decode(value);
          const key = objectKey(record);
          objects.remove(old);
          byExpiry.remove(timeKey(record.expiry, old));
          objects.put(key, value);
          byExpiry.put(timeKey(record.expiry, key), mark);
          for (const pieceId of record.pieceIds) {
            byPiece.remove(Buffer.concat([idKey(pieceId), old]));
            byPiece.put(Buffer.concat([idKey(pieceId), key]), mark);
          }
          byOwner.put(ownedKey(record), mark);
          addToCounter(ownerObjects, idKey(record.owner), 1);
          addToCounter(ownerBytes, idKey(record.owner), record.size);
        }
      }
      meta.put(Buffer.from('schema'), Buffer.from(encode({ kind, version: 2 })));
    });
    await root.flushed;
  } catch (error) {
    throw toFileTaoError(error);
  } finally {
    await root.close();
  }
}
