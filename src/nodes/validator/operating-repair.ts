// A repair that the validator's operator asks for: all miners are pinged until each has answered or is down, then all
// that is short of replicas is repaired at once, whatever failed before.

import type { PublicKey } from '../../domain/model/bytes.js';
import type { ValidatorContext } from './context.js';
import type { ComposedDuty } from './duty/compose.js';
import { reachableMiners } from './miners.js';
import { type MonitorLine, monitorMiners, settleDeregistered } from './monitoring.js';
import type { OperatorRequests } from './operator-requests.js';
import type { RepairLine } from './repairing.js';

export const repairRoute = '/v1/operator/repair';

/** Lines of the answer, in this order: miners, pieces, the summary. */
export type RepairReport =
  | {
      readonly kind: 'miner';
      readonly minerKey: PublicKey;
      readonly state: 'serving' | 'leaving' | 'silent' | 'down' | 'deregistered';
      readonly misses: number;
    }
  | ({ readonly kind: 'piece' } & RepairLine)
  | {
      readonly kind: 'summary';
      /** Replicas stored, and given up. */
      readonly replicas: number;
      readonly retired: number;
      /** Pieces that have too few replicas still, and of these the ones that no replica gives back. */
      readonly short: number;
      readonly lost: number;
    };

const pingPauseMsMax = 1000;

export function addRepairRoute(
  requests: OperatorRequests,
  context: ValidatorContext,
  dutyNow: () => Pick<ComposedDuty, 'repairs' | 'taken'>,
  options: {
    readonly pingTimeoutMs: number;
    /** Told of miners whose replicas were taken out of use. */
    readonly onLost: (hotkeys: readonly PublicKey[]) => void;
  },
): void {
  requests.route(repairRoute, async () => {
    const { repairs, taken } = dutyNow();
    return async (write, signal) => {
      const say = (line: RepairReport): void => write(line);
      const lost: PublicKey[] = [];
      const pauseMs = Math.min(pingPauseMsMax, context.chain.blockIntervalMs);
      let lines: readonly MonitorLine[] = [];
      for (let tries = 0; tries < context.presence.missesMax; tries++) {
        if (tries > 0) await context.clock.sleep(pauseMs, signal);
        const hotkeys = (await reachableMiners(context)).map(({ hotkey }) => hotkey);
        const monitored = await monitorMiners(context, hotkeys, options.pingTimeoutMs, signal);
        ({ lines } = monitored);
        lost.push(...monitored.down);
        if (lines.every(({ success, hotkey }) => success || context.presence.isDown(hotkey))) break;
      }
      for (const { hotkey: minerKey, success, leaving, misses } of lines) {
        const silent = context.presence.isDown(minerKey) ? ('down' as const) : ('silent' as const);
        const state = !success ? silent : leaving ? ('leaving' as const) : ('serving' as const);
        say({ kind: 'miner', minerKey, state, misses });
      }
      for (const minerKey of await settleDeregistered(context, signal)) {
        lost.push(minerKey);
        say({ kind: 'miner', minerKey, state: 'deregistered', misses: 0 });
      }
      if (lost.length > 0) options.onLost(lost);
      const sum = { replicas: 0, retired: 0, short: 0, lost: 0 };
      try {
        await repairs.pass(
          (line) => {
            sum.replicas += line.stored.length;
            sum.retired += line.retired;
            if (line.outcome === 'short' || line.outcome === 'lost') sum.short++;
            if (line.outcome === 'lost') sum.lost++;
            say({ kind: 'piece', ...line });
          },
          { signal, patient: false },
        );
      } finally {
        await taken.reward((await context.view.head()).number);
      }
      say({ kind: 'summary', ...sum });
    };
  });
}
