// What runs in each thread of the proving pool: one core instance, and a task at a time over it.
// A file is read straight into the core's memory, one buffer filling while the core works on the other, so a replica's bytes
// are never copied in JavaScript, and a worker's memory is what the instance fixed at its start (20 MiB; 29 at window 13).
import { createCipheriv } from 'node:crypto';
import { close, fstat, open, read } from 'node:fs';
import { promisify } from 'node:util';
import { workerData } from 'node:worker_threads';
import { move, transferableSymbol, valueSymbol } from 'piscina';
import type { Pass } from '../../domain/core/pass-steps.js';
import type { ProofCore } from '../../domain/core/proof-core.js';
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

// Plain descriptors rather than FileHandles: a worker that is ended in mid-task has its plain descriptors closed by Node.
const openFile = promisify(open);
const readFile = promisify(read);
const statFile = promisify(fstat);
const closeFile = promisify(close);

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
  await readInto(pass, task, undefined, check);
  return { ...pass.finish(), milliseconds: performance.now() - start };
});

export const digest = answering(async (task: DigestTask, check): Promise<DigestResult> => {
  const pass = core().startDigest(task);
  await readInto(pass, task, task.encodeKey, check);
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

// Passes a whole file through the core.
async function readInto(
  pass: Pass,
  { path, size }: { path: string; size: number },
  encodeKey: Uint8Array | undefined,
  check: () => void,
): Promise<void> {
  const cipher = encodeKey && createCipheriv('aes-256-ctr', checkedKey(encodeKey), new Uint8Array(16));
  const fd = await openFile(path, 'r').catch(unreadable);
  // The read under way, if any: it writes into the core's memory, so it has to end before this function does.
  let next: Promise<void> = Promise.resolve();
  try {
    const stat = await statFile(fd).catch(unreadable);
    if (!stat.isFile()) throw new ProvingError('unreadable', `${path} is not a file`);
    if (stat.size !== size) {
      throw new ProvingError('size-mismatch', `${path} has ${stat.size} bytes, not ${size}`);
    }
    const lengthAt = (at: number): number => Math.min(pass.inputs[0]!.length, size - at);
    next = readFully(fd, pass.inputs[0]!, lengthAt(0), 0);
    let which = 0;
    for (let at = 0; at < size; ) {
      await next;
      check();
      const length = lengthAt(at);
      const input = pass.inputs[which]!;
      at += length;
      if (at < size) next = readFully(fd, pass.inputs[1 - which]!, lengthAt(at), at);
      if (cipher) input.set(cipher.update(input.subarray(0, length)));
      pass.absorb(which, length);
      which = 1 - which;
    }
  } finally {
    await next.catch(() => {});
    await closeFile(fd);
  }
}

async function readFully(fd: number, into: Uint8Array, length: number, position: number): Promise<void> {
  for (let done = 0; done < length; ) {
    const { bytesRead } = await readFile(fd, into, done, length - done, position + done).catch(unreadable);
    if (bytesRead === 0) throw new ProvingError('size-mismatch', `the file ends at byte ${position + done}`);
    done += bytesRead;
  }
}

function checkedKey(key: Uint8Array): Uint8Array {
  if (key.length !== 32)
    throw new ProvingError('bad-input', `an encoding key is 32 bytes, not ${key.length}`);
  return key;
}

function unreadable(error: Error): never {
  throw new ProvingError('unreadable', error.message);
}
