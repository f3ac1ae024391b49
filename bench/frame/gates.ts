// The goals of the proof core, each a ratio of two medians of one run. They are shown, never enforced: on a busy machine a
// ratio says little, and a regression is caught by counting (test/domain/core/work-counts.test.ts), not by timing.

import type { ResultLine, RunResults } from './results.js';

interface Place {
  readonly suite: string;
  readonly case: string;
  readonly impl: string;
}

interface Gate {
  readonly of: Place;
  readonly over: Place;
  readonly atLeast: number;
}

export interface GateLine {
  readonly gate: string;
  readonly against: string;
  readonly atLeast: number;
  /** By wall time; null: not measured in this run. */
  readonly ratio: number | null;
  /** By CPU time; null where that says nothing. */
  readonly cpuRatio: number | null;
  readonly met: boolean | null;
}

const noble = '@noble/curves ristretto255';
const floor = 'hash-wasm blake3';

/** Node 24's V8 schedules the `fma` build better, and noble's integers no faster. */
function gatesFor({ node, core }: Pick<RunResults, 'node' | 'core'>): Gate[] {
  const gate = (suite: string, name: string, impl: string, over: string, atLeast: number): Gate => ({
    of: { suite, case: name, impl },
    over: { suite, case: name, impl: over },
    atLeast,
  });
  const isNew = Number(/^v(\d+)/.exec(node)?.[1]) >= 24;
  const proving = (chunk: string, atLeast: number): Gate =>
    gate('prove', `64 MiB, ${chunk} chunks`, 'filetao', floor, atLeast);
  const pool = (threads: number): Place => ({
    suite: 'pool',
    case: `prove 16 KiB chunks, ${threads} threads`,
    impl: 'filetao',
  });
  return [
    ...(core === 'fma' ? [gate('commit', 'batch 4096', 'filetao', noble, isNew ? 90 : 70)] : []),
    gate('commit', 'batch 4096', 'filetao simd', noble, 30),
    gate('hash', '64 KiB', 'filetao', floor, 2.2),
    gate('hash', '64 x 1 KiB', 'filetao', floor, 2.2),
    gate('tree', '1000000 leaves', 'filetao', 'node:crypto sha256', 8),
    gate('verify', '1000 openings, 1 KiB chunks', 'filetao', noble, 40),
    proving('64 KiB', 1.8),
    proving('16 KiB', 1.2),
    proving('4 KiB', 0.6),
    proving('1 KiB', 0.22),
    { of: pool(2), over: pool(1), atLeast: 1.8 },
  ];
}

export function evaluateGates(
  run: Pick<RunResults, 'node' | 'core' | 'results' | 'cpuTime'>,
): readonly GateLine[] {
  return gatesFor(run).map(({ of, over, atLeast }) => {
    const ratio = ratioIn(run.results, of, over);
    return {
      gate:
        of.suite === 'pool'
          ? 'pool, 2 threads'
          : `${of.suite}, ${of.case}${of.impl === 'filetao' ? '' : ', simd'}`,
      against: of.suite === 'pool' ? '1 thread' : over.impl,
      atLeast,
      ratio,
      // More threads need the same CPU time: what they are for is wall time.
      cpuRatio: of.suite === 'pool' ? null : ratioIn(run.cpuTime, of, over),
      met: ratio === null ? null : ratio >= atLeast,
    };
  });
}

function ratioIn(lines: readonly ResultLine[], of: Place, over: Place): number | null {
  const medianOf = (place: Place): number | undefined =>
    lines.find((line) => line.suite === place.suite && line.case === place.case && line.impl === place.impl)
      ?.median;
  const [ours, theirs] = [medianOf(of), medianOf(over)];
  return ours === undefined || theirs === undefined ? null : Number((ours / theirs).toPrecision(4));
}
