// Power is lost at every change of every workload, and whatever of the unsynced state survives (lost, kept or torn),
// what was acknowledged is there, the rest is whole or absent, leftovers are swept, and the work goes on.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { seededRandom } from '../adapters/seeded-random.js';
import { type Fate, powerLossFiles } from '../adapters/system/power-loss-files.js';
import { knownOf, type Step, type Workload, workloads } from './workloads.js';

async function loseAtEveryChange(context: TestContext, workload: Workload): Promise<number> {
  const random = seededRandom(context);
  const fates: readonly (() => Fate)[] = [
    () => 'lost',
    () => 'kept',
    () => 'torn',
    ...Array.from({ length: 2 }, () => () => random.pick<Fate>(['lost', 'kept', 'torn'])),
  ];
  for (let cutAt = 0; ; cutAt++) {
    const files = powerLossFiles();
    files.cutAt = cutAt;
    const known = new Map<string, string>();
    let underWay: Step | null = null;
    try {
      const { steps } = await workload.start(files, '/data');
      for (const step of steps) {
        underWay = step;
        known.set(step.key, await step.run());
        underWay = null;
      }
    } catch {
      // the power is gone
    }
    for (const fate of fates) {
      const found = await workload.read(files.afterwards(fate), '/data');
      for (const [key, value] of found) {
        const before = knownOf(known, key);
        if (value === before) continue;
        assert.equal(underWay?.key, key, `cut at ${cutAt}: ${key} is ${value}, not ${before}`);
        const { between } = underWay;
        assert.ok(
          between === undefined || between.includes(value) || value === 'absent',
          `cut at ${cutAt}: ${key} is ${value} in the middle of a change`,
        );
      }
    }
    if (files.changes <= cutAt) return cutAt;
  }
}

for (const workload of workloads) {
  test(`${workload.name}: the acknowledged survive a power cut at any change`, async (context) => {
    const cuts = await loseAtEveryChange(context, workload);
    context.diagnostic(`${cuts} cuts, each with 5 outcomes`);
    assert.ok(cuts >= 10);
  });
}

test('a writer that does not sync is caught', async (context) => {
  const unsynced: Workload = {
    name: 'unsynced',
    async start(files) {
      return {
        steps: [
          {
            key: 'file',
            async run() {
              const file = await files.create('/file');
              await file.write(new Uint8Array(2000).fill(1), 0);
              await file.close();
              return 'there';
            },
          },
        ],
        close: async () => {},
      };
    },
    read: async (files) => new Map([['file', (await files.size('/file')) === 2000 ? 'there' : 'absent']]),
  };
  await assert.rejects(loseAtEveryChange(context, unsynced), /is absent, not there/);
});
