// Cursors of listings: the key of the last item seen, as text that means nothing to its holder.
import { FileTaoError } from '../../domain/model/errors.js';

/** Items of one page at most, whatever was asked for. */
export const pageItemsMax = 1000;
/** A page ends early once its encoded records reach this: object records can be megabytes each. */
export const pageBytesMax = 8 * 1024 * 1024;

const keyBytesMax = 1024;

export const cursorAfter = (key: Uint8Array): string => Buffer.from(key).toString('base64url');

export function keyOfCursor(cursor: string): Buffer {
  const key = Buffer.from(cursor, 'base64url');
  if (key.length === 0 || key.length > keyBytesMax || cursorAfter(key) !== cursor)
    throw new FileTaoError('bad-input', 'this cursor was not given by this index');
  return key;
}

export function pageLimit(limit: number): number {
  if (!Number.isSafeInteger(limit) || limit < 1)
    throw new FileTaoError('bad-input', 'the limit of a listing is a whole number above 0');
  return Math.min(limit, pageItemsMax);
}
