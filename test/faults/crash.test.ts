// Thirty kills, ten of each role: seven rounds, and three starts cut off. test/long/crash.test.ts has a thousand rounds.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { crashApi } from './crash/crash-api.js';
import { crashMiner } from './crash/crash-miner.js';
import { crashValidator } from './crash/crash-validator.js';
import { Killer } from './crash/killer.js';

test('a miner that is killed keeps what it acknowledged', (t) =>
  crashMiner(t, { rounds: 7, killer: new Killer() }));
test('a validator that is killed keeps its pieces and its chains', (t) =>
  crashValidator(t, { rounds: 7, killer: new Killer() }));
test('an API node that is killed keeps its objects', (t) => crashApi(t, { rounds: 7, killer: new Killer() }));

test('a miner that acknowledges before it writes is caught', async (t) => {
  await assert.rejects(
    crashMiner(t, { rounds: 10, killer: new Killer(), hasty: true }),
    /acknowledged replica/,
  );
});
