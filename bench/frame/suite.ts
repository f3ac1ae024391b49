// What a suite is: cases, and in each the implementations that do the same work.

/** One implementation in one case. */
export type Contender = {
  /** `filetao`, `filetao simd`, or a peer's package and algorithm. */
  readonly impl: string;
  /** Doing `once()` is not what is timed, e.g. making fresh data; called before every pass. */
  readonly beforePass?: () => void | Promise<void>;
} & (Repeated | SelfTimed);

/** Called again and again until a pass is long enough to be timed. */
interface Repeated {
  /** Units of work that one call does. Slow peers may do less than the case says where the rate does not depend on it. */
  readonly amount: number;
  readonly once: () => unknown;
  /** One call is one pass: the work changes its input, or is long. */
  readonly isPass?: true;
  /** Whether work runs in other threads or processes: CPU time of this process says nothing then. */
  readonly elsewhere?: true;
}

/** A pass that times itself: a foreign program. */
interface SelfTimed {
  /** Units per second. */
  readonly rate: () => Promise<number>;
}

export interface BenchCase {
  readonly name: string;
  readonly unit: string;
  readonly contenders: readonly Contender[];
}

export interface OpenSuite {
  readonly cases: readonly BenchCase[];
  /** Said under the table. */
  readonly notes?: readonly string[];
  close?(): void | Promise<void>;
}

export interface SuiteOptions {
  readonly quick: boolean;
  /** Fires when the bench is interrupted. */
  readonly signal?: AbortSignal;
}

export interface Suite {
  readonly name: string;
  /** What it measures, in one line. */
  readonly title: string;
  open(options: SuiteOptions): Promise<OpenSuite>;
}
