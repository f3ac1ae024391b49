// filetao audit verify: the audit (src/domain/audit/audit.ts) of transcript files and folders of them.

import { loadCore } from '../../adapters/proving/load-core.js';
import { verifySr25519 } from '../../adapters/wallets/sr25519.js';
import { type AuditTotals, audit } from '../../domain/audit/audit.js';
import type { ReplicaReport } from '../../domain/audit/chain.js';
import type { VerifySignature } from '../../domain/ports/signer.js';
import { entriesOf, filesOf } from './entries.js';

export interface AuditOptions {
  /** The share of lost chunks that the confidence is about. */
  readonly loss: number;
  /** Default: sr25519. */
  readonly verify?: VerifySignature;
  readonly signal?: AbortSignal;
  readonly onReplica?: (report: ReplicaReport) => void;
}

export interface AuditSummary extends AuditTotals {
  readonly elapsedMs: number;
}

export async function auditTranscripts(
  paths: readonly string[],
  { loss, verify = verifySr25519, signal, onReplica }: AuditOptions,
): Promise<AuditSummary> {
  const started = performance.now();
  const files = await filesOf(paths);
  const totals = await audit(
    files.map((path) => ({ entries: () => entriesOf(path) })),
    { core: loadCore(undefined, { window: 13 }), verify, loss, signal, onReplica },
  );
  return { ...totals, elapsedMs: Math.round(performance.now() - started) };
}
