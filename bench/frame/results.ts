// What a run leaves: the JSON that other programs read. `results` are rates by wall time; `cpuTime` has the same shape and
// holds the same passes by CPU time, which a busy machine disturbs less; `gates` says which goals were met.

import { cpus, loadavg } from 'node:os';
import type { CoreBuild } from '../../src/domain/core/probe.js';
import type { GateLine } from './gates.js';
import type { Measured } from './measure.js';
import type { Spread } from './statistics.js';

export interface ResultLine {
  readonly suite: string;
  readonly case: string;
  readonly impl: string;
  readonly unit: string;
  /** A rate, as are min and max: larger is better. */
  readonly median: number;
  readonly min: number;
  readonly max: number;
  readonly passes: number;
}

export interface RunResults {
  /** v20.… */
  readonly node: string;
  readonly cpu: string;
  readonly cores: number;
  readonly platform: string;
  /** The build chosen on this machine. */
  readonly core: CoreBuild;
  /** ISO 8601, the start of the run. */
  readonly date: string;
  readonly quick: boolean;
  /** Processes that wanted a core when the run began: well above 0 means that others disturbed it. */
  readonly load: number;
  readonly results: readonly ResultLine[];
  readonly cpuTime: readonly ResultLine[];
  readonly gates: readonly GateLine[];
}

export type Machine = Omit<RunResults, 'results' | 'cpuTime' | 'gates' | 'quick'>;

export function machine(core: CoreBuild): Machine {
  const processors = cpus();
  return {
    node: process.version,
    cpu: processors[0]?.model.trim() ?? 'unknown',
    cores: processors.length,
    platform: `${process.platform}-${process.arch}`,
    core,
    date: new Date().toISOString(),
    load: Math.round(100 * loadavg()[0]!) / 100,
  };
}

/** Six digits: more are noise, fewer could not be compared. */
const rounded = (value: number): number => Number(value.toPrecision(6));

const line = (suite: string, measured: Measured, { median, min, max }: Spread): ResultLine => ({
  suite,
  case: measured.case,
  impl: measured.impl,
  unit: measured.unit,
  median: rounded(median),
  min: rounded(min),
  max: rounded(max),
  passes: measured.passes,
});

export const wallLines = (suite: string, all: readonly Measured[]): ResultLine[] =>
  all.map((measured) => line(suite, measured, measured.wall));

export const cpuLines = (suite: string, all: readonly Measured[]): ResultLine[] =>
  all.flatMap((measured) => (measured.cpu === null ? [] : [line(suite, measured, measured.cpu)]));
