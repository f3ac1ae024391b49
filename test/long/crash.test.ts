// kill -9 of every role, a thousand times in all (FILETAO_CRASH_ROUNDS sets another number): half of them miners, the rest
// validators and API nodes, in worlds of 50 and 25 rounds beside one another. Every world begins anew, so what it holds
// stays little and a round as short as at its beginning.
import { test } from 'node:test';
import { crashApi } from '../faults/crash/crash-api.js';
import { crashMiner } from '../faults/crash/crash-miner.js';
import { crashValidator } from '../faults/crash/crash-validator.js';
import { Killer } from '../faults/crash/killer.js';

const given = Number(process.env.FILETAO_CRASH_ROUNDS);
const all = given > 0 ? given : 1000;
const together = 100;

const roles = [
  { role: 'miner', crash: crashMiner, share: 1 / 2, killer: new Killer() },
  { role: 'validator', crash: crashValidator, share: 1 / 4, killer: new Killer() },
  { role: 'API node', crash: crashApi, share: 1 / 4, killer: new Killer() },
] as const;

for (let done = 0; done < all; done += together) {
  const some = Math.min(together, all - done);
  test(`kills ${done + 1} to ${done + some}`, async (t) => {
    const worlds = roles.map(({ crash, share, killer }) =>
      crash(t, { rounds: Math.ceil(some * share), killer }),
    );
    // A world that failed leaves the others to their end.
    await Promise.allSettled(worlds);
    await Promise.all(worlds);
  });
}

test('where they were killed', (t) => {
  for (const { role, killer } of roles)
    for (const line of [killer.summary, ...killer.table]) t.diagnostic(`${role}: ${line}`);
});
