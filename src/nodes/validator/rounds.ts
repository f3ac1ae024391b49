// Many rounds at once: one at a time per replica (the index sees to that), few at a time per miner, and never
// more bytes on one miner than it can answer for within the deadline.

import type { PublicKey } from '../../domain/model/bytes.js';
import type { ReplicaId, ReplicaRecord } from '../../domain/model/records.js';
import { challengeReplica, type RoundResult } from './challenging.js';
import type { ValidatorContext } from './context.js';

const roundsAtOnce = 16;
const roundsPerMiner = 2;

/** Runs one round over each replica; results come as they are decided. Ends early when the signal fires. */
export async function challengeAll(
  context: ValidatorContext,
  replicas: readonly (ReplicaId & { readonly size: number })[],
  onResult: (result: RoundResult) => void,
  signal?: AbortSignal,
): Promise<void> {
  const waiting = [...replicas];
  const load = new Map<PublicKey, { rounds: number; bytes: number }>();
  const loadOf = (miner: PublicKey) => {
    const known = load.get(miner) ?? { rounds: 0, bytes: 0 };
    load.set(miner, known);
    return known;
  };
  const running = new Set<Promise<void>>();
  let failure: unknown = null;
  const start = (replica: ReplicaId & { readonly size: number }): void => {
    const miner = loadOf(replica.minerKey);
    const queued = miner.bytes;
    miner.rounds += 1;
    miner.bytes += replica.size;
    const round = challengeReplica(context, replica, queued, signal)
      .then((result) => {
        if (result !== null) onResult(result);
      })
      .catch((error) => {
        failure ??= error;
        context.log.error({ err: error, root: replica.root }, 'a round could not be held');
      })
      .finally(() => {
        miner.rounds -= 1;
        miner.bytes -= replica.size;
        running.delete(round);
      });
    running.add(round);
  };
  while (waiting.length > 0 || running.size > 0) {
    if (signal?.aborted) waiting.length = 0;
    for (let i = 0; i < waiting.length && running.size < roundsAtOnce; ) {
      const replica = waiting[i]!;
      if (loadOf(replica.minerKey).rounds >= roundsPerMiner) i++;
      else {
        waiting.splice(i, 1);
        start(replica);
      }
    }
    if (running.size > 0) await Promise.race(running);
  }
  if (failure !== null) throw failure;
}

/** Every active replica, or those of one piece list, page by page. */
export async function* activeReplicas(
  context: ValidatorContext,
  pageSize = 500,
): AsyncGenerator<readonly ReplicaRecord[]> {
  let cursor: string | null = null;
  do {
    const page: Awaited<ReturnType<typeof context.index.listReplicas>> = await context.index.listReplicas(
      cursor,
      pageSize,
    );
    yield page.items.filter((replica) => replica.state === 'active');
    cursor = page.next;
  } while (cursor !== null);
}
