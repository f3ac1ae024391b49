// Plays honest rounds over replicas of many small sizes and reports what did not pass: rounds, seed.
import { loadCore } from '../../src/adapters/proving/load-core.js';
import { createProver } from '../../src/adapters/proving/prover.js';
import type { ReplicaRecord } from '../../src/domain/model/records.js';
import { challengeAll } from '../../src/nodes/validator/rounds.js';
import { Arena } from '../../src/tools/attack/arena.js';

const rounds = Number(process.argv[2]);
const seed = process.argv[3]!;
const sizes = [1, 64, 1023, 1024, 1025, 2048, 3000, 4097] as const;

const machinery = { core: loadCore(), prover: createProver({ threads: 1 }) };
const arena = await Arena.open(machinery, seed, 'honest-rounds');
const validator = await arena.addValidator();
const miners = [await arena.addMiner(), await arena.addMiner()];
const replicas: ReplicaRecord[] = [];
for (const size of sizes)
  for (const miner of miners) replicas.push(await arena.store(validator, await arena.piece(size), miner));
let passed = 0;
const failures: string[] = [];
for (let played = 0; played < rounds; ) {
  const batch = replicas.slice(0, Math.min(replicas.length, rounds - played));
  await challengeAll(validator.context, batch, ({ outcome, reason, n }) => {
    if (outcome === 'pass') passed++;
    else failures.push(`n ${n}: ${outcome} ${reason}`);
  });
  played += batch.length;
  arena.clock.advance(12_000);
}
await arena.close();
await machinery.prover.close();
process.stdout.write(`${JSON.stringify({ passed, failures: failures.slice(0, 20) })}\n`);
