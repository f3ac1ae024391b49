// What a node remembers of late: the newest first, so many at most, and sums by the minute that move on with time.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Activity, minutesKept } from '../../../src/adapters/observe/activity.js';
import type { RoundSeen } from '../../../src/adapters/observe/observer.js';
import { publicKeyOf, rootOf } from '../../../src/domain/model/bytes.js';

const miner = publicKeyOf(new Uint8Array(32));
const round = (change: Partial<RoundSeen> = {}): RoundSeen => ({
  kind: 'challenge',
  minerKey: miner,
  root: rootOf(new Uint8Array(32)),
  n: 1,
  outcome: 'pass',
  reason: '',
  challengeId: null,
  startedAtMs: 1000,
  elapsedMs: 20,
  size: 100,
  openedBytes: 1,
  ...change,
});

test('the newest first, 500 of them, each with a number of its own', () => {
  const activity = new Activity(() => 0);
  for (let i = 1; i <= 700; i++) activity.round(round({ n: i }));
  const { newest, count } = activity.rounds;
  assert.deepEqual(
    [newest.length, count, newest[0]!.n, newest[0]!.number, newest.at(-1)!.n],
    [500, 700, 700, 700, 201],
  );
  assert.equal(activity.version, 700);
});

test('minutes hold what passed, failed and was proven, and go by', () => {
  let now = 120_000;
  const activity = new Activity(() => now);
  activity.round(round());
  activity.round(round({ outcome: 'fail' }));
  // Neither a void round nor a store is a proof.
  activity.round(round({ outcome: 'void' }));
  activity.round(round({ kind: 'store' }));
  now += 60_000;
  activity.round(round({ size: 7 }));
  const { minutes } = activity;
  assert.equal(minutes.length, minutesKept);
  assert.deepEqual(minutes.slice(-2), [
    { minute: 2, passed: 1, failed: 1, bytes: 100 },
    { minute: 3, passed: 1, failed: 0, bytes: 7 },
  ]);
  now += minutesKept * 60_000;
  assert.ok(activity.minutes.every(({ passed, failed }) => passed + failed === 0));
});

test('the last pass of a miner is when the round ended; a miner’s own steps count as its proofs', () => {
  const activity = new Activity(() => 0);
  activity.round(round({ startedAtMs: 5000, elapsedMs: 300 }));
  activity.round(round({ startedAtMs: 9000, outcome: 'fail' }));
  assert.equal(activity.lastPass.get(miner), 5300);
  const step = {
    validatorKey: miner,
    root: rootOf(new Uint8Array(32)),
    challengeId: new Uint8Array(32),
    startedAtMs: 0,
    elapsedMs: 1,
    chunks: 4,
    bytes: 50,
  };
  activity.step({ ...step, step: 'commit' });
  activity.step({ ...step, step: 'open' });
  assert.equal(activity.minutes.at(-1)!.bytes, 150);
  activity.refusal('busy');
  activity.refusal('busy');
  assert.deepEqual([...activity.refusals], [['busy', 2]]);
});
