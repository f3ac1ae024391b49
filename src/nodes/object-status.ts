// Reading from the index how an object is, piece by piece.

import type { PieceId } from '../domain/model/bytes.js';
import type { ObjectRecord, ReplicaRecord } from '../domain/model/records.js';
import type { PlacementIndex } from '../domain/ports/placement-index.js';
import type { AuditWish } from '../domain/protocol/parameters.js';
import { type ObjectStatus, ObjectSurvey } from '../domain/view/object-status.js';

/** Pieces looked up before others get their turn. */
const piecesAtOnce = 64;

interface Place {
  readonly index: PlacementIndex;
  readonly audit: AuditWish;
}

export async function objectStatus(place: Place, object: ObjectRecord): Promise<ObjectStatus> {
  const survey = new ObjectSurvey(object.redundancy.copies, place.audit);
  for await (const replicas of replicasOfPieces(place, [...new Set(object.pieceIds)])) survey.add(replicas);
  return survey.status;
}

/** The replicas of each piece, in this order; lets others have their turn in between. */
async function* replicasOfPieces(
  { index }: Pick<Place, 'index'>,
  pieces: readonly PieceId[],
): AsyncGenerator<readonly ReplicaRecord[]> {
  for (let at = 0; at < pieces.length; at += piecesAtOnce) {
    const batch = pieces.slice(at, at + piecesAtOnce);
    yield* await Promise.all(batch.map((pieceId) => index.replicasOfPiece(pieceId)));
    if (at + piecesAtOnce < pieces.length) await new Promise((resolve) => setImmediate(resolve));
  }
}
