// kill -9 of a process that writes to an index, at random points, again and again: what it acknowledged is there,
// nothing is half there, and other processes go on.
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { startProgram } from '../program.js';
import { seededRandom } from '../seeded-random.js';
import { openPlacementAt } from './backends.js';
import { assertConsistent } from './consistency.js';
import { counted } from './counted.js';
import { assertLanes, lanes, piecesOfLoad } from './load.js';
import { miner } from './records.js';

export interface IndexBackend {
  readonly name: string;
  /** Leaves out what starts further processes, where another run on the same backend has it. */
  readonly oneProcess?: boolean;
  /** Address of an empty place, as backends.ts opens it; removed after the test. */
  prepare(context: TestContext): Promise<string>;
}

const child = new URL('./child.js', import.meta.url);
/** An index holds the load of so many rounds. */
const roundsPerIndex = 10;

export async function killWriterUnderLoad(
  context: TestContext,
  backend: IndexBackend,
  rounds: number,
): Promise<void> {
  const random = seededRandom(context);
  let acknowledged = 0;
  for (let done = 0; done < rounds; done += roundsPerIndex) {
    const address = await backend.prepare(context);
    const index = await openPlacementAt(address);
    const steps = new Array<number>(lanes).fill(0);
    for (let round = 1; round <= roundsPerIndex; round++) {
      const writer = startProgram(context, child, ['load', address, ...steps.map(String)]);
      const killAfter = 10 + random.below(120);
      let lines = 0;
      let killed: Promise<void> | null = null;
      for await (const line of writer.lines) {
        const [lane, step] = line.split(' ').map(Number) as [number, number];
        assert.equal(step, steps[lane], 'steps are acknowledged in order');
        steps[lane] = step + 1;
        acknowledged++;
        // The lines that were written before the kill still arrive after it: they count.
        if (++lines === killAfter) killed = writer.kill();
      }
      if (killed === null) await writer.end(); // it may have finished, not failed
      await killed;
      await index.count(counted(miner(1), 'store', true));
      assertLanes(await assertConsistent(index, piecesOfLoad), steps, steps);
      assert.equal((await index.statistics(miner(1))).totalSuccesses, round);
    }
    await index.close();
  }
  context.diagnostic(`${rounds} kills, ${acknowledged} acknowledged steps`);
}
