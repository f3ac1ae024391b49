// One event record per step (docs/events.md): the fields of the reference's event log, aligned by miner.

import type { EventRecords } from '../../../adapters/observe/event-records.js';
import { encodeSs58 } from '../../../domain/identity/ss58.js';
import { fromHex, type PublicKey } from '../../../domain/model/bytes.js';
import { errorTable } from '../../../domain/model/errors.js';
import type { BlockRef, Weight } from '../../../domain/ports/chain.js';
import type { Clock } from '../../../domain/ports/clock.js';
import type { ValidatorContext } from '../context.js';
import type { Rewarding } from '../rewarding.js';
import type { StepReport } from './step.js';

const statusOk = 200;
/** For a reason that is no error code: the answer was wrong. */
const statusWrong = 422;

const statusOf = (reason: string): number =>
  reason === '' ? statusOk : (errorTable[reason as keyof typeof errorTable]?.status ?? statusWrong);

export async function writeEvent(
  context: Pick<ValidatorContext, 'clock' | 'view'>,
  records: EventRecords,
  rewarding: Pick<Rewarding, 'scores'> | null,
  taskName: string,
  block: BlockRef,
  seconds: number,
  { answers, details = {} }: StepReport,
): Promise<void> {
  const uids = new Map((await context.view.neurons()).map(({ uid, hotkey }) => [hotkey, uid]));
  const best = answers.reduce<(typeof answers)[number] | null>(
    (top, answer) =>
      answer.outcome === 'pass' && (top === null || (answer.reward ?? 0) > (top.reward ?? 0)) ? answer : top,
    null,
  );
  await records.write({
    time: new Date(context.clock.now()).toISOString(),
    task_name: taskName,
    block: block.number,
    step_length: round6(seconds),
    uids: answers.map(({ minerKey }) => uids.get(minerKey) ?? null),
    hotkeys: answers.map(({ minerKey }) => ss58(minerKey)),
    successful: answers.map(({ outcome }) => outcome === 'pass'),
    completion_times: answers.map(({ elapsedMs }) => elapsedMs / 1000),
    task_status_messages: answers.map(({ outcome, reason }) =>
      outcome === 'pass' ? 'OK' : outcome === 'void' ? `void: ${reason}` : reason,
    ),
    task_status_codes: answers.map(({ reason }) => statusOf(reason)),
    ...(rewarding === null ? {} : { rewards: answers.map(({ reward = 0 }) => reward) }),
    best_uid: best === null ? null : (uids.get(best.minerKey) ?? null),
    best_hotkey: best === null ? null : ss58(best.minerKey),
    ...(rewarding === null
      ? {}
      : {
          moving_averaged_scores: Object.fromEntries(
            [...rewarding.scores].map(([hotkey, score]) => [ss58(hotkey), score]),
          ),
        }),
    ...details,
  });
}

/** Weights that the chain has taken. */
export const writeWeightsEvent = (
  clock: Clock,
  records: EventRecords,
  block: number,
  weights: readonly Weight[],
): Promise<void> =>
  records.write({
    time: new Date(clock.now()).toISOString(),
    task_name: 'weights',
    block,
    set_weights: Object.fromEntries(weights.map(({ uid, value }) => [uid, value])),
  });

const ss58 = (hotkey: PublicKey): string => encodeSs58(fromHex(hotkey));
const round6 = (value: number): number => Math.round(value * 1e6) / 1e6;
