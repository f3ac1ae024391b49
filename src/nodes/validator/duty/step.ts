// What a step of the validator's duty is, and what it reports.

import type { PublicKey } from '../../../domain/model/bytes.js';
import type { BlockRef } from '../../../domain/ports/chain.js';

export const stepNames = [
  'store',
  'challenge',
  'retrieve',
  'distribute',
  'monitor',
  'repair',
  'purge',
  'answers',
  'tiers',
  'checkpoint',
] as const;
export type StepName = (typeof stepNames)[number];

/** What one miner did in a step. */
export interface StepAnswer {
  readonly minerKey: PublicKey;
  /** `void` is this validator's own fault and counts for nobody. */
  readonly outcome: 'pass' | 'fail' | 'void';
  /** Empty for a pass, else the reason. */
  readonly reason: string;
  readonly elapsedMs: number;
  /** Bytes it was about. */
  readonly size: number;
  /** What it earned or cost; absent where answers are not rewarded. */
  readonly reward?: number;
}

export interface StepReport {
  readonly answers: readonly StepAnswer[];
  /** What answers alone do not say, for the event record. */
  readonly details?: Readonly<Record<string, unknown>>;
}

export interface Step {
  readonly name: StepName;
  /** Blocks from the beginning of one run to that of the next; 0 is never. */
  readonly everyBlocks: number;
  /** Due at the first block already, and not only `everyBlocks` later. */
  readonly atStart?: true;
  /** Milliseconds after which a run is cut short; none for those that go over everything. */
  readonly deadlineMs: number | null;
  /** null when there was nothing to do. */
  run(block: BlockRef, signal: AbortSignal): Promise<StepReport | null>;
}
