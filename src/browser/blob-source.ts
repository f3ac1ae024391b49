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
      for (let at = 0; at < blob.size; at += blockSize) {
        signal?.throwIfAborted();
        yield await readBlock(blob, at, name);
      }
    },
    close: async () => {},
  };
}

async function readBlock(blob: Blob, at: number, name: string | null): Promise<Uint8Array> {
  try {
    return new Uint8Array(await blob.slice(at, at + blockSize).arrayBuffer());
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
  for (let at = 0; at < blob.size; at += blockSize) {
    const part = await readBlock(blob, at, blob instanceof File ? blob.name : null);
    yield part;
    onRead(part.length);
  }
}
