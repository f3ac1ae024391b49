// Whether a placement index agrees with itself: everything derived from the replica records, read through
// the port alone, against the records.
import assert from 'node:assert/strict';
import type { PieceId } from '../../../src/domain/model/bytes.js';
import type { ReplicaRecord } from '../../../src/domain/model/records.js';
import type { Page, PlacementIndex } from '../../../src/domain/ports/placement-index.js';

/** All items of a listing, page by page. */
export async function all<Item>(
  listing: (cursor: string | null, limit: number) => Promise<Page<Item>>,
  limit: number,
): Promise<Item[]> {
  const items: Item[] = [];
  let cursor: string | null = null;
  do {
    const page: Page<Item> = await listing(cursor, limit);
    assert.ok(page.items.length <= limit);
    items.push(...page.items);
    cursor = page.next;
  } while (cursor !== null);
  return items;
}

export const nameOf = (id: Pick<ReplicaRecord, 'validatorKey' | 'minerKey' | 'root'>): string =>
  `${id.minerKey}/${id.validatorKey}/${id.root}`;

const sortedNames = (ids: Iterable<Parameters<typeof nameOf>[0]>): string[] => Array.from(ids, nameOf).sort();

/** `pieces` are the ids of all pieces put. At most 1000 replicas. Returns the replicas by name. */
export async function assertConsistent(
  index: PlacementIndex,
  pieces: readonly PieceId[],
): Promise<Map<string, ReplicaRecord>> {
  const replicas = await all((cursor, limit) => index.listReplicas(cursor, limit), 7);
  const byName = new Map(replicas.map((record) => [nameOf(record), record]));
  assert.equal(byName.size, replicas.length, 'nothing is listed twice');

  for (const minerKey of new Set(replicas.map((record) => record.minerKey))) {
    const own = replicas.filter((record) => record.minerKey === minerKey);
    const listed = await all((cursor, limit) => index.replicasOfMiner(minerKey, cursor, limit), 3);
    assert.deepEqual(sortedNames(listed), sortedNames(own), 'replicas by miner');
    assert.equal(
      await index.usedBytes(minerKey),
      own.reduce((sum, record) => sum + record.size, 0),
      'used bytes',
    );
  }
  const short: string[] = [];
  for (const pieceId of pieces) {
    const own = replicas.filter((record) => record.pieceId === pieceId);
    assert.deepEqual(
      sortedNames(await index.replicasOfPiece(pieceId)),
      sortedNames(own),
      'replicas by piece',
    );
    const record = await index.getPiece(pieceId);
    if (record && own.filter(({ state }) => state === 'active').length < record.copies) short.push(pieceId);
  }
  const listedShort = await all((cursor, limit) => index.underReplicatedPieces(cursor, limit), 2);
  assert.deepEqual(
    listedShort.map((record) => record.pieceId).sort(),
    short.sort(),
    'under-replicated pieces',
  );

  const byAge = await index.expiredReplicas(Number.MAX_SAFE_INTEGER, 1000);
  assert.deepEqual(sortedNames(byAge), sortedNames(replicas), 'replicas by expiry');
  const expiries = byAge.map((id) => byName.get(nameOf(id))!.expiry);
  assert.deepEqual(
    expiries,
    [...expiries].sort((a, b) => a - b),
    'oldest first',
  );
  return byName;
}
