// An API node deletes what its owner gave up while the validator beside it asks for it: the miner does as it was told, and
// fails nothing by not knowing the replica.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { challengeReplica } from '../../../src/nodes/validator/challenging.js';
import { fetchPiece } from '../../../src/nodes/validator/fetching.js';
import { deleteReplicaOn, renewReplicaOn } from '../../../src/nodes/validator/renewing.js';
import { calm } from '../simulated/weather.js';
import { World } from '../simulated/world.js';

const slow = { ...calm, delayMsMax: 5_000 };
const quick = { ...calm, delayMsMax: 0 };

/** The verdicts on questions that are on their way while the replica is deleted. */
async function verdictsOf(ask: (world: World) => Promise<unknown>): Promise<readonly string[]> {
  const world = new World({ seed: 3 });
  const replica = await world.store();
  world.weather = slow;
  const asking = ask(world).catch(() => {});
  await world.schedule.advance(30);
  world.weather = quick;
  await world.schedule.until(deleteReplicaOn(world.validator('api'), replica));
  await world.schedule.until(asking);
  return world
    .entries()
    .map(({ head: { value } }) => `${value.kind} ${value.outcome} ${value.reason}`.trim())
    .filter((line) => !line.startsWith('store') && !line.startsWith('delete'));
}

test('a round over a replica that is deleted meanwhile is void', async () => {
  const verdicts = await verdictsOf((world) => challengeReplica(world.validator(), world.id));
  assert.deepEqual(verdicts, ['challenge void given-up']);
});

test('so are a retrieval and a renewal', async () => {
  const fetched = await verdictsOf((world) => fetchPiece(world.validator(), world.record.pieceId));
  assert.deepEqual(fetched, ['retrieve void given-up']);
  const renewed = await verdictsOf((world) =>
    renewReplicaOn(world.validator(), world.record, world.record.expiry + 60),
  );
  assert.deepEqual(renewed, ['renew void given-up']);
});

test('a miner that knows nothing of a replica in use fails still', async () => {
  const world = new World({ seed: 3 });
  await world.store();
  world.holdings.restore(new Map());
  const result = await world.schedule.until(challengeReplica(world.validator(), world.id));
  assert.deepEqual([result?.outcome, result?.reason], ['fail', 'unknown-replica']);
});
