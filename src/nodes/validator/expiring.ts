// What has expired leaves the index: objects, then replicas, then pieces that nothing claims any more. Miners drop
// their replicas by themselves.

import { unixSeconds } from '../../domain/ports/clock.js';
import type { ValidatorContext } from './context.js';

/** Records looked up at once. */
const pageSize = 100;
/** Seconds a record outlives its expiry: a round that began before it may still be under way. */
const graceSeconds = 900;

/** Returns how many records were dropped. */
export async function dropExpired({ clock, index, log }: ValidatorContext): Promise<number> {
  const before = unixSeconds(clock) - graceSeconds;
  const objects = await dropAll(
    () => index.expiredObjects(before, pageSize),
    (id) => index.deleteObject(id),
  );
  const replicas = await dropAll(
    () => index.expiredReplicas(before, pageSize),
    (id) => index.removeReplica(id),
  );
  const pieces = await dropAll(
    () => index.expiredPieces(before, pageSize),
    (pieceId) => index.removePiece(pieceId, before),
  );
  const dropped = objects + replicas + pieces;
  if (dropped > 0) log.info({ objects, replicas, pieces }, 'dropped what has expired');
  return dropped;
}

/** Page by page, until a page brings nothing to drop: a piece may still be claimed. */
async function dropAll<Id>(
  page: () => Promise<readonly Id[]>,
  drop: (id: Id) => Promise<boolean>,
): Promise<number> {
  let dropped = 0;
  for (;;) {
    const before = dropped;
    for (const id of await page()) if (await drop(id)) dropped++;
    if (dropped === before) return dropped;
  }
}
