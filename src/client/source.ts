// What a user puts: a file, bytes, or a stream. Files and bytes can be read twice, which is what resuming
// rests on: the first pass fingerprints the plaintext in blocks, the second checks every block against the
// first before it is encrypted. So an envelope kept from an earlier try never meets another plaintext, even
// when somebody writes to the file meanwhile.

import { mebibyte } from '../domain/model/constants.js';
import { FileTaoError } from '../domain/model/errors.js';

/** Bytes of a block: what is read and fingerprinted at once. */
export const blockSize = mebibyte;

export interface Source {
  /** File name without folders; null for bytes and streams. */
  readonly name: string | null;
  /** null when only the end of the stream will tell. */
  readonly size: number | null;
  /** Whether `blocks` can be called again. */
  readonly replayable: boolean;
  /** The plaintext in order; replayable ones in blocks of blockSize. A block is valid until the next. */
  blocks(signal?: AbortSignal): AsyncGenerator<Uint8Array, void>;
  close(): Promise<void>;
}

/** Bytes as they are. */
export function bytesSource(data: Uint8Array): Source {
  return {
    name: null,
    size: data.length,
    replayable: true,
    async *blocks(signal) {
      for (let at = 0; at < data.length; at += blockSize) {
        signal?.throwIfAborted();
        yield data.subarray(at, at + blockSize);
      }
    },
    close: async () => {},
  };
}

/** What can be read once. */
export function streamSource(stream: AsyncIterable<Uint8Array>): Source {
  return {
    name: null,
    size: null,
    replayable: false,
    async *blocks(signal) {
      const iterator = stream[Symbol.asyncIterator]();
      const aborted = abortOf(signal);
      try {
        for (;;) {
          const next = await Promise.race([iterator.next(), aborted.promise]);
          if (next.done === true) return;
          if (!(next.value instanceof Uint8Array)) {
            throw new FileTaoError('bad-input', 'a stream to store must yield bytes (Uint8Array), not text');
          }
          yield next.value;
        }
      } finally {
        aborted.forget();
        // A stream that waits for data may never answer this, so nobody waits for it.
        void iterator.return?.().catch(() => {});
      }
    },
    close: async () => {},
  };
}

/** A promise that rejects when the signal fires, however long the other side of a race takes. */
function abortOf(signal: AbortSignal | undefined): {
  readonly promise: Promise<never>;
  forget(): void;
} {
  let forget = (): void => {};
  const promise = new Promise<never>((_, reject) => {
    if (signal === undefined) return;
    const stop = (): void => reject(new FileTaoError('cancelled', 'cancelled'));
    if (signal.aborted) return stop();
    signal.addEventListener('abort', stop, { once: true });
    forget = () => signal.removeEventListener('abort', stop);
  });
  promise.catch(() => {});
  return { promise, forget };
}
