// The proving pool: Piscina threads over the proof core. Piscina makes and replaces the threads; which task is next is decided here,
// because Piscina bounds no queue of abortable tasks and ends the thread of each one that is aborted. So here are a bounded queue, cancellation
// that leaves a warm worker alive, and one retry when a worker dies.
//
// Memory: each worker's core takes 20 MiB of address space at window 11 and 29 at window 13, fixed from its start, of which a worker
// that proves touches about half. Piscina's resourceLimits do not cover WebAssembly memory; the fixed size does.
import { availableParallelism } from 'node:os';
import { Piscina } from 'piscina';
import { chooseBuild } from './load-core.js';
import { type Failure, ProvingError } from './proving-error.js';
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
  type Tasks,
  type WorkerSetup,
} from './tasks.js';

export interface PoolOptions {
  /** Worker threads; default: the cores of this machine. */
  readonly threads?: number;
  /** Tasks that may wait beside those running; one more is refused as `busy`. Default 64. */
  readonly queue?: number;
  /** Window of the commitment tables in each worker: default 11; 13 is faster for one or two workers. */
  readonly window?: 11 | 13;
  /** How long a cancelled worker may take to notice before it is ended, in milliseconds: default 1000. */
  readonly grace_ms?: number;
  /** The worker's module, for tests of dying workers. */
  readonly workerFile?: URL;
}

export interface RunOptions {
  /** Gives the task up when it fires; the promise rejects with `aborted` at once. */
  readonly signal?: AbortSignal;
  /** Milliseconds from now after which the task is given up; the promise rejects with `deadline`. */
  readonly timeout_ms?: number;
}

type Name = keyof Tasks;
type Answer<N extends Name> = { result: Tasks[N]['result'] } | { failure: Failure };

/** A task between its arrival and the end of its last attempt. */
interface Job {
  begin(): void;
  giveUp(reason: ProvingError): void;
}

const RETRIES = 1;

export class ProvingPool {
  readonly #piscina: Piscina;
  readonly #threads: number;
  readonly #queue: number;
  readonly #grace_ms: number;
  /** At most one per thread, so a task handed to Piscina starts as soon as a thread is up. */
  readonly #running = new Set<Job>();
  /** In order of arrival. */
  readonly #waiting = new Set<Job>();
  #closing: Promise<void> | undefined;
  #restarts = 0;

  /** Starts the threads. Throws CoreUnavailableError if FILETAO_CORE forces a build that cannot run here. */
  constructor(options: PoolOptions = {}) {
    this.#threads = options.threads ?? availableParallelism();
    this.#queue = options.queue ?? 64;
    this.#grace_ms = options.grace_ms ?? 1000;
    // Choosing here sets V8's flag, where one is needed, before any worker's engine state exists.
    const setup: WorkerSetup = { build: chooseBuild(), window: options.window ?? 11 };
    this.#piscina = new Piscina({
      filename: (options.workerFile ?? new URL('./worker.js', import.meta.url)).href,
      minThreads: this.#threads,
      maxThreads: this.#threads,
      workerData: setup,
    });
    // A worker that dies idle is reported here and replaced by Piscina; nobody waits for it.
    this.#piscina.on('error', () => {});
    this.#piscina.on('workerDestroy', () => {
      if (!this.#closing) this.#restarts++;
    });
  }

  /** All that a challenge's commitment needs, in one pass over a replica file. */
  prove(task: ProveTask, options?: RunOptions): Promise<ProveResult> {
    return this.#run('prove', task, options);
  }

  /** The content root of a file, keyed roots and outboard as asked, optionally of its encoding as a replica. */
  digest(task: DigestTask, options?: RunOptions): Promise<DigestResult> {
    return this.#run('digest', task, options);
  }

  /** Commitments recomputed for verification. */
  commit(task: CommitTask, options?: RunOptions): Promise<CommitResult> {
    return this.#run('commit', task, options);
  }

  /** Keyed roots of bytes at hand. */
  keyedRoots(task: KeyedRootsTask, options?: RunOptions): Promise<KeyedRootsResult> {
    return this.#run('keyedRoots', task, options);
  }

  /** Tasks running (a cancelled one runs until its worker has noticed) and waiting. */
  get load(): { running: number; waiting: number } {
    return { running: this.#running.size, waiting: this.#waiting.size };
  }

  /** Workers that died or were ended, and were replaced. */
  get restarts(): number {
    return this.#restarts;
  }

  /** Refuses new tasks, gives up those at hand (they reject with `closed`) and ends the threads. Safe to call again. */
  close(): Promise<void> {
    this.#closing ??= (async () => {
      const closed = new ProvingError('closed', 'the proving pool was closed');
      for (const job of [...this.#waiting, ...this.#running]) job.giveUp(closed);
      await this.#piscina.destroy();
    })();
    return this.#closing;
  }

  #run<N extends Name>(
    name: N,
    task: Tasks[N]['task'],
    { signal, timeout_ms }: RunOptions = {},
  ): Promise<Tasks[N]['result']> {
    return new Promise((resolve, reject) => {
      if (this.#closing) throw new ProvingError('closed', 'the proving pool is closed');
      if (signal?.aborted) throw new ProvingError('aborted', 'the task was given up');
      if (this.#running.size >= this.#threads && this.#waiting.size >= this.#queue) {
        throw new ProvingError('busy', `${this.#waiting.size} proving tasks are waiting already`);
      }
      const state = new Int32Array(new SharedArrayBuffer(4));
      const ending = new AbortController();
      let graceTimer: NodeJS.Timeout | undefined;
      let deadlineTimer: NodeJS.Timeout | undefined;
      const forget = (): void => {
        clearTimeout(deadlineTimer);
        signal?.removeEventListener('abort', onAbort);
      };
      const job: Job = {
        begin: () => {
          this.#waiting.delete(job);
          this.#running.add(job);
          const end = (): void => {
            clearTimeout(graceTimer);
            forget();
            this.#running.delete(job);
            const [next] = this.#waiting;
            next?.begin();
          };
          this.#attempt(name, { task, state }, ending.signal, RETRIES).then(
            (answer) => {
              end();
              if ('result' in answer) resolve(answer.result);
              else reject(new ProvingError(answer.failure.code, answer.failure.message));
            },
            (error) => {
              end();
              reject(error);
            },
          );
        },
        giveUp: (reason) => {
          forget();
          reject(reason);
          if (this.#waiting.delete(job) || graceTimer) return;
          // The worker is asked to stop at its next step, which keeps the thread and its tables. Only one that does not answer in time
          // (a read that hangs) is ended and replaced.
          Atomics.store(state, 0, CANCELLED);
          graceTimer = setTimeout(() => ending.abort(), this.#grace_ms);
        },
      };
      const onAbort = (): void => job.giveUp(new ProvingError('aborted', 'the task was given up'));
      signal?.addEventListener('abort', onAbort, { once: true });
      if (timeout_ms !== undefined) {
        const reason = new ProvingError('deadline', `not done in ${timeout_ms} ms`);
        deadlineTimer = setTimeout(() => job.giveUp(reason), timeout_ms);
      }
      if (this.#running.size < this.#threads) job.begin();
      else this.#waiting.add(job);
    });
  }

  // Tasks answer with their failures, so a rejection means that the worker died, or that we ended it.
  async #attempt<N extends Name>(
    name: N,
    order: Order<Tasks[N]['task']>,
    signal: AbortSignal,
    retries: number,
  ): Promise<Answer<N>> {
    try {
      return (await this.#piscina.run(order, { name, signal })) as Answer<N>;
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      if (Atomics.load(order.state, 0) === CANCELLED) throw new ProvingError('aborted', message);
      if (retries > 0) return this.#attempt(name, order, signal, retries - 1);
      throw new ProvingError('worker-died', `${name} ended its worker twice: ${message}`);
    }
  }
}
