// A File of the browser as what a user puts: read in blocks, twice, never whole.

import { blockSize, type Source } from '../client/source.js';
import { FileTaoError } from '../domain/model/errors.js';

/** @param name null for a Blob without one */
export function blobSource(
  blob: Blob,
  name: string | null = blob instanceof File ? blob.name : null,
): Source {
  return {
    name,
    size: blob.size,
    replayable: true,
    async *blocks(signal) {
      for await (const slice of slicesOf(blob, name)) {
        signal?.throwIfAborted();
        for (let at = 0; at < slice.length; at += blockSize) yield slice.subarray(at, at + blockSize);
      }
    },
    close: async () => {},
  };
}

/** Bytes asked for at once: each time the browser's own process has to be waited for. */
const sliceSize = 4 * blockSize;

/** All of a blob in order; the next slice is on its way while one is worked on. */
async function* slicesOf(blob: Blob, name: string | null): AsyncGenerator<Uint8Array, void> {
  const read = async (at: number): Promise<Uint8Array> =>
    new Uint8Array(await blob.slice(at, at + sliceSize).arrayBuffer());
  try {
    let next = blob.size === 0 ? null : read(0);
    for (let at = 0; next !== null; ) {
      const slice: Uint8Array = await next;
      at += sliceSize;
      next = at < blob.size ? read(at) : null;
      // Whoever stops early is not told of what was read in vain.
      next?.catch(() => {});
      yield slice;
    }
  } catch (error) {
    // A browser refuses to read on once a file has another length or date than when it was chosen.
    throw new FileTaoError(
      'conflict',
      `${name ?? 'the data'} cannot be read: it was changed, moved or removed since it was chosen; choose it again`,
      { cause: error },
    );
  }
}

/** A blob's bytes as they come, for reading once: transcripts. */
export async function* partsOf(
  blob: Blob,
  onRead: (bytes: number) => void = () => {},
): AsyncGenerator<Uint8Array, void> {
  for await (const part of slicesOf(blob, blob instanceof File ? blob.name : null)) {
    yield part;
    onRead(part.length);
  }
}
