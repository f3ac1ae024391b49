// The load that a writer is killed under: lanes of changes in a fixed order, so that what a lane acknowledged
// says exactly what must be in the index afterwards.
import assert from 'node:assert/strict';
import type { PieceId } from '../../../src/domain/model/bytes.js';
import type { ReplicaRecord } from '../../../src/domain/model/records.js';
import type { PlacementIndex } from '../../../src/domain/ports/placement-index.js';
import { nameOf } from './consistency.js';
import { piece, placedPiece, replica } from './records.js';

export const lanes = 6;
/** Steps of one lane at most: keeps the index under 1000 replicas. */
export const stepsMax = 4 * 80;

const recordOf = (lane: number, k: number): ReplicaRecord =>
  replica(lane * 1000 + k, { pieceId: piece(lane * 100 + (k % 10)), expiry: 1000 + k });

export const piecesOfLoad: readonly PieceId[] = Array.from({ length: lanes * 10 }, (_, i) =>
  piece(Math.floor(i / 10) * 100 + (i % 10)),
);

/** What step i of a lane makes of replica ⌊i/4⌋: added, failed, renewed, and every third removed. */
function after(lane: number, i: number): ReplicaRecord | null {
  const k = Math.floor(i / 4);
  const added = recordOf(lane, k);
  if (i % 4 === 0) return added;
  const failed: ReplicaRecord = { ...added, state: 'failed', n: 1, version: 2 };
  if (i % 4 === 1) return failed;
  if (i % 4 === 3 && k % 3 === 0) return null;
  return { ...failed, state: 'active', expiry: failed.expiry + 9000, version: 3 };
}

export async function step(index: PlacementIndex, lane: number, i: number): Promise<void> {
  const next = after(lane, i);
  const id = recordOf(lane, Math.floor(i / 4));
  let done = true;
  if (i % 4 === 0) {
    await index.putPiece(placedPiece(lane * 100 + (Math.floor(i / 4) % 10)));
    done = await index.addReplica(id);
  } else if (next === null) done = await index.removeReplica(id);
  else if (i % 4 !== 3) done = await index.updateReplica(next);
  if (!done) throw new Error(`step ${i} of lane ${lane} found another state than it left`);
}

/** The replicas of a lane after `steps` steps, by name. */
export function expected(lane: number, steps: number): Map<string, ReplicaRecord> {
  const replicas = new Map<string, ReplicaRecord>();
  for (let i = 0; i < steps; i++) {
    const record = after(lane, i);
    const name = nameOf(recordOf(lane, Math.floor(i / 4)));
    if (record === null) replicas.delete(name);
    else replicas.set(name, record);
  }
  return replicas;
}

export const isOfLane = (lane: number, record: ReplicaRecord): boolean =>
  Math.floor(Number.parseInt(record.root.slice(2, 62), 16) / 1000) === lane;

/**
 * Each lane is where it was after some whole number of steps: at least `from`, at most one more than `steps`,
 * because the last may have been made and not acknowledged. Moves `steps` to what was found.
 */
export function assertLanes(
  replicas: ReadonlyMap<string, ReplicaRecord>,
  steps: number[],
  from: readonly number[],
): void {
  const least = [...from];
  for (let lane = 0; lane < lanes; lane++) {
    const actual = new Map([...replicas].filter(([, record]) => isOfLane(lane, record)).sort());
    let found: number | null = null;
    for (let count = steps[lane]! + 1; count >= least[lane]! && found === null; count--) {
      try {
        assert.deepEqual(actual, new Map([...expected(lane, count)].sort()));
        found = count;
      } catch {
        // not this many
      }
    }
    assert.ok(
      found !== null,
      `lane ${lane} is in no state between its steps ${least[lane]} and ${steps[lane]! + 1}`,
    );
    steps[lane] = found;
  }
}
