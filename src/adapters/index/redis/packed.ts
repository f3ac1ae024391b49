// Big-endian numbers and ids in front of a record: what scripts read and compare. Lua's struct library and
// this file read the same bytes. Numbers are below 2^53, which both sides hold exactly.

import { FileTaoError } from '../../../domain/model/errors.js';

export const u64Bytes = 8;

export function u64(value: number): Buffer {
  const packed = Buffer.alloc(u64Bytes);
  packed.writeBigUInt64BE(BigInt(value));
  return packed;
}

export const u64s = (...values: readonly number[]): Buffer => Buffer.concat(values.map(u64));

/** The number at `offset`; throws `damaged` where there is none. */
export function readU64(packed: Buffer, offset: number): number {
  if (packed.length < offset + u64Bytes) throw damagedValue();
  const value = packed.readBigUInt64BE(offset);
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw damagedValue();
  return Number(value);
}

export const damagedValue = (): FileTaoError =>
  new FileTaoError('damaged', 'a value in the Redis index is damaged: it is not of the documented layout');
