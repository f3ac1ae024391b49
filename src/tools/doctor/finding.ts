// What a check of `filetao doctor` is given and what it says.

import type { ResolvedConfig } from '../../adapters/config/resolve.js';

export type NodeRole = 'miner' | 'validator' | 'api';

export interface DoctorOptions {
  readonly version: string;
  readonly config: ResolvedConfig<NodeRole>;
  /** Time server to compare the clock with, host or host:port; null compares it with nothing. */
  readonly ntp: string | null;
}

export const checkNames = [
  'system',
  'core',
  'speed',
  'memory',
  'compute',
  'disk',
  'index',
  'wallet',
  'chain',
  'clock',
  'ports',
] as const;

export interface Finding {
  readonly check: (typeof checkNames)[number];
  /** `problem`: something will not work. `note`: it works, but could be better or is not set up yet. */
  readonly level: 'ok' | 'note' | 'problem';
  readonly text: string;
  /** What to do; given with every note and problem. */
  readonly remedy?: string;
  /** The figures behind the text. */
  readonly values: Readonly<Record<string, string | number | boolean | null>>;
}

export type Check = (options: DoctorOptions) => Promise<Finding> | Finding;
