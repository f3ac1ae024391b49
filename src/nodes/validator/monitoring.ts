// Monitoring: a few miners are pinged, and what their silence or their word means for their replicas is written into
// the index, where repair finds it. A miner that is down, or that is not on the subnet any more, has its replicas
// taken out of use; one that comes back gets them back, to be challenged like all others.

import type { PublicKey } from '../../domain/model/bytes.js';
import { toFileTaoError } from '../../domain/model/errors.js';
import type { ReplicaRecord } from '../../domain/model/records.js';
import { unixSeconds } from '../../domain/ports/clock.js';
import type { ValidatorContext } from './context.js';
import { pingMiner } from './pinging.js';
import { changeReplica } from './replica-state.js';

/** Why a replica is out of use although nobody has seen it wrong. */
export const absenceReasons = ['miner-down', 'deregistered'] as const;
export type AbsenceReason = (typeof absenceReasons)[number];

export interface MonitorLine {
  readonly hotkey: PublicKey;
  readonly success: boolean;
  readonly elapsedMs: number;
  /** Empty, or why there was no good answer. */
  readonly code: string;
  readonly detail: string;
  /** Successive misses, this one included. */
  readonly misses: number;
  readonly leaving: boolean;
}

export interface Monitored {
  readonly lines: readonly MonitorLine[];
  /** Miners that missed once too often, just now. */
  readonly down: readonly PublicKey[];
  /** Miners that were down and are there again, or are heard for the first time since this validator started. */
  readonly back: readonly PublicKey[];
  /** No miner answered: it may be this validator that is cut off, and no miss was counted. */
  readonly cutOff: boolean;
}

/** Fewer silent miners than this say nothing about this validator's own connection. */
const cutOffMinersMin = 3;
const pageSize = 500;

export async function monitorMiners(
  context: ValidatorContext,
  hotkeys: readonly PublicKey[],
  timeoutMs: number,
  signal?: AbortSignal,
): Promise<Monitored> {
  const { presence } = context;
  const asked = await Promise.all(
    hotkeys.map(async (hotkey) => {
      const start = context.clock.monotonic();
      try {
        return { hotkey, answer: await pingMiner(context, hotkey, timeoutMs, signal), failure: null };
      } catch (error) {
        const elapsedMs = Math.round(context.clock.monotonic() - start);
        return { hotkey, answer: null, failure: toFileTaoError(error), elapsedMs };
      }
    }),
  );
  signal?.throwIfAborted();
  const cutOff = asked.length >= cutOffMinersMin && asked.every(({ answer }) => answer === null);
  const down: PublicKey[] = [];
  const back: PublicKey[] = [];
  const lines = asked.map(({ hotkey, answer, failure, elapsedMs }): MonitorLine => {
    if (answer !== null) {
      if (presence.heard(hotkey, answer)) back.push(hotkey);
      const { leaving } = answer;
      return { hotkey, success: true, elapsedMs: answer.elapsedMs, code: '', detail: '', misses: 0, leaving };
    }
    const misses = cutOff ? 0 : presence.missed(hotkey);
    if (misses === presence.missesMax) down.push(hotkey);
    const { code, message: detail } = failure;
    return { hotkey, success: false, elapsedMs, code, detail, misses, leaving: presence.isLeaving(hotkey) };
  });
  // A miner that is silent may have moved: where it listens is asked anew the next time.
  if (lines.some(({ success }) => !success)) context.view.forgetNeurons();
  if (cutOff) context.log.warn({ miners: asked.length }, 'no miner answers: nothing is held against them');
  for (const hotkey of down) {
    const replicas = await takeOutOfUse(context, hotkey, 'miner-down', signal);
    context.log.warn({ miner: hotkey, replicas, misses: presence.missesMax }, 'a miner is down');
  }
  for (const hotkey of back) {
    const replicas = await takeBackIntoUse(context, hotkey, signal);
    if (replicas > 0) context.log.info({ miner: hotkey, replicas }, 'a miner is there again');
  }
  return { lines, down, back, cutOff };
}

/**
 * Miners that hold replicas and are not on the subnet: deregistered, or replaced on their uid by another hotkey.
 * Their replicas are taken out of use. Compared with the index and not with an earlier metagraph alone, so that
 * nothing is missed while the validator is away.
 */
export async function settleDeregistered(
  context: ValidatorContext,
  signal?: AbortSignal,
): Promise<readonly PublicKey[]> {
  const neurons = await context.view.neurons();
  // A chain that tells of nobody is not believed.
  if (neurons.length === 0) return [];
  const registered = new Set(neurons.map(({ hotkey }) => hotkey));
  const gone: PublicKey[] = [];
  for (const { minerKey } of await context.index.listStatistics()) {
    if (registered.has(minerKey) || (await context.index.usedBytes(minerKey)) === 0) continue;
    // It may have come since the view was made, and another node have stored on it.
    if ((await context.view.neuronNow(minerKey)) !== null) continue;
    const replicas = await takeOutOfUse(context, minerKey, 'deregistered', signal);
    if (replicas === 0) continue;
    gone.push(minerKey);
    context.presence.forget(minerKey);
    context.log.warn({ miner: minerKey, replicas }, 'a miner is not registered any more');
  }
  return gone;
}

/** Marks the miner's active replicas as failed; returns how many. */
export const takeOutOfUse = (
  context: ValidatorContext,
  hotkey: PublicKey,
  reason: AbsenceReason,
  signal?: AbortSignal,
): Promise<number> =>
  changeAll(context, hotkey, signal, (replica) =>
    replica.state === 'active'
      ? { ...replica, state: 'failed', lastFailure: { at: unixSeconds(context.clock), reason } }
      : null,
  );

/** Replicas that were out of use for the miner's absence alone are active again. */
const takeBackIntoUse = (
  context: ValidatorContext,
  hotkey: PublicKey,
  signal?: AbortSignal,
): Promise<number> =>
  changeAll(context, hotkey, signal, (replica) =>
    replica.state === 'failed' && isAbsence(replica) ? { ...replica, state: 'active' } : null,
  );

export const isAbsence = ({ lastFailure }: ReplicaRecord): boolean =>
  (absenceReasons as readonly (string | undefined)[]).includes(lastFailure?.reason);

async function changeAll(
  context: ValidatorContext,
  hotkey: PublicKey,
  signal: AbortSignal | undefined,
  change: (replica: ReplicaRecord) => ReplicaRecord | null,
): Promise<number> {
  let changed = 0;
  let cursor: string | null = null;
  do {
    signal?.throwIfAborted();
    const page: Awaited<ReturnType<typeof context.index.replicasOfMiner>> =
      await context.index.replicasOfMiner(hotkey, cursor, pageSize);
    for (const replica of page.items) {
      if (change(replica) !== null && (await changeReplica(context, replica, change)) !== null) changed++;
    }
    cursor = page.next;
  } while (cursor !== null);
  return changed;
}
