// All steps of a validator's duty, put together from its options.

import { type EventRecords, noEventRecords } from '../../../adapters/observe/event-records.js';
import type { PublicKey } from '../../../domain/model/bytes.js';
import type { ValidatorContext } from '../context.js';
import { FailureCounts } from '../miners.js';
import { clearWorkFolder } from '../piece-at-hand.js';
import { Repairs } from '../repairs.js';
import { challengeStep } from './challenge.js';
import { distributeStep } from './distribute.js';
import { DueBlocks } from './due.js';
import { type Scores, writeEvent } from './events.js';
import { type Duty, performDuty } from './loop.js';
import { monitorStep } from './monitor.js';
import { purgeStep } from './purge.js';
import { repairStep } from './repair.js';
import { retrieveStep } from './retrieve.js';
import { ReplicaDraws } from './selecting.js';
import type { Rewarder, Step } from './step.js';
import { storeRandomStep } from './store-random.js';

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
}

export interface DutyParts {
  readonly options: DutyOptions;
  /** Where it stands, and where pieces lie on their way; the validator's own. */
  readonly stateFile: string;
  readonly workFolder: string;
  readonly events?: EventRecords;
  readonly scores: Scores;
  readonly reward: Rewarder;
  readonly onMisses: (
    misses: readonly { readonly minerKey: PublicKey; readonly misses: number }[],
  ) => Promise<void>;
  readonly onLost: (hotkeys: readonly PublicKey[]) => void;
  /** Steps of others: the window of the tiers. */
  readonly more?: readonly Step[];
}

export interface ComposedDuty {
  readonly repairs: Repairs;
  /** Begins; resolves to the promise of the end, which comes after the signal. */
  start(signal: AbortSignal): Promise<{ readonly ended: Promise<void> }>;
}

export function composeDuty(context: ValidatorContext, parts: DutyParts): ComposedDuty {
  const { options, workFolder, events = noEventRecords } = parts;
  const failures = new FailureCounts();
  const repairs = new Repairs(context, {
    folder: workFolder,
    failures,
    piecesAtOnce: options.repairPieces,
    bytesPerSecond: options.repairBytesPerSecond,
  });
  return {
    repairs,
    async start(signal) {
      await clearWorkFolder(workFolder);
      const due = await DueBlocks.open(parts.stateFile, context.chain.genesis);
      const steps = stepsOf(context, parts, repairs, failures, due);
      const report: Duty['report'] = (name, block, seconds, said) =>
        writeEvent(context, events, parts.scores, name, block, seconds, said);
      const ended = performDuty({ context, steps, due, report }, signal).then(() => due.save());
      return { ended };
    },
  };
}

function stepsOf(
  context: ValidatorContext,
  parts: DutyParts,
  repairs: Repairs,
  failures: FailureCounts,
  due: DueBlocks,
): readonly Step[] {
  const { options, workFolder, reward } = parts;
  const draws = new ReplicaDraws(context);
  return [
    storeRandomStep(context, {
      everyBlocks: options.storeEvery,
      miners: options.storeMiners,
      sizeMax: options.storeSizeMax,
      folder: workFolder,
      reward,
    }),
    challengeStep(context, draws, {
      everyBlocks: options.challengeEvery,
      miners: options.challengeMiners,
      replicas: options.challengeReplicas,
      reward,
    }),
    retrieveStep(context, draws, {
      everyBlocks: options.retrieveEvery,
      miners: options.retrieveMiners,
      reward,
    }),
    distributeStep(context, repairs, due, {
      everyBlocks: options.distributeEvery,
      pieces: options.distributePieces,
    }),
    monitorStep(context, repairs, due, {
      everyBlocks: options.monitorEvery,
      miners: options.monitorMiners,
      pingTimeoutMs: options.pingTimeoutMs,
      onLost: parts.onLost,
      onMisses: parts.onMisses,
    }),
    repairStep(repairs, options.repairEvery),
    purgeStep(context, { everyBlocks: options.purgeEvery, folder: workFolder, failures }),
    ...(parts.more ?? []),
  ];
}
