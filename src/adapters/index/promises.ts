// Whether a promise of bytes can be recorded: what every backend of the placement index checks first.
import { isHex32 } from '../../domain/model/bytes.js';
import { FileTaoError } from '../../domain/model/errors.js';
import type { BytesPromise } from '../../domain/model/records.js';

const isCount = (value: number): boolean => Number.isSafeInteger(value) && value >= 0;

export function checkPromise({ id, bytes, until }: BytesPromise, limit: number): void {
  if (!isHex32(id) || !isCount(bytes) || !isCount(until) || !isCount(limit))
    throw new FileTaoError(
      'bad-input',
      'a promise has an id of 64 hex digits, whole bytes, an end and a limit',
    );
}
