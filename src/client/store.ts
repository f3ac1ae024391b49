// Putting from Node: opens what is to be put, keeps the journal in a folder, and makes a stream readable twice.

import { FileTaoError, toFileTaoError } from '../domain/model/errors.js';
import { openSource, type StoreInput } from './file-source.js';
import { JournalFolder } from './journal-folder.js';
import { type PutSourceOptions, put, type StoreResult } from './put.js';
import { PutJournal } from './put-journal.js';
import { spool } from './spooled-source.js';

export interface StoreOptions extends Omit<PutSourceOptions, 'journal'> {
  /**
   * Folder of the put journal, and of streams while they are put; null: an interrupted put of encrypted data starts
   * from the beginning.
   */
  readonly journalFolder: string | null;
}

export async function store(input: StoreInput, options: StoreOptions): Promise<StoreResult> {
  const { journalFolder, ...more } = options;
  const { runtime, wallet, encrypt, signal } = options;
  let source = await openSource(input);
  try {
    if (!source.replayable && journalFolder !== null && encrypt !== false) {
      const stream = source;
      source = await spool(stream, journalFolder, runtime, signal ?? new AbortController().signal);
      await stream.close();
    }
    const { cipher, random } = runtime;
    const journal =
      journalFolder === null
        ? null
        : new PutJournal(new JournalFolder(journalFolder), wallet.hotkey, cipher, random);
    return await put(source, { ...more, journal });
  } catch (error) {
    if (signal?.aborted === true && !(error instanceof FileTaoError)) {
      throw new FileTaoError('cancelled', 'cancelled: the same command goes on where this one stopped', {
        cause: error,
      });
    }
    throw toFileTaoError(error);
  } finally {
    await source.close();
  }
}
