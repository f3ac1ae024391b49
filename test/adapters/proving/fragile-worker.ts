// The pool's real worker, made to die: the tests of replacement and retry run over it.
// Beside the task's file stand `<path>.fate`, a JSON list from which each attempt takes the first entry, and `<path>.threads`, to which
// each attempt adds its thread's number; the code of each failure goes to `<path>.failures`.
import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { threadId } from 'node:worker_threads';
import { valueSymbol } from 'piscina';
import type { Failure } from '../../../src/adapters/proving/proving-error.js';
import type { Order, ProveTask } from '../../../src/adapters/proving/tasks.js';
import { prove as realProve } from '../../../src/adapters/proving/worker.js';

export { commit, digest } from '../../../src/adapters/proving/worker.js';

export type Fate =
  /** Ends the thread before any work. */
  | 'exit'
  /** Ends the thread while the task is being worked on. */
  | 'exit-midway'
  /** An error nobody catches, while the task is being worked on. */
  | 'crash'
  /** Never comes back and never looks whether it should stop. */
  | 'hang'
  | 'live';

export async function prove(order: Order<ProveTask>): Promise<unknown> {
  const { path } = order.task;
  appendFileSync(`${path}.threads`, `${threadId}\n`);
  const fatePath = `${path}.fate`;
  const [fate, ...rest] = existsSync(fatePath) ? (JSON.parse(readFileSync(fatePath, 'utf8')) as Fate[]) : [];
  writeFileSync(fatePath, JSON.stringify(rest));
  if (fate === 'exit') process.exit(3);
  if (fate === 'exit-midway') setImmediate(() => process.exit(3));
  if (fate === 'crash') {
    setImmediate(() => {
      throw new Error('a worker crashes');
    });
  }
  if (fate === 'hang') for (;;);
  const answer = (await realProve(order)) as { [valueSymbol]: { failure?: Failure } };
  const { failure } = answer[valueSymbol];
  if (failure) appendFileSync(`${path}.failures`, `${failure.code}\n`);
  return answer;
}
