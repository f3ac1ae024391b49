// Storing anew what an old hotkey stored (PROTOCOL 3, "rotation re-encodes"): a piece is read back under the old
// key, stored under the present one, and only then deleted under the old. Safe to interrupt anywhere: what is done
// is done, and the next run goes on.

import { type PieceId, publicKeyOf } from '../../domain/model/bytes.js';
import type { ReplicaRecord } from '../../domain/model/records.js';
import type { ValidatorContext } from './context.js';
import type { FailureCounts } from './miners.js';
import { withPieceAtHand } from './piece-at-hand.js';
import { deleteReplicaOn } from './renewing.js';
import { activeReplicas } from './rounds.js';
import { placePiece } from './storing.js';

/** Stores every piece of a retired hotkey anew; returns how many old replicas are gone. */
export async function rotateReplicas(
  context: ValidatorContext,
  folder: string,
  counts: FailureCounts,
  signal: AbortSignal,
): Promise<number> {
  if (context.retired.size === 0) return 0;
  const own = publicKeyOf(context.party.publicKey);
  const old = new Map<PieceId, ReplicaRecord[]>();
  for await (const replicas of activeReplicas(context)) {
    for (const replica of replicas) {
      if (replica.validatorKey === own) continue;
      old.set(replica.pieceId, [...(old.get(replica.pieceId) ?? []), replica]);
    }
  }
  let gone = 0;
  for (const [pieceId, replicas] of old) {
    if (signal.aborted) break;
    try {
      gone += await rotatePiece(context, pieceId, replicas, folder, counts, signal);
    } catch (error) {
      context.log.warn(
        { err: error, piece: pieceId },
        'a piece of a retired hotkey could not be stored anew yet',
      );
    }
  }
  if (gone > 0) context.log.info({ replicas: gone }, 'replaced replicas of a retired hotkey');
  return gone;
}

async function rotatePiece(
  context: ValidatorContext,
  pieceId: PieceId,
  replicas: readonly ReplicaRecord[],
  folder: string,
  counts: FailureCounts,
  signal: AbortSignal,
): Promise<number> {
  const record = await context.index.getPiece(pieceId);
  const copies = record?.copies ?? replicas.length;
  const expiry = Math.max(...replicas.map((replica) => replica.expiry));
  const { size } = replicas[0]!;
  const placed = await withPieceAtHand(context, folder, { pieceId, size }, signal, (path) =>
    placePiece(context, { pieceId, size, path, expiry }, copies, counts, signal),
  );
  if (placed.replicas.length < copies) return 0;
  for (const replica of replicas) await deleteReplicaOn(context, replica);
  return replicas.length;
}
