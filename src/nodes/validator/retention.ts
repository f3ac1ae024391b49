// Opened bytes and proofs leave the transcripts when they have served their time (PROTOCOL 7): at start, then hourly.

import type { ValidatorContext } from './context.js';

/** What was taken out, as adapters/observe/transcript-files.ts reports it. */
export interface Pruning {
  readonly files: number;
  readonly bytes: number;
  readonly unreadable: readonly string[];
}

const everyMs = 3_600_000;

/** Prunes until the signal fires; a failure is logged and tried again. */
export async function pruneForever(
  context: Pick<ValidatorContext, 'log' | 'clock'>,
  prune: () => Promise<Pruning>,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    try {
      const { files, bytes, unreadable } = await prune();
      if (files > 0) context.log.info({ files, bytes }, 'pruned the opened bytes of old transcripts');
      for (const file of unreadable) {
        context.log.error(
          { file },
          'this transcript cannot be read to its end: audit it; it is left as it is',
        );
      }
    } catch (error) {
      context.log.error({ err: error }, 'could not prune the transcripts');
    }
    await context.clock.sleep(everyMs, signal).catch(() => {});
  }
}
