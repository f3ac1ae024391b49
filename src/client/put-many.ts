// Many inputs in one go: several are on their way at once, as far as their buffers fit, and what is stored is recorded
// in groups, since a record costs as much to make durable as a hundred.

import { setMaxListeners } from 'node:events';
import { mebibyte } from '../domain/model/constants.js';
import { type FileTaoError, toFileTaoError } from '../domain/model/errors.js';
import type { StoreInput } from './file-source.js';
import type { StoreResult } from './put.js';
import type { StoreOptions } from './store.js';

/** Small files at once: two groups of them (object-groups.ts) and what makes the next. Beyond this the nodes are the limit (docs/bench.md). */
const filesInFlight = 96;
/** Bytes of buffers of files at once; one alone may take more. */
const bufferBytesMax = 64 * mebibyte;
/** A put holds three pieces on their way and the one that is filled. */
const piecesHeld = 4;
/** Milliseconds between two writes of the record file, which is written whole. */
const recordEveryMs = 250;

export interface PutManyInput {
  readonly input: StoreInput;
  /** Name in the record. */
  readonly name: string;
  /** Bytes, if known. */
  readonly size?: number;
}

export type PutManyOptions = Pick<StoreOptions, 'copies' | 'ttlSeconds' | 'encrypt' | 'signal' | 'grouped'>;

export type PutEvent =
  | { readonly kind: 'stored'; readonly name: string; readonly result: StoreResult }
  | { readonly kind: 'failed'; readonly name: string; readonly error: FileTaoError };

export interface PutManySteps {
  store(input: StoreInput, options: PutManyOptions): Promise<StoreResult>;
  /** Durable when resolved. */
  remember(done: readonly { readonly result: StoreResult; readonly name: string }[]): Promise<void>;
}

interface Done {
  readonly result: StoreResult;
  readonly name: string;
}

/**
 * One event for each input, in the order in which they are done. Ends early only when the signal fires or nothing
 * can be recorded; what is on its way then is cancelled.
 */
export async function* putMany(
  inputs: AsyncIterable<PutManyInput>,
  options: PutManyOptions,
  steps: PutManySteps,
): AsyncGenerator<PutEvent, void> {
  const ended = new AbortController();
  const signal = AbortSignal.any([ended.signal, ...(options.signal === undefined ? [] : [options.signal])]);
  // Every put listens.
  setMaxListeners(0, signal);
  const running = new Set<Promise<void>>();
  let buffered = 0;
  let done: Done[] = [];
  let events: PutEvent[] = [];
  let recordedMs = performance.now();
  const record = async (): Promise<void> => {
    const group = done;
    done = [];
    if (group.length > 0) await steps.remember(group);
    recordedMs = performance.now();
    events.push(...group.map(({ result, name }): PutEvent => ({ kind: 'stored', name, result })));
  };
  const give = function* (): Generator<PutEvent> {
    const ready = events;
    events = [];
    yield* ready;
  };
  try {
    for await (const { input, name, size } of inputs) {
      const weight = Math.min(size ?? bufferBytesMax, piecesHeld * 16 * mebibyte);
      while (running.size >= filesInFlight || (running.size > 0 && buffered + weight > bufferBytesMax)) {
        await Promise.race(running);
      }
      if (signal.aborted) break;
      buffered += weight;
      const work: Promise<void> = steps
        .store(input, { ...options, signal, grouped: true })
        .then(
          (result) => void done.push({ result, name }),
          (error) => void events.push({ kind: 'failed', name, error: toFileTaoError(error) }),
        )
        .finally(() => {
          buffered -= weight;
          running.delete(work);
        });
      running.add(work);
      if (performance.now() - recordedMs >= recordEveryMs) await record();
      yield* give();
    }
    while (running.size > 0) {
      await Promise.race([...running]);
      if (performance.now() - recordedMs >= recordEveryMs) await record();
      yield* give();
    }
  } finally {
    ended.abort();
    await Promise.allSettled(running);
    // Also what was stored before an interruption is remembered.
    await record();
  }
  yield* give();
}
