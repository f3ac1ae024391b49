// All steps of a validator's duty, put together from its options.

import { type EventRecords, noEventRecords } from '../../../adapters/observe/event-records.js';
import type { ValidatorContext } from '../context.js';
import { FailureCounts } from '../miners.js';
import { clearWorkFolder } from '../piece-at-hand.js';
import { Repairs } from '../repairs.js';
import type { Rewarding } from '../rewarding.js';
import { answersStep } from './answers.js';
import { challengeStep } from './challenge.js';
import { checkpointStep } from './checkpoint.js';
import { distributeStep } from './distribute.js';
import { DueBlocks } from './due.js';
import { writeEvent } from './events.js';
import { type Duty, performDuty } from './loop.js';
import { type MonitorOptions, monitorStep } from './monitor.js';
import { purgeStep } from './purge.js';
import { repairStep, TakenAnswers } from './repair.js';
import { retrieveStep } from './retrieve.js';
import { ReplicaDraws } from './selecting.js';
import type { Step } from './step.js';
import { storeRandomStep } from './store-random.js';
import { tiersStep } from './tiers.js';

/** Blocks between the runs of each step; 0 is never. */
export interface DutyOptions {
  readonly storeEvery: number;
  readonly storeMiners: number;
  /** Bytes; null draws from the reference's distribution. */
  readonly storeSizeMax: number | null;
  readonly challengeEvery: number;
  readonly challengeMiners: number;
  readonly challengeReplicas: number;
  readonly retrieveEvery: number;
  readonly retrieveMiners: number;
  readonly distributeEvery: number;
  readonly distributePieces: number;
  readonly monitorEvery: number;
  readonly monitorMiners: number;
  readonly pingTimeoutMs: number;
  readonly repairEvery: number;
  readonly repairPieces: number;
  readonly repairBytesPerSecond: number;
  readonly purgeEvery: number;
  readonly checkpointEvery: number;
}

export interface DutyParts {
  readonly options: DutyOptions;
  /** Where it stands, and where pieces lie on their way; the validator's own. */
  readonly stateFile: string;
  readonly workFolder: string;
  readonly events?: EventRecords;
  /** Leaves rewards and scores out of event records. */
  readonly hideRewards?: boolean;
}

export interface ComposedDuty {
  readonly repairs: Repairs;
  /** Answers of repairs, to be rewarded when one that was asked for has ended. */
  readonly taken: TakenAnswers;
  /** Begins; resolves to the promise of the end, which comes after the signal. */
  start(signal: AbortSignal): Promise<{ readonly ended: Promise<void> }>;
}

export function composeDuty(
  context: ValidatorContext,
  rewarding: Rewarding,
  parts: DutyParts & Pick<MonitorOptions, 'onLost'>,
): ComposedDuty {
  const { options, workFolder, events = noEventRecords } = parts;
  const failures = new FailureCounts();
  const taken = new TakenAnswers(rewarding);
  const repairs = new Repairs(taken.collecting(context), {
    folder: workFolder,
    failures,
    piecesAtOnce: options.repairPieces,
    bytesPerSecond: options.repairBytesPerSecond,
  });
  return {
    repairs,
    taken,
    async start(signal) {
      await clearWorkFolder(workFolder);
      const due = await DueBlocks.open(parts.stateFile, context.chain.genesis);
      const steps = stepsOf(context, rewarding, parts, { repairs, failures, taken, due });
      const scores = parts.hideRewards ? null : rewarding;
      const report: Duty['report'] = (name, block, seconds, said) =>
        writeEvent(context, events, scores, name, block, seconds, said);
      const ended = performDuty({ context, steps, due, report }, signal)
        .then(() => due.save())
        .catch((error) => context.log.warn({ err: error }, 'could not keep where the duty stands'));
      return { ended };
    },
  };
}

interface StepTools {
  readonly repairs: Repairs;
  readonly failures: FailureCounts;
  readonly taken: TakenAnswers;
  readonly due: DueBlocks;
}

function stepsOf(
  context: ValidatorContext,
  rewarding: Rewarding,
  { options, workFolder, onLost }: DutyParts & Pick<MonitorOptions, 'onLost'>,
  { repairs, failures, taken, due }: StepTools,
): readonly Step[] {
  const draws = new ReplicaDraws(context);
  return [
    storeRandomStep(context, {
      everyBlocks: options.storeEvery,
      miners: options.storeMiners,
      sizeMax: options.storeSizeMax,
      folder: workFolder,
      rewarding,
    }),
    challengeStep(context, draws, {
      everyBlocks: options.challengeEvery,
      miners: options.challengeMiners,
      replicas: options.challengeReplicas,
      rewarding,
    }),
    retrieveStep(context, draws, {
      everyBlocks: options.retrieveEvery,
      miners: options.retrieveMiners,
      rewarding,
    }),
    distributeStep(context, repairs, due, {
      everyBlocks: options.distributeEvery,
      pieces: options.distributePieces,
      taken,
    }),
    monitorStep(context, repairs, due, {
      everyBlocks: options.monitorEvery,
      miners: options.monitorMiners,
      pingTimeoutMs: options.pingTimeoutMs,
      onLost,
      rewarding,
    }),
    repairStep(repairs, options.repairEvery, taken),
    purgeStep(context, { everyBlocks: options.purgeEvery, folder: workFolder, failures, taken }),
    answersStep(rewarding),
    tiersStep(rewarding),
    checkpointStep(context, due, options.checkpointEvery),
  ];
}
