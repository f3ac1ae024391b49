// The forward loop: each step is begun when its block has come, beside the others, and never while its last run is
// still under way. Whatever fails inside a step ends that run of it and nothing else.

import { setMaxListeners } from 'node:events';
import type { BlockRef } from '../../../domain/ports/chain.js';
import type { ValidatorContext } from '../context.js';
import type { DueBlocks } from './due.js';
import type { Step, StepName, StepReport } from './step.js';

export interface Duty {
  readonly context: Pick<ValidatorContext, 'view' | 'clock' | 'log' | 'chain'>;
  readonly steps: readonly Step[];
  readonly due: DueBlocks;
  /** Told of every run that did something. A failure of it is logged and changes nothing. */
  readonly report: (step: StepName, block: BlockRef, seconds: number, report: StepReport) => Promise<void>;
}

const pollMsMax = 6_000;
const pollMsMin = 20;

/** Runs until the signal fires and all steps under way have ended. */
export async function performDuty(duty: Duty, signal: AbortSignal): Promise<void> {
  const { context, steps, due } = duty;
  const pollMs = Math.min(pollMsMax, Math.max(pollMsMin, context.chain.blockIntervalMs / 2));
  const running = new Map<StepName, Promise<void>>();
  while (!signal.aborted) {
    try {
      const block = await context.view.head();
      for (const step of steps) {
        if (running.has(step.name) || !due.isDue(step, block.number)) continue;
        const run = runStep(duty, step, block, signal).finally(() => running.delete(step.name));
        running.set(step.name, run);
      }
    } catch (error) {
      context.log.error({ err: error }, 'could not look after the duty');
    }
    await context.clock.sleep(pollMs, signal).catch(() => {});
  }
  await Promise.all(running.values());
}

/** Never rejects. */
async function runStep(duty: Duty, step: Step, block: BlockRef, stopping: AbortSignal): Promise<void> {
  const { clock, log } = duty.context;
  const { name, deadlineMs } = step;
  const over = new AbortController();
  const late = new AbortController();
  const signal = AbortSignal.any([stopping, late.signal]);
  // Everything a step has under way listens to it: no leak, whatever Node guesses from more than ten.
  setMaxListeners(0, signal);
  if (deadlineMs !== null) {
    clock.sleep(deadlineMs, over.signal).then(
      () => late.abort(),
      () => {},
    );
  }
  const start = clock.monotonic();
  try {
    const report = await step.run(block, signal);
    const seconds = (clock.monotonic() - start) / 1000;
    if (report !== null) await duty.report(name, block, seconds, report);
  } catch (error) {
    if (late.signal.aborted) log.warn({ step: name, deadlineMs }, 'a step took too long and was cut short');
    else if (!stopping.aborted) log.error({ err: error, step: name }, 'a step of the duty failed');
  } finally {
    over.abort();
  }
  if (stopping.aborted) return;
  await duty.due.held(step, block.number).catch((error) => {
    log.error({ err: error, step: name }, 'could not keep when the step is due next');
  });
}
