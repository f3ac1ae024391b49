import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Confidence } from '../../../src/domain/audit/confidence.js';
import type { Cid, PieceId, PublicKey, Root } from '../../../src/domain/model/bytes.js';
import type { ObjectRecord, ReplicaRecord } from '../../../src/domain/model/records.js';
import { confidencesOf } from '../../../src/tools/audit/objects.js';

const replica = (miner: string, piece: string, state: ReplicaRecord['state'] = 'active') =>
  ({ minerKey: miner, root: `${piece}@${miner}`, pieceId: piece, state }) as unknown as ReplicaRecord;

const audited = (miner: string, piece: string, rounds: number) => {
  const confidence = new Confidence(0.1);
  for (let i = 0; i < rounds; i++) confidence.add(1000, 44);
  return { minerKey: miner as PublicKey, root: `${piece}@${miner}` as Root, confidence };
};

test('an object is as safe as the surest replica of its weakest piece', async () => {
  const replicas = [
    replica('m1', 'p1'),
    replica('m2', 'p1'),
    replica('m1', 'p2'),
    replica('m3', 'p2', 'failed'),
  ];
  const objects = [
    { cid: 'both' as Cid, pieceIds: ['p1', 'p2', 'p1'] },
    { cid: 'one' as Cid, pieceIds: ['p1'] },
    { cid: 'none' as Cid, pieceIds: ['p3'] },
    { cid: 'empty' as Cid, pieceIds: [] },
  ] as unknown as ObjectRecord[];
  const index = {
    listObjects: async () => ({ items: objects, next: null }),
    replicasOfPiece: async (pieceId: PieceId) => replicas.filter((record) => record.pieceId === pieceId),
  };
  const reports = [
    audited('m1', 'p1', 1),
    audited('m2', 'p1', 3),
    audited('m1', 'p2', 2),
    audited('m3', 'p2', 9),
  ];
  const found = await confidencesOf(index, reports);
  const missOf = (rounds: number) => audited('', '', rounds).confidence.miss;
  const [both, one, none, empty] = found;
  assert.deepEqual([both!.pieces, both!.replicas, both!.audited], [2, 3, 3]);
  assert.equal(both!.miss, missOf(2), 'p2, whose failed replica does not count');
  assert.equal(one!.miss, missOf(3));
  assert.deepEqual([none!.miss, none!.caught], [1, 0], 'nothing is known of a piece without rounds');
  assert.equal(empty!.miss, 0, 'there is nothing to lose');
});
