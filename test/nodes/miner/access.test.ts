import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PublicKey } from '../../../src/domain/model/bytes.js';
import { CallRates, openAccess } from '../../../src/nodes/miner/access.js';
import { StakeTurns } from '../../../src/nodes/miner/turns.js';

const key = (n: number): PublicKey => n.toString(16).padStart(64, '0') as PublicKey;

test('50 requests in 25 blocks, then 429 with the time to wait; the window slides', () => {
  const rates = new CallRates({ ...openAccess, requestsMax: 50, windowBlocks: 25 }, 12_000);
  for (let i = 0; i < 50; i++) rates.count(key(1), 1000 * i);
  const refused = (caller: PublicKey, nowMs: number, retryAfter: number) =>
    assert.throws(
      () => rates.count(caller, nowMs),
      (error: { code: string; status: number; details: { retryAfter: number } }) => {
        assert.deepEqual([error.code, error.status, error.details.retryAfter], ['budget', 429, retryAfter]);
        return true;
      },
    );
  refused(key(1), 49_500, 251);
  rates.count(key(2), 49_500);
  refused(key(1), 299_999, 1);
  rates.count(key(1), 300_001);
  refused(key(1), 300_002, 1);
});

test('no limit where the rules have none, and memory is bounded', () => {
  const free = new CallRates(openAccess, 12_000);
  for (let i = 0; i < 1000; i++) free.count(key(1), 0);
  const rates = new CallRates({ ...openAccess, requestsMax: 1 }, 12_000);
  rates.count(key(0), 0);
  for (let i = 1; i <= 10_000; i++) rates.count(key(i), 1);
  rates.count(key(0), 2); // forgotten: ten thousand others have called since
  assert.throws(() => rates.count(key(10_000), 2));
});

test('the one with the most stake is next, the first among equals, and nobody starves', async () => {
  let nowMs = 0;
  const turns = new StakeTurns(1, () => nowMs);
  const order: string[] = [];
  let release = (): void => {};
  const first = turns.run(0, () => new Promise<void>((resolve) => (release = resolve)));
  const wait = (name: string, stake: number) => turns.run(stake, async () => void order.push(name));
  const all = [wait('small', 1), wait('large', 100), wait('large again', 100), wait('middle', 10)];
  release();
  await Promise.all([first, ...all]);
  assert.deepEqual(order, ['large', 'large again', 'middle', 'small']);

  order.length = 0;
  const second = turns.run(0, () => new Promise<void>((resolve) => (release = resolve)));
  const small = wait('small', 1);
  nowMs = 5_000;
  const large = wait('large', 100);
  release();
  await Promise.all([second, small, large]);
  assert.deepEqual(order, ['small', 'large'], 'after three seconds stake does not matter');
  await assert.rejects(
    turns.run(1, () => Promise.reject(new Error('failed'))),
    /failed/u,
  );
  assert.equal(await turns.run(1, async () => 5), 5, 'a failure gives its place back');
});
