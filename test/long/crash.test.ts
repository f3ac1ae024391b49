// kill -9 of every role a thousand times (FILETAO_CRASH_ROUNDS sets another number), the roles beside one another, in
// worlds of 25: every world begins with a seed of its own, and what it holds stays little, so that a round is as short as
// at its beginning.
import { describe, test } from 'node:test';
import { crashApi } from '../faults/crash/crash-api.js';
import { crashMiner } from '../faults/crash/crash-miner.js';
import { crashValidator } from '../faults/crash/crash-validator.js';
import { Killer } from '../faults/crash/killer.js';

const given = Number(process.env.FILETAO_CRASH_ROUNDS);
const all = given > 0 ? given : 1000;
const world = 25;

describe(`${all} kills`, { concurrency: true }, () => {
  for (const [name, crash, share] of [
    ['miner', crashMiner, 1 / 2],
    ['validator', crashValidator, 1 / 4],
    ['API node', crashApi, 1 / 4],
  ] as const)
    describe(name, { concurrency: 1 }, () => {
      const killer = new Killer();
      const rounds = Math.ceil(all * share);
      for (let done = 0; done < rounds; done += world) {
        const some = Math.min(world, rounds - done);
        test(`${name}: kills ${done + 1} to ${done + some}`, (t) => crash(t, { rounds: some, killer }));
      }
      test(`${name}: where it was killed`, (t) => {
        t.diagnostic(killer.summary);
        for (const line of killer.table) t.diagnostic(line);
      });
    });
});
