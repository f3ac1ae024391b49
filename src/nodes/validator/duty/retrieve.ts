// Retrieving one replica of each drawn miner, whole: what is promised to users is tried, and with the data at hand
// the kept rounds are checked with certainty.

import type { ReplicaRecord } from '../../../domain/model/records.js';
import { collectAnswers } from '../answers.js';
import type { ValidatorContext } from '../context.js';
import { attemptFetch } from '../fetching.js';
import { speakingAs } from '../key-ring.js';
import type { Rewarding } from '../rewarding.js';
import { rewardAnswers } from './rewards.js';
import { drawMiners, type ReplicaDraws } from './selecting.js';
import type { Step } from './step.js';

export interface RetrieveOptions {
  readonly everyBlocks: number;
  readonly miners: number;
  readonly rewarding: Pick<Rewarding, 'step'>;
}

/** Replicas fetched at once, as far as there is memory for them. */
const atOnce = 4;

export const retrieveStep = (
  context: ValidatorContext,
  draws: ReplicaDraws,
  { everyBlocks, miners, rewarding }: RetrieveOptions,
): Step => ({
  name: 'retrieve',
  everyBlocks,
  deadlineMs: 15 * 60_000,
  async run(block, signal) {
    const { miners: drawn, selection } = await drawMiners(context, 'retrieve', block, miners);
    const waiting: ReplicaRecord[] = [];
    for (const { hotkey } of drawn) waiting.push(...(await draws.next(hotkey, 1)));
    const batch = collectAnswers(context);
    const work = async (): Promise<void> => {
      for (let replica = waiting.pop(); replica !== undefined; replica = waiting.pop()) {
        signal.throwIfAborted();
        await fetchOnce(batch.context, replica, signal);
      }
    };
    // All of them, so that what comes late is rewarded too.
    const ended = await Promise.allSettled(Array.from({ length: atOnce }, work));
    const answers = await rewardAnswers(rewarding, block.number, batch.answers, selection ?? 'all');
    for (const one of ended) if (one.status === 'rejected') throw one.reason;
    return answers.length === 0 ? null : { answers };
  },
});

async function fetchOnce(
  context: ValidatorContext,
  replica: ReplicaRecord,
  signal: AbortSignal,
): Promise<void> {
  const { buffer, leave } = await context.pieceBuffers.take(replica.size);
  try {
    // Since it was drawn it may have been given up, and its miner told to delete it.
    if ((await context.index.getReplica(replica))?.state !== 'active') return;
    await attemptFetch(speakingAs(context, replica.validatorKey), replica, signal, buffer);
  } finally {
    leave();
  }
}
