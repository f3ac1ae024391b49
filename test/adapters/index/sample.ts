// A small index with something in every part: what frozen fixtures hold and copies carry. Changing it means making
// new fixtures under a new schema version, never changing the old ones.
import assert from 'node:assert/strict';
import type { TierName } from '../../../src/domain/model/tiers.js';
import type { HoldingIndex } from '../../../src/domain/ports/holding-index.js';
import type { PlacementIndex } from '../../../src/domain/ports/placement-index.js';
import { all, assertConsistent } from './consistency.js';
import { bytes32, claim, held, miner, object, piece, placedPiece, replica, validator } from './records.js';

const full = replica(3, {
  n: 41,
  link: bytes32(9),
  kept: Array.from({ length: 32 }, (_, n) => ({ n, seed: bytes32(n), keyedRoot: bytes32(255 - n) })),
  openRound: { n: 41, startedAtMs: 1_790_000_000_000, owner: 'validator 17' },
  passed: 39,
  failedRounds: 2,
  lastPassAt: 1_790_000_000,
  lastFailure: { at: 1_780_000_000, reason: 'content-path' },
  receipt: new Uint8Array(300).fill(5),
  version: 80,
});
const replicas = [replica(1), replica(2, { state: 'failed' }), full];
const placed = [1, 2, 3].map((n) => placedPiece(n, { copies: 1 }));
const counted = {
  minerKey: miner(1),
  attempts: { store: 3, challenge: 50, retrieve: 4 },
  successes: { store: 2, challenge: 48, retrieve: 4 },
  totalSuccesses: 5400,
  tier: 'Diamond' as const,
};

export async function fillPlacement(index: PlacementIndex): Promise<void> {
  for (const record of [object(0, { size: 0, pieceIds: [] }), object(1)]) await index.putObject(record);
  for (const record of placed) await index.putPiece(record);
  for (const record of replicas) await index.addReplica(record);
  await index.rollWindow(7, []);
  await index.putStatistics(counted);
}

/** @param tier an index of before tiers were kept says the lowest */
export async function assertPlacement(index: PlacementIndex, tier: TierName = counted.tier): Promise<void> {
  const listed = await all((cursor, limit) => index.listObjects(cursor, limit), 10);
  assert.deepEqual(listed, [object(0, { size: 0, pieceIds: [] }), object(1)]);
  assert.deepEqual(await index.objectsOfPiece(piece(2)), [claim(1)]);
  const owned = await all((cursor, limit) => index.listObjectsOf(validator(7), cursor, limit), 10);
  assert.deepEqual(owned, listed);
  assert.deepEqual(await index.ownedBy(validator(7)), { objects: 2, bytes: 101 });
  assert.deepEqual(await index.expiredObjects(9000, 10), [claim(0), claim(1)]);
  assert.deepEqual(await all((cursor, limit) => index.listPieces(cursor, limit), 10), placed);
  for (const record of replicas) assert.deepEqual(await index.getReplica(record), record);
  await assertConsistent(
    index,
    placed.map(({ pieceId }) => pieceId),
  );
  assert.equal(await index.window(), 7);
  assert.deepEqual(await index.listStatistics(), [{ ...counted, tier }]);
}

export async function fillHolding(index: HoldingIndex): Promise<void> {
  for (let n = 0; n < 5; n++) await index.put(held(n));
  await index.renew(held(2), 9000);
  await index.noteAnswer(held(3), 17, bytes32(4));
}

export async function assertHolding(index: HoldingIndex): Promise<void> {
  const expected = [
    held(0),
    held(1),
    held(2, { expiry: 9000 }),
    held(3, { lastN: 17, link: bytes32(4) }),
    held(4),
  ];
  for (const record of expected) assert.deepEqual(await index.get(record), record);
  assert.equal((await all((cursor, limit) => index.list(cursor, limit), 2)).length, 5);
  assert.equal(await index.usedBytes(), 5010);
  assert.equal(await index.usedBytesOf(validator(0)), 2003);
  assert.equal((await index.expired(9000, 10)).length, 5);
}
