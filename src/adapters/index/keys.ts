// Binary keys that both backends file records under: fixed-width fields one after another, so that byte order is the order of
// listings and a leading field is a range. Wrong ids are refused here, before they reach the database.

import type { Cid, PieceId, PublicKey, Root } from '../../domain/model/bytes.js';
import { isHex32 } from '../../domain/model/bytes.js';
import { FileTaoError } from '../../domain/model/errors.js';
import type { ObjectId, ReplicaId } from '../../domain/model/records.js';
import { isCidText } from './codec.js';

export const idBytes = 32;
export const replicaKeyBytes = 3 * idBytes;
const timeBytes = 8;

export function idKey(id: PublicKey | Root | PieceId): Buffer {
  if (!isHex32(id)) throw new FileTaoError('bad-input', 'an id is 64 lower-case hex digits');
  return Buffer.from(id, 'hex');
}

export function cidKey(cid: Cid): Buffer {
  if (!isCidText(cid)) throw new FileTaoError('bad-cid', 'this is not the text of a CID');
  return Buffer.from(cid, 'latin1');
}

/** CID first, so that all claims on an object are one range. */
export const objectKey = ({ cid, owner }: ObjectId): Buffer => Buffer.concat([cidKey(cid), idKey(owner)]);

/** The same for the listing of one owner's objects. */
export const ownedKey = ({ cid, owner }: ObjectId): Buffer => Buffer.concat([idKey(owner), cidKey(cid)]);

export const objectIdOfKey = (key: Uint8Array): ObjectId => {
  const cidBytes = key.length - idBytes;
  return {
    cid: Buffer.from(key.subarray(0, cidBytes)).toString('latin1') as Cid,
    owner: Buffer.from(key.subarray(cidBytes)).toString('hex') as PublicKey,
  };
};

/** Miner first, so that the replicas of a miner are one range of the records themselves. */
export const placementKey = (id: ReplicaId): Buffer =>
  Buffer.concat([idKey(id.minerKey), idKey(id.validatorKey), idKey(id.root)]);

/** Validator first: what a miner holds is asked for by validator. */
export const holdingKey = (id: ReplicaId): Buffer =>
  Buffer.concat([idKey(id.validatorKey), idKey(id.minerKey), idKey(id.root)]);

/** `key` filed under a time, so that byte order is oldest first. */
export function timeKey(time: number, key: Uint8Array): Buffer {
  const filed = Buffer.alloc(timeBytes + key.length);
  filed.writeBigUInt64BE(BigInt(time));
  filed.set(key, timeBytes);
  return filed;
}

export const keyUnderTime = (filed: Uint8Array): Buffer => Buffer.from(filed.subarray(timeBytes));

/** First key after all that are filed at or before `time`. */
export const afterTime = (time: number): Buffer =>
  timeKey(Math.min(Math.max(0, Math.floor(time) + 1), Number.MAX_SAFE_INTEGER), Buffer.alloc(0));

/** First key after all that begin with `prefix`; null when there is none. */
export function afterPrefix(prefix: Uint8Array): Buffer | null {
  const next = Buffer.from(prefix);
  for (let i = next.length - 1; i >= 0; i--) {
    if (next[i]! < 0xff) {
      next[i]!++;
      return next.subarray(0, i + 1);
    }
  }
  return null;
}

const hexAt = (key: Uint8Array, field: number): string =>
  Buffer.from(key.subarray(field * idBytes, (field + 1) * idBytes)).toString('hex');

export const replicaIdOfPlacementKey = (key: Uint8Array): ReplicaId => ({
  minerKey: hexAt(key, 0) as PublicKey,
  validatorKey: hexAt(key, 1) as PublicKey,
  root: hexAt(key, 2) as Root,
});

export const replicaIdOfHoldingKey = (key: Uint8Array): ReplicaId => ({
  validatorKey: hexAt(key, 0) as PublicKey,
  minerKey: hexAt(key, 1) as PublicKey,
  root: hexAt(key, 2) as Root,
});
