// Timed passes of all contenders of a suite, interleaved: every pass takes each contender of each case once, each time
// starting with another one, so that a bad second of the machine falls on one pass of everybody and not on all passes of one.
// Within a pass a call is repeated until the pass is long enough for the clock; garbage is collected between, untimed, so
// that nobody pays for another's.

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { type Spread, spreadOf } from './statistics.js';
import type { BenchCase, Contender } from './suite.js';

export interface MeasureOptions {
  /** At least 5. */
  readonly passes: number;
  /** A pass repeats its call for at least so long. */
  readonly passMs: number;
  readonly onPass?: (done: number, total: number) => void;
}

export interface Measured {
  readonly case: string;
  readonly impl: string;
  readonly unit: string;
  readonly passes: number;
  /** Units per second of wall time. */
  readonly wall: Spread;
  /** Units per second of this process's CPU time, all its threads; null where the work is done elsewhere. */
  readonly cpu: Spread | null;
}

interface Entry {
  readonly inCase: BenchCase;
  readonly contender: Contender;
  calls: number;
  readonly wallRates: number[];
  readonly cpuRates: number[];
}

/** Calls of one pass at most: what is faster than a microsecond is not measured this way. */
const callsMax = 2 ** 20;

export async function measure(cases: readonly BenchCase[], options: MeasureOptions): Promise<Measured[]> {
  const entries = cases.flatMap((inCase) =>
    inCase.contenders.map((contender): Entry => {
      return { inCase, contender, calls: 1, wallRates: [], cpuRates: [] };
    }),
  );
  const total = entries.length * (options.passes + 1);
  let done = 0;
  for (const entry of entries) {
    await warmUp(entry, options.passMs);
    options.onPass?.(++done, total);
  }
  for (let pass = 0; pass < options.passes; pass++) {
    for (let i = 0; i < entries.length; i++) {
      await takePass(entries[(i + pass) % entries.length]!);
      options.onPass?.(++done, total);
    }
  }
  return entries.map(({ inCase, contender, wallRates, cpuRates }) => ({
    case: inCase.name,
    impl: contender.impl,
    unit: inCase.unit,
    passes: wallRates.length,
    wall: spreadOf(wallRates),
    cpu: cpuRates.length > 0 ? spreadOf(cpuRates) : null,
  }));
}

/** Brings the code to its final tier and finds how many calls make a pass. */
async function warmUp(entry: Entry, passMs: number): Promise<void> {
  const { contender } = entry;
  if ('rate' in contender || contender.isPass) {
    await contender.beforePass?.();
    if (!('rate' in contender)) await contender.once();
    return;
  }
  await contender.beforePass?.();
  for (let calls = 1; ; calls = Math.min(callsMax, calls * 2)) {
    const ms = await timed(contender.once, calls);
    if (ms >= passMs / 2 || calls === callsMax) {
      entry.calls = Math.max(1, Math.min(callsMax, Math.ceil((calls * passMs) / ms)));
      return;
    }
  }
}

async function takePass({ contender, calls, wallRates, cpuRates }: Entry): Promise<void> {
  await contender.beforePass?.();
  collectGarbage();
  if ('rate' in contender) {
    wallRates.push(await contender.rate());
    return;
  }
  const cpuStart = process.cpuUsage();
  const ms = await timed(contender.once, calls);
  const { user, system } = process.cpuUsage(cpuStart);
  const units = contender.amount * calls;
  wallRates.push((units * 1e3) / ms);
  if (!contender.elsewhere) cpuRates.push((units * 1e6) / (user + system));
}

async function timed(once: () => unknown, calls: number): Promise<number> {
  const start = performance.now();
  for (let i = 0; i < calls; i++) {
    const result = once();
    // Awaiting what is no promise would cost every synchronous call a turn of the event loop.
    if (result instanceof Promise) await result;
  }
  return performance.now() - start;
}

let collect: (() => void) | undefined;

/** V8's own `gc`, without asking whoever starts the bench for a flag. */
function collectGarbage(): void {
  if (collect === undefined) {
    setFlagsFromString('--expose-gc');
    collect = runInNewContext('gc') as () => void;
  }
  collect();
}
