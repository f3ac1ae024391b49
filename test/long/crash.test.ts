// kill -9 of every role a thousand times (FILETAO_CRASH_ROUNDS sets another number), in worlds of fifty: every world
// begins with a seed of its own, and what it holds stays little, so that a round is as short as at its beginning.
import { test } from 'node:test';
import { crashApi, crashMiner, crashValidator } from '../faults/crash/harness.js';

const given = Number(process.env.FILETAO_CRASH_ROUNDS);
const all = given > 0 ? given : 1000;
const world = 50;

for (const [name, crash, share] of [
  ['miner', crashMiner, 1 / 2],
  ['validator', crashValidator, 1 / 4],
  ['API node', crashApi, 1 / 4],
] as const) {
  const rounds = Math.ceil(all * share);
  for (let done = 0; done < rounds; done += world) {
    const some = Math.min(world, rounds - done);
    test(`${name}: kills ${done + 1} to ${done + some}`, (t) => crash(t, { rounds: some }));
  }
}
