// Why a miner is in its tier, told from what it was judged by.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Judged } from '../../../src/domain/audit/ledger-replay.js';
import { tierOf } from '../../../src/domain/economy/tiers.js';
import { defaultRules } from '../../../src/domain/model/economy.js';
import { tierReason } from '../../../src/domain/view/miner-story.js';

const judged = (attempts: number, successes: number, totalSuccesses: number): Judged => ({
  window: 7,
  fromMs: 0,
  atMs: 1,
  block: 5040,
  attempts: { store: 0, challenge: attempts, retrieve: 0 },
  successes: { store: 0, challenge: successes, retrieve: 0 },
  totalSuccesses,
  before: 'Bronze',
  tier: tierOf({ attempts, successes }, totalSuccesses, 'Bronze', defaultRules),
});

test('what the next tier lacks is said', () => {
  const few = tierReason(judged(40, 40, 600), defaultRules);
  assert.deepEqual([few.tier.name, few.next?.name], ['Silver', 'Gold']);
  assert.deepEqual([few.next?.lacksScore, few.next?.lacksSuccesses], [false, true]);
  const bad = tierReason(judged(40, 20, 50_000), defaultRules);
  assert.deepEqual([bad.tier.name, bad.next?.lacksScore, bad.next?.lacksSuccesses], ['Bronze', true, false]);
  const best = tierReason(judged(40, 40, 50_000), defaultRules);
  assert.deepEqual([best.tier.name, best.next], ['Super Saiyan', null]);
  assert.equal(best.attempts, 40);
});
