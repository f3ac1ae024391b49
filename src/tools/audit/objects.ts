// What the audit of replicas says of whole objects. Transcripts name replicas, never objects: which replica holds
// which piece of which object stands in the validator's index.
//
// An object is only as safe as its weakest piece, and a piece as its best replica: had every replica of some piece
// lost a share f since its first round here, the audit would have caught that with at least this probability.

import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { openLmdbPlacementIndex } from '../../adapters/index/lmdb/placement-index.js';
import type { ReplicaReport } from '../../domain/audit/chain.js';
import type { Cid } from '../../domain/model/bytes.js';
import { FileTaoError } from '../../domain/model/errors.js';
import type { PlacementIndex } from '../../domain/ports/placement-index.js';

export interface ObjectConfidence {
  readonly cid: Cid;
  readonly pieces: number;
  readonly replicas: number;
  /** Replicas of which rounds were audited. */
  readonly audited: number;
  /** The least, over the object's pieces, of the best replica's confidence. */
  readonly caught: number;
  readonly miss: number;
}

export type ReplicaConfidence = Pick<ReplicaReport, 'minerKey' | 'root' | 'confidence'>;

/** @param directory --database.directory of the validator */
export async function objectConfidences(
  directory: string,
  reports: readonly ReplicaConfidence[],
): Promise<ObjectConfidence[]> {
  const path = join(directory, 'index');
  if ((await stat(path).catch(() => null)) === null) {
    throw new FileTaoError('not-found', `${directory} is no validator's folder: there is no index in it`);
  }
  const index = await openLmdbPlacementIndex(path);
  try {
    return await confidencesOf(index, reports);
  } finally {
    await index.close();
  }
}

export async function confidencesOf(
  index: Pick<PlacementIndex, 'listObjects' | 'replicasOfPiece'>,
  reports: readonly ReplicaConfidence[],
): Promise<ObjectConfidence[]> {
  // A replica that was stored more than once has a chain for each store: the surest counts.
  const missOf = new Map<string, number>();
  for (const { minerKey, root, confidence } of reports) {
    if (confidence.rounds === 0) continue;
    const key = `${minerKey}/${root}`;
    missOf.set(key, Math.min(missOf.get(key) ?? 1, confidence.miss));
  }
  const objects: ObjectConfidence[] = [];
  let previous = '';
  let cursor: string | null = null;
  do {
    const page: Awaited<ReturnType<typeof index.listObjects>> = await index.listObjects(cursor, 500);
    for (const { cid, pieceIds } of page.items) {
      // Claims of several owners on the same bytes follow one another: one line says it.
      const claim = `${cid} ${pieceIds.join()}`;
      if (claim === previous) continue;
      previous = claim;
      const pieces = [...new Set(pieceIds)];
      let replicas = 0;
      let audited = 0;
      let weakest = 0;
      for (const pieceId of pieces) {
        let best = 1;
        for (const { minerKey, root, state } of await index.replicasOfPiece(pieceId)) {
          if (state !== 'active') continue;
          replicas++;
          const miss = missOf.get(`${minerKey}/${root}`);
          if (miss === undefined) continue;
          audited++;
          best = Math.min(best, miss);
        }
        weakest = Math.max(weakest, best);
      }
      objects.push({ cid, pieces: pieces.length, replicas, audited, caught: 1 - weakest, miss: weakest });
    }
    cursor = page.next;
  } while (cursor !== null);
  return objects;
}
