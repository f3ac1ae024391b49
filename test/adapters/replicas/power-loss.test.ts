// Replica files under power loss: a workload is cut at every change it makes, and whatever of the unsynced
// state survives, what was acknowledged is there and nothing else is half there.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openReplicaFiles } from '../../../src/adapters/replicas/replica-files.js';
import type { Replicas } from '../../../src/domain/ports/replicas.js';
import { seededRandom } from '../seeded-random.js';
import { type Fate, powerLossFiles } from './power-loss.js';
import { content, leafValues, replicaId } from './samples.js';

const size = 3000;
const otherOutboard = new Uint8Array(leafValues(size).length).fill(99);

/** What is known of one replica: not there, or there with this outboard, or without one. */
type State = 'absent' | 'stored' | 'rebuilt' | 'bare';

const steps: readonly {
  readonly n: number;
  readonly to: State;
  run(replicas: Replicas): Promise<unknown>;
}[] = [
  { n: 1, to: 'stored', run: (replicas) => store(replicas, 1) },
  { n: 2, to: 'stored', run: (replicas) => store(replicas, 2) },
  { n: 1, to: 'rebuilt', run: (replicas) => replicas.writeOutboard(replicaId(1), otherOutboard) },
  { n: 2, to: 'absent', run: (replicas) => replicas.remove(replicaId(2)) },
  { n: 1, to: 'stored', run: (replicas) => store(replicas, 1) },
  { n: 2, to: 'stored', run: (replicas) => store(replicas, 2) },
  { n: 1, to: 'absent', run: (replicas) => replicas.remove(replicaId(1)) },
];

async function store(replicas: Replicas, n: number): Promise<void> {
  const writer = await replicas.create(replicaId(n), size);
  await writer.write(content(n, 1000));
  await writer.write(content(n, size).subarray(1000));
  await writer.commit(leafValues(size));
}

async function stateOf(replicas: Replicas, n: number): Promise<State> {
  const data = await replicas.read(replicaId(n), 0, size).catch((error: { code: string }) => {
    assert.equal(error.code, 'unknown-replica');
    return null;
  });
  if (data === null) return 'absent';
  assert.ok(Buffer.from(data).equals(content(n, size)), 'a replica that is there is whole');
  const outboard = await replicas.readOutboard(replicaId(n), size);
  if (outboard === null) return 'bare';
  if (Buffer.compare(outboard, otherOutboard) === 0) return 'rebuilt';
  assert.deepEqual(outboard, leafValues(size));
  return 'stored';
}

test('power is lost at every change: the acknowledged survive, the rest is whole or absent', async (context) => {
  const random = seededRandom(context);
  const fates: readonly (() => Fate)[] = [
    () => 'lost',
    () => 'kept',
    () => 'torn',
    ...Array.from({ length: 4 }, () => () => random.pick<Fate>(['lost', 'kept', 'torn'])),
  ];
  let cuts = 0;
  for (let cutAt = 0; ; cutAt++, cuts++) {
    const files = powerLossFiles();
    files.cutAt = cutAt;
    const acknowledged: State[] = ['absent', 'absent', 'absent'];
    let underWay: { readonly n: number; readonly to: State } | null = null;
    let whole = false;
    try {
      const replicas = await openReplicaFiles({ directory: '/data/replicas', files });
      for (const step of steps) {
        underWay = step;
        await step.run(replicas);
        acknowledged[step.n] = step.to;
        underWay = null;
      }
      whole = true;
    } catch (error) {
      assert.equal((error as { code: string }).code, 'io');
    }
    for (const fate of fates) {
      const replicas = await openReplicaFiles({ directory: '/data/replicas', files: files.afterwards(fate) });
      await replicas.sweep();
      for (const n of [1, 2]) {
        const state = await stateOf(replicas, n);
        // The outboard is a cache: a change under way may cost it, an acknowledged one may not.
        const possible = [acknowledged[n], ...(underWay?.n === n ? [underWay.to, 'bare'] : [])];
        assert.ok(possible.includes(state), `cut at ${cutAt}: replica ${n} is ${state}, not ${possible}`);
      }
      await store(replicas, 1); // and work goes on
      assert.equal(await stateOf(replicas, 1), 'stored');
    }
    if (whole) break;
  }
  context.diagnostic(`${cuts} cuts, each with ${fates.length} outcomes`);
  assert.ok(cuts > 60);
});
