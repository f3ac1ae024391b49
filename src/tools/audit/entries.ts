// The transcript entries that paths stand for: files as they are, folders as the transcript files in them.

import { realpath, stat } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { readFrames, transcriptFiles } from '../../adapters/observe/transcript-files.js';
import { entriesIn, type Found } from '../../domain/audit/reading.js';
import { FileTaoError, toFileTaoError } from '../../domain/model/errors.js';

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
  yield* entriesIn(path, readFrames(path), () => grows(path, size));
}

/** An entry that is being written just now belongs to the next audit. */
async function grows(path: string, size: number): Promise<boolean> {
  await delay(writingMsMax);
  return (await stat(path)).size > size;
}
