// Scrubbing: every replica is read and compared with its root, so that a disk's silent damage is known before a
// validator finds it. What is damaged is set aside and forgotten: the miner says that it has no such replica, its
// validator stores it anew from the others, and nothing wrong is ever served.

import { equalBytes, fromHex } from '../../domain/model/bytes.js';
import { toFileTaoError } from '../../domain/model/errors.js';
import type { HeldReplica } from '../../domain/model/records.js';
import { provenTerms } from './adopting.js';
import type { MinerContext } from './context.js';
import type { ScrubFault, ScrubFinding } from './scrub-reports.js';
import { keepsOutboard } from './storing.js';

export type ScrubContext = Pick<MinerContext, 'verify' | 'replicas' | 'index' | 'prover' | 'turns' | 'clock'>;

export interface ScrubCounts {
  replicas: number;
  bytes: number;
  readonly faults: Record<ScrubFault, number>;
}

export interface ScrubOptions {
  /** Bytes of replicas read per second, on average over a replica. */
  readonly bytesPerSecond: number;
  /** Where an earlier pass stopped; null from the beginning. */
  readonly cursor?: string | null;
  readonly signal?: AbortSignal;
  readonly onFinding?: (finding: ScrubFinding) => void;
  /** Called after every page with where the next one begins; null at the end. */
  readonly onPage?: (next: string | null, counts: ScrubCounts) => Promise<void>;
}

const replicasPerPage = 64;
/** Validators' questions go first. */
const scrubStake = -1;

/** One pass over all replicas the index knows. Ends early, without error, when the signal fires. */
export async function scrub(context: ScrubContext, options: ScrubOptions): Promise<ScrubCounts> {
  const { bytesPerSecond, signal, onFinding, onPage } = options;
  const { clock } = context;
  const counts: ScrubCounts = {
    replicas: 0,
    bytes: 0,
    faults: { damaged: 0, missing: 0, unreadable: 0, terms: 0, outboard: 0 },
  };
  let cursor = options.cursor ?? null;
  do {
    const page = await context.index.list(cursor, replicasPerPage);
    for (const held of page.items) {
      if (signal?.aborted) return counts;
      const start = clock.monotonic();
      const finding = await scrubReplica(context, held, signal);
      if (signal?.aborted) return counts;
      counts.replicas++;
      counts.bytes += held.size;
      if (finding !== null) {
        counts.faults[finding.fault]++;
        onFinding?.(finding);
      }
      const restMs = (1000 * held.size) / bytesPerSecond - (clock.monotonic() - start);
      if (restMs > 0) await clock.sleep(restMs, signal).catch(() => {});
    }
    cursor = page.next;
    await onPage?.(cursor, counts);
  } while (cursor !== null);
  return counts;
}

/** null when all is well, or when the replica was removed meanwhile. */
export async function scrubReplica(
  context: ScrubContext,
  held: HeldReplica,
  signal?: AbortSignal,
): Promise<ScrubFinding | null> {
  const { index, replicas } = context;
  const found = (fault: ScrubFault, detail: string): ScrubFinding => ({
    fault,
    root: held.root,
    validatorKey: held.validatorKey,
    size: held.size,
    detail,
  });
  const isHeld = async (): Promise<boolean> => (await index.get(held)) !== null;
  try {
    let outboard = await wholeOutboard(context, held, signal);
    // Read once more before anything is given up: memory and buses err too.
    if (outboard === null) outboard = await wholeOutboard(context, held, signal);
    if (outboard === null) {
      if (!(await isHeld())) return null;
      const aside = await replicas.setAside(held);
      await index.remove(held);
      return found('damaged', aside ?? 'gone meanwhile');
    }
    const stored = keepsOutboard(held.size) ? await replicas.readOutboard(held, held.size) : outboard;
    if (stored === null || !equalBytes(stored, outboard)) {
      await replicas.writeOutboard(held, outboard);
      return found('outboard', stored === null ? 'it was missing' : 'it was damaged');
    }
    const terms = await provenTerms(replicas, { id: held, size: held.size }, held.minerKey, context.verify);
    if (terms === null && (await isHeld()))
      return found('terms', 'the index could not be rebuilt from this replica');
    return null;
  } catch (error) {
    const { code, message } = toFileTaoError(error);
    if (code === 'cancelled' || !(await isHeld())) return null;
    if (code === 'unknown-replica') return found('missing', 'there is no file');
    return found('unreadable', message);
  }
}

/** The outboard as the bytes on the disk give it; null when they are not those of the replica. */
async function wholeOutboard(
  { replicas, prover, turns }: ScrubContext,
  held: HeldReplica,
  signal?: AbortSignal,
): Promise<Uint8Array | null> {
  try {
    const path = await replicas.path(held);
    const { root, outboard } = await turns.run(scrubStake, () =>
      prover.digest({ path, size: held.size, keys: [], outboard: true }, signal),
    );
    return equalBytes(root, fromHex(held.root)) ? outboard : null;
  } catch (error) {
    if (toFileTaoError(error).code === 'damaged') return null; // another length
    throw error;
  }
}

/** Looks into a replica that a validator's question found something wrong with. Never throws. */
export async function examine(context: MinerContext, held: HeldReplica): Promise<void> {
  try {
    const finding = await scrubReplica(context, held);
    if (finding !== null) context.scrubReports.report(finding);
  } catch (error) {
    context.log.error({ err: error, root: held.root }, 'a replica could not be examined');
  }
}
