// Pinging drawn miners, and comparing the metagraph with who holds replicas. Who is down, gone or leaving is repaired
// at once, and an operator's own script is told (`REBALANCE_SCRIPT_PATH`).

import type { PublicKey } from '../../../domain/model/bytes.js';
import type { ValidatorContext } from '../context.js';
import { monitorMiners, settleDeregistered } from '../monitoring.js';
import type { Repairs } from '../repairs.js';
import type { Rewarding } from '../rewarding.js';
import type { DueBlocks } from './due.js';
import { drawMiners } from './selecting.js';
import type { Step } from './step.js';

export interface MonitorOptions {
  readonly everyBlocks: number;
  readonly miners: number;
  readonly pingTimeoutMs: number;
  /** Told of miners whose replicas were taken out of use. */
  readonly onLost: (hotkeys: readonly PublicKey[]) => void;
  readonly rewarding: Pick<Rewarding, 'monitor' | 'drop' | 'dropMissing'>;
}

export function monitorStep(
  context: ValidatorContext,
  repairs: Repairs,
  due: DueBlocks,
  options: MonitorOptions,
): Step {
  let known: ReadonlyMap<number, PublicKey> | null = null;
  return {
    name: 'monitor',
    everyBlocks: options.everyBlocks,
    atStart: true,
    deadlineMs: 120_000,
    async run(block, signal) {
      const { rewarding } = options;
      const { miners, selection } = await drawMiners(context, 'monitor', block, options.miners);
      const hotkeys = miners.map(({ hotkey }) => hotkey);
      const { lines, down, back, cutOff } = await monitorMiners(
        context,
        hotkeys,
        options.pingTimeoutMs,
        signal,
      );
      const gone = await settleDeregistered(context, signal);
      if (!cutOff) {
        await rewarding.monitor({
          block: block.number,
          pings: lines.map(({ hotkey, success }) => ({ minerKey: hotkey, answered: success })),
          ...(selection === undefined ? {} : { selection }),
        });
      }

      const neurons = new Map((await context.view.neurons()).map(({ uid, hotkey }) => [uid, hotkey]));
      const replaced = known === null ? [] : differences(known, neurons);
      known = neurons;
      for (const { uid, before, after } of replaced)
        context.log.info({ uid, before, after }, 'another hotkey has taken a uid');
      if (back.length > 0 || replaced.length > 0) repairs.forgetBackoff();
      const lost = [...down, ...gone];
      const left = [...gone, ...replaced.flatMap(({ before }) => before ?? [])];
      if (left.length > 0) await rewarding.drop(block.number, left);
      // Also what came in after it had left, and who left while this validator was away. From the chain as it is now:
      // an API node may have stored on a miner that came since the view was made.
      const registered = (await context.chain.neurons()).map(({ hotkey }) => hotkey);
      await rewarding.dropMissing(block.number, new Set(registered));
      if (lost.length > 0) {
        options.onLost(lost);
        due.hurry('repair');
      }
      if (lines.length === 0 && lost.length === 0) return null;
      return {
        answers: lines.map(({ hotkey, success, code, elapsedMs }) => ({
          minerKey: hotkey,
          outcome: success ? ('pass' as const) : ('fail' as const),
          reason: code,
          elapsedMs,
          size: 0,
        })),
        details: {
          down,
          deregistered: gone,
          leaving: context.presence.leavingMiners(),
          replaced,
        },
      };
    },
  };
}

interface Replaced {
  readonly uid: number;
  readonly before: PublicKey | null;
  readonly after: PublicKey;
}

/** Uids with another hotkey than in the snapshot before, and new ones. */
function differences(
  before: ReadonlyMap<number, PublicKey>,
  after: ReadonlyMap<number, PublicKey>,
): readonly Replaced[] {
  return [...after]
    .filter(([uid, hotkey]) => before.get(uid) !== hotkey)
    .map(([uid, hotkey]) => ({ uid, before: before.get(uid) ?? null, after: hotkey }));
}
