// Reading a transcript: a stream of bytes into entries, and what cannot be read of it told instead of thrown.

import { FileTaoError, toFileTaoError } from '../model/errors.js';
import { type Frame, FrameReader, openFrame, type TranscriptEntry } from './transcript.js';

/** The end of a transcript's readable part, and why it is the end. */
export interface TranscriptEnd {
  readonly offset: number;
  /** Bytes behind the last whole entry. */
  readonly torn: number;
  /** null at the end of the stream; else why what follows cannot be read. */
  readonly problem: string | null;
}

/** The entries of one transcript, undecoded; returns where and why reading ended. */
export async function* framesOf(parts: AsyncIterable<Uint8Array>): AsyncGenerator<Frame, TranscriptEnd> {
  const reader = new FrameReader();
  try {
    for await (const part of parts) yield* reader.push(part);
  } catch (error) {
    if (!(error instanceof FileTaoError)) throw error;
    return { offset: reader.offset, torn: 0, problem: error.message };
  }
  return { offset: reader.offset, torn: reader.torn, problem: null };
}

/** What a transcript holds, in its order. `source` names it. */
export type Found =
  | {
      readonly kind: 'entry';
      readonly source: string;
      readonly frame: Frame;
      readonly entry: TranscriptEntry;
    }
  | { readonly kind: 'unreadable'; readonly source: string; readonly offset: number; readonly says: string };

/** @param isGrowing whether what is torn at the end is only being written just now, and so no concern of this audit */
export async function* entriesIn(
  source: string,
  frames: AsyncGenerator<Frame, TranscriptEnd>,
  isGrowing: () => Promise<boolean> = async () => false,
): AsyncGenerator<Found> {
  let next = await frames.next();
  for (; !next.done; next = await frames.next()) {
    const frame = next.value;
    let found: Found;
    try {
      found = { kind: 'entry', source, frame, entry: openFrame(frame) };
    } catch (error) {
      found = { kind: 'unreadable', source, offset: frame.offset, says: toFileTaoError(error).message };
    }
    yield found;
  }
  const { offset, torn, problem } = next.value;
  if (problem !== null) {
    yield { kind: 'unreadable', source, offset, says: `${problem}; nothing behind it can be read` };
  } else if (torn > 0 && !(await isGrowing())) {
    const says = `the last ${torn} bytes are no whole entry (a crash leaves this until the validator starts again)`;
    yield { kind: 'unreadable', source, offset, says };
  }
}
