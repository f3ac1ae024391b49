// kill -9 of redis-server under write load, again and again. What was acknowledged under the promised setting is
// there afterwards, nothing is half there, and no chain has forked.
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { openRedisPlacementIndex } from '../../../../src/adapters/index/redis/placement-index.js';
import type { PlacementIndex } from '../../../../src/domain/ports/placement-index.js';
import { seededRandom } from '../../seeded-random.js';
import { openPlacementAt, redisPlaceOf } from '../backends.js';
import { assertConsistent } from '../consistency.js';
import { assertLanes, lanes, piecesOfLoad, step, stepsMax } from '../load.js';
import { startRedis } from '../redis-server.js';

/** With everysec Redis promises the last second; it may take two while its disk is slow. */
const promisedMs = { always: 0, everysec: 2000 } as const;

export async function killServerUnderLoad(
  context: TestContext,
  appendfsync: keyof typeof promisedMs,
  rounds: number,
): Promise<void> {
  const random = seededRandom(context);
  const redis = await startRedis(context, {
    config: ['appendonly yes', `appendfsync ${appendfsync}`, 'auto-aof-rewrite-min-size 256kb'],
  });
  let address = redis.place();
  let steps = new Array<number>(lanes).fill(0);
  let acknowledged = 0;
  for (let round = 0; round < rounds; round++) {
    if (Math.max(...steps) > stepsMax - 60) {
      address = redis.place();
      steps = new Array<number>(lanes).fill(0);
    }
    // Where acknowledged steps may be lost, the one under way must not come after the crash: it would stand on steps
    // that are gone. Under `always` nothing is gone, and what was under way is sent again.
    const index = await openRedisPlacementIndex(
      redisPlaceOf(address),
      appendfsync === 'always' ? {} : { patienceMs: 0 },
    );
    /** When each step of a lane was acknowledged, from its first of this round. */
    const times: number[][] = Array.from({ length: lanes }, () => []);
    const before = [...steps];
    const underWay: Promise<unknown>[] = [];
    let stopping = false;
    const { promise: died, resolve: die } = deferred();
    const load = Promise.all(times.map((_, lane) => runLane(index, lane)));
    async function runLane(writer: PlacementIndex, lane: number): Promise<void> {
      while (!stopping && steps[lane]! < stepsMax) {
        const doing = step(writer, lane, steps[lane]!).then(
          () => 'done' as const,
          (error: unknown) => {
            if (!stopping) throw error;
            return 'died' as const;
          },
        );
        underWay[lane] = doing;
        // What is under way when the server dies was not acknowledged.
        const outcome = await Promise.race([doing, died.then(() => 'died' as const)]);
        if (outcome === 'died') return;
        steps[lane]!++;
        times[lane]!.push(performance.now());
      }
    }
    await delay(10 + random.below(120));
    stopping = true;
    const killedAt = performance.now();
    await redis.kill();
    die();
    await load;
    const closing = index.close();
    await redis.start();
    await closing.catch(() => {});
    // A step that is sent again may still be writing: what is read meanwhile need not agree with itself.
    await Promise.all(underWay);

    const promised = before.map((first, lane) =>
      appendfsync === 'always'
        ? steps[lane]!
        : first + times[lane]!.filter((time) => time < killedAt - promisedMs[appendfsync]).length,
    );
    const survivor = await openPlacementAt(address);
    assertLanes(await assertConsistent(survivor, piecesOfLoad), steps, promised);
    await survivor.close();
    acknowledged += times.flat().length;
  }
  assert.ok(acknowledged > rounds, 'there was a load');
  context.diagnostic(`${rounds} kills, ${acknowledged} acknowledged steps`);
}

function deferred(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve = (): void => {};
  const promise = new Promise<void>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}
