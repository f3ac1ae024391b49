// The transcript entries that paths stand for: files as they are, folders as the transcript files in them.

import { realpath, stat } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { readFrames, transcriptFiles } from '../../adapters/observe/transcript-files.js';
import { type Frame, openFrame, type TranscriptEntry } from '../../domain/audit/transcript.js';
import { FileTaoError, toFileTaoError } from '../../domain/model/errors.js';

/** What a file holds, in its order. */
export type Found =
  | { readonly kind: 'entry'; readonly path: string; readonly frame: Frame; readonly entry: TranscriptEntry }
  | { readonly kind: 'unreadable'; readonly path: string; readonly offset: number; readonly says: string };

/** A validator at work may be in the middle of writing an entry. */
const writingMsMax = 200;

/** Each file once, by whatever paths it was named. */
export async function filesOf(paths: readonly string[]): Promise<string[]> {
  const files = new Set<string>();
  for (const path of paths) {
    let real: string;
    try {
      real = await realpath(path);
    } catch (error) {
      throw new FileTaoError('not-found', `${path}: ${toFileTaoError(error).message}`);
    }
    if ((await stat(real)).isDirectory()) {
      for (const file of await transcriptFiles(real)) files.add(file);
    } else files.add(real);
  }
  return [...files];
}

export async function* entriesOf(path: string): AsyncGenerator<Found> {
  const { size } = await stat(path);
  const frames = readFrames(path);
  let next = await frames.next();
  for (; !next.done; next = await frames.next()) {
    const frame = next.value;
    let found: Found;
    try {
      found = { kind: 'entry', path, frame, entry: openFrame(frame) };
    } catch (error) {
      found = { kind: 'unreadable', path, offset: frame.offset, says: toFileTaoError(error).message };
    }
    yield found;
  }
  const { offset, torn, problem } = next.value;
  if (problem !== null) {
    yield { kind: 'unreadable', path, offset, says: `${problem}; nothing behind it can be read` };
  } else if (torn > 0 && !(await grows(path, size))) {
    const says = `the last ${torn} bytes are no whole entry (a crash leaves this until the validator starts again)`;
    yield { kind: 'unreadable', path, offset, says };
  }
}

/** An entry that is being written just now belongs to the next audit. */
async function grows(path: string, size: number): Promise<boolean> {
  await delay(writingMsMax);
  return (await stat(path)).size > size;
}
