// Scrubbing in the background: pass after pass at a bounded rate. Where a pass is stands in a small file, so that a
// miner that is restarted every day does not begin anew every day.

import { readFile } from 'node:fs/promises';
import { replaceFile } from '../../adapters/system/durable-file.js';
import { limits } from '../../domain/model/constants.js';
import type { MinerContext } from './context.js';
import { scrub } from './scrubbing.js';

export interface ScrubSchedule {
  /** Keeps where the pass is. */
  readonly file: string;
  /** 0: no scrubbing. */
  readonly bytesPerSecond: number;
  /** From the beginning of one pass to that of the next. */
  readonly everySeconds: number;
}

interface Progress {
  /** Unix milliseconds at which the pass began. */
  readonly beganAt: number;
  /** Where it goes on; null when it is over. */
  readonly cursor: string | null;
}

const looksMs = 60_000;

export async function scrubForever(
  context: MinerContext,
  { file, bytesPerSecond, everySeconds }: ScrubSchedule,
  signal: AbortSignal,
): Promise<void> {
  if (bytesPerSecond === 0) return;
  while (!signal.aborted) {
    try {
      const now = context.clock.now();
      let progress = await readProgress(file);
      // A clock that was set back must not put the next pass off.
      const isDue =
        progress === null || now < progress.beganAt || now - progress.beganAt >= 1000 * everySeconds;
      if (isDue && progress?.cursor == null) progress = { beganAt: now, cursor: '' };
      if (progress !== null && progress.cursor !== null)
        await onePass(context, file, progress, bytesPerSecond, signal);
    } catch (error) {
      context.log.error({ err: error }, 'scrubbing was cut short');
    }
    await context.clock.sleep(looksMs, signal).catch(() => {});
  }
}

async function onePass(
  context: MinerContext,
  file: string,
  { beganAt, cursor }: Progress,
  bytesPerSecond: number,
  signal: AbortSignal,
): Promise<void> {
  const counts = await scrub(context, {
    bytesPerSecond,
    cursor: cursor === '' ? null : cursor,
    signal,
    onFinding: (finding) => context.scrubReports.report(finding),
    onPage: (next) => replaceFile(file, JSON.stringify({ beganAt, cursor: next })),
  });
  if (!signal.aborted && counts.replicas > 0)
    context.log.info(
      { replicas: counts.replicas, bytes: counts.bytes, ...counts.faults },
      'looked at all replicas',
    );
}

/** null when there is none that can be read: then a pass begins. */
async function readProgress(file: string): Promise<Progress | null> {
  try {
    const { beganAt, cursor } = JSON.parse(await readFile(file, 'utf8')) as Partial<
      Record<keyof Progress, unknown>
    >;
    const isCursor =
      cursor === null || (typeof cursor === 'string' && cursor.length <= limits.cursorCharactersMax);
    return typeof beganAt === 'number' && isCursor ? { beganAt, cursor } : null;
  } catch {
    return null;
  }
}
