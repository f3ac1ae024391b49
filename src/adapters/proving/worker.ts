// What runs in each thread of the proving pool: one core instance, and a task at a time over it.
// A worker's memory is what the instance fixed at its start (20 MiB; 29 at window 13).
import { workerData } from 'node:worker_threads';
import { move, transferableSymbol, valueSymbol } from 'piscina';
import type { ProofCore } from '../../domain/core/proof-core.js';
import { passFile } from './file-pass.js';
import { loadCore } from './load-core.js';
import { type Failure, failureOf, ProvingError } from './proving-error.js';
import {
  CANCELLED,
  type CommitResult,
  type CommitTask,
  type DigestResult,
  type DigestTask,
  type KeyedRootsResult,
  type KeyedRootsTask,
  type Order,
  type ProveResult,
  type ProveTask,
  type WorkerSetup,
} from './tasks.js';

const COMMIT_STEP = 4096;

let loaded: ProofCore | undefined;

// At the first task, not at the module's start, so that a core that cannot be loaded is an answer and not a dead thread.
function core(): ProofCore {
  if (!loaded) {
    const { build, window } = workerData as WorkerSetup;
    loaded = loadCore(build, { window });
  }
  return loaded;
}

export const prove = answering(async (task: ProveTask, check): Promise<ProveResult> => {
  const start = performance.now();
  const pass = core().startProof(task);
  await passFile(pass, task, check);
  return { ...pass.finish(), milliseconds: performance.now() - start };
});

export const digest = answering(async (task: DigestTask, check): Promise<DigestResult> => {
  const pass = core().startDigest(task);
  await passFile(pass, task, check);
  return pass.finish();
});

export const commit = answering(async ({ m, r }: CommitTask, check): Promise<CommitResult> => {
  const commitments = new Uint8Array(m.length);
  for (let at = 0; at < Math.max(m.length, r.length); at += 32 * COMMIT_STEP) {
    check();
    const end = at + 32 * COMMIT_STEP;
    commitments.set(core().commit(m.subarray(at, end), r.subarray(at, end)), at);
  }
  return { commitments };
});

export const keyedRoots = answering(
  async ({ data, keys }: KeyedRootsTask, check): Promise<KeyedRootsResult> => {
    const roots: Uint8Array[] = [];
    for (const key of keys) {
      check();
      roots.push(core().keyed(key, data));
    }
    return { roots };
  },
);

// Wraps a task: its failure becomes part of the answer (only a dying thread rejects), its result's buffers are transferred.
function answering<Task, Result extends object>(work: (task: Task, check: () => void) => Promise<Result>) {
  return async ({ task, state }: Order<Task>): Promise<unknown> => {
    const check = (): void => {
      if (Atomics.load(state, 0) === CANCELLED) throw new ProvingError('aborted', 'the task was given up');
    };
    let answer: { result: Result } | { failure: Failure };
    try {
      check();
      answer = { result: await work(task, check) };
    } catch (error) {
      answer = { failure: failureOf(error) };
    }
    const buffers = 'result' in answer ? buffersOf(answer.result) : [];
    return move({
      get [transferableSymbol]() {
        return buffers;
      },
      get [valueSymbol]() {
        return answer;
      },
    });
  };
}

function buffersOf(result: object): ArrayBufferLike[] {
  const buffers = new Set<ArrayBufferLike>();
  for (const value of Object.values(result).flat())
    if (value instanceof Uint8Array) buffers.add(value.buffer);
  return [...buffers];
}
