// Retrieving one replica of each drawn miner, whole: what is promised to users is tried, and with the data at hand
// the kept rounds are checked with certainty.

import type { ReplicaRecord } from '../../../domain/model/records.js';
import type { ValidatorContext } from '../context.js';
import { attemptFetch } from '../fetching.js';
import { speakingAs } from '../key-ring.js';
import { drawMiners, type ReplicaDraws } from './selecting.js';
import type { Rewarder, Step, StepAnswer } from './step.js';

export interface RetrieveOptions {
  readonly everyBlocks: number;
  readonly miners: number;
  readonly reward: Rewarder;
}

/** Replicas fetched at once: each is held in memory, up to 64 MiB. */
const atOnce = 4;

export const retrieveStep = (
  context: ValidatorContext,
  draws: ReplicaDraws,
  { everyBlocks, miners, reward }: RetrieveOptions,
): Step => ({
  name: 'retrieve',
  everyBlocks,
  deadlineMs: 15 * 60_000,
  async run(block, signal) {
    const drawn = await drawMiners(context, 'retrieve', block, miners);
    const waiting: ReplicaRecord[] = [];
    for (const { hotkey } of drawn) waiting.push(...(await draws.next(hotkey, 1)));
    const answers: StepAnswer[] = [];
    const work = async (): Promise<void> => {
      for (let replica = waiting.pop(); replica !== undefined; replica = waiting.pop()) {
        signal.throwIfAborted();
        const own = speakingAs(context, replica.validatorKey);
        const { verdict, elapsedMs } = await attemptFetch(own, replica, signal);
        const { minerKey, size } = replica;
        answers.push({ minerKey, outcome: verdict.outcome, reason: verdict.reason, elapsedMs, size });
      }
    };
    await Promise.all(Array.from({ length: atOnce }, work));
    return answers.length === 0 ? null : { answers: await reward('retrieve', answers) };
  },
});
