// Certainty when data is at hand (PROTOCOL 5): K of every kept round is computed from the true E and compared with
// the signed one. One replica at a time (settling-memory.ts). E of a false one is kept: with it the round's own transcript
// shows the miner's false word to everybody.

import { equalBytes } from '../../domain/model/bytes.js';
import type { ReplicaRecord } from '../../domain/model/records.js';
import type { ValidatorContext } from './context.js';
import { changeReplica, markFailed } from './replica-state.js';

/** Bytes encoded at once. */
const stepSize = 256 * 1024;

/**
 * Begins to check the kept rounds of a replica whose piece is at hand, each of them once. Resolves when the piece's
 * bytes are not needed any more; the rest goes on behind. A retrieval waits only for its turn.
 * @param key of the replica's encoding
 */
export async function beginToSettle(
  context: ValidatorContext,
  replica: ReplicaRecord,
  data: Uint8Array,
  key: Uint8Array,
): Promise<void> {
  if (replica.kept.length === 0) return;
  const { encoded, leave } = await context.settlingMemory.take(data.length);
  const stream = context.cipher.aes256Ctr(key);
  for (let at = 0; at < data.length; at += stepSize) {
    encoded.set(stream.apply(data.subarray(at, at + stepSize)), at);
  }
  settle(context, replica, encoded)
    .catch((error) => {
      context.log.warn({ err: error, root: replica.root }, 'could not check the kept rounds');
    })
    .finally(leave);
}

async function settle(context: ValidatorContext, replica: ReplicaRecord, encoded: Uint8Array): Promise<void> {
  const seeds = replica.kept.map((round) => round.seed);
  const roots = await context.prover.keyedRoots(encoded, seeds);
  const wrong = replica.kept.filter((round, i) => !equalBytes(round.keyedRoot, roots[i]!));
  const settled = new Set(replica.kept.map((round) => round.n));
  await changeReplica(context, replica, (current) => ({
    ...current,
    kept: current.kept.filter((round) => !settled.has(round.n)),
  }));
  if (wrong.length === 0) return;
  await markFailed(context, replica, 'false-keyed-root');
  const evidence = (await context.evidence?.keep(replica, encoded)) ?? null;
  for (const { n } of wrong) {
    const { minerKey: miner, root } = replica;
    context.log.error({ miner, root, n, evidence }, 'signed a false K in a passed round');
  }
}
