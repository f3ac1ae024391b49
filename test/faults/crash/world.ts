// What the worlds of all roles share: see crash-miner.ts, crash-validator.ts and crash-api.ts.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { auditTranscripts } from '../../../src/tools/audit/verify.js';
import type { Killer } from './killer.js';

/** One world: nodes of its own, and one of them killed again and again. */
export interface CrashOptions {
  readonly rounds: number;
  /** Goes on from world to world, so that all write points have their turn. */
  readonly killer: Killer;
}

export const settled = async (work: readonly Promise<unknown>[]): Promise<void> =>
  void (await Promise.allSettled(work));

/** No verdict against an honest party, no round left out or held twice, every file readable. */
export async function assertChains(folder: string): Promise<string> {
  const audit = await auditTranscripts([join(folder, 'validator', 'transcripts')], { loss: 0.1 });
  assert.deepEqual(audit.findings, [], 'the audit finds nothing');
  assert.ok(audit.ok);
  return `${audit.rounds} rounds in the transcripts, ${audit.voids} void`;
}
