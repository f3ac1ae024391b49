// The system's clock and randomness behind their ports.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from '../../../src/adapters/system/clock.js';
import { systemRandom } from '../../../src/adapters/system/random.js';

test('sleep lasts, and ends with the signal', async () => {
  const before = systemClock.monotonic();
  await systemClock.sleep(20);
  // A timer may fire up to 1 ms early by the finer clock.
  assert.ok(systemClock.monotonic() - before >= 19);
  await systemClock.sleep(0);
  const controller = new AbortController();
  const sleeping = systemClock.sleep(2 ** 40, controller.signal);
  controller.abort();
  await assert.rejects(sleeping, { code: 'cancelled' });
  await assert.rejects(systemClock.sleep(5, controller.signal), { code: 'cancelled' });
});

test('random bytes are as many as asked for, their own, and never the same', () => {
  assert.equal(systemRandom.bytes(0).length, 0);
  const [a, b] = [systemRandom.bytes(32), systemRandom.bytes(32)];
  assert.equal(a.buffer.byteLength, 32);
  assert.notDeepEqual(a, b);
});
