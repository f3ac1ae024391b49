// Copies an index from one place to another, LMDB or Redis, either way. A journal file remembers after each page how
// far it is, so an interrupted copy goes on where it was; at the end both are read again and compared, record by
// record. The nodes that use either must be stopped: what changes meanwhile shows as a difference.

import { createHash } from 'node:crypto';
import { readFile, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { indexAt } from '../../adapters/index/kind-at.js';
import { describeLocation, type IndexLocation } from '../../adapters/index/location.js';
import { openHoldingIndex, openPlacementIndex } from '../../adapters/index/open-index.js';
import { makePrivateFolder, replaceFile } from '../../adapters/system/durable-file.js';
import { FileTaoError } from '../../domain/model/errors.js';
import { digestOf, holdingParts, type IndexPart, placementParts } from './index-parts.js';

export interface CopyOptions {
  readonly from: IndexLocation;
  readonly to: IndexLocation;
  /** Folder of journals. */
  readonly journals: string;
  readonly onProgress?: (part: string, items: number) => void;
  readonly signal?: AbortSignal;
}

export interface CopiedIndex {
  readonly kind: string;
  /** Items that an earlier, interrupted run had copied. */
  readonly resumedAt: number;
  readonly parts: readonly { readonly name: string; readonly items: number; readonly digest: string }[];
}

interface Journal {
  readonly part: string;
  readonly cursor: string | null;
  readonly items: number;
}

interface OpenIndex {
  readonly parts: readonly IndexPart[];
  window(): Promise<number>;
  begin(window: number): Promise<void>;
  close(): Promise<void>;
}

export async function copyIndex(options: CopyOptions): Promise<CopiedIndex> {
  const { from, to, signal } = options;
  const names = [from, to].map(describeLocation) as [string, string];
  if (names[0] === names[1]) throw new FileTaoError('bad-input', 'an index cannot be copied onto itself');
  const source = await indexAt(from);
  if (source === null) throw new FileTaoError('not-found', `there is no index at ${names[0]}`);
  const target = await indexAt(to);
  if (target !== null && target.kind !== source.kind)
    throw new FileTaoError('config', `${names[1]} holds a ${target.kind}, not a ${source.kind}`);
  const journalFile = join(options.journals, `${shortHash(names.join('\n'))}.json`);
  await makePrivateFolder(options.journals);
  const journal = await readJournal(journalFile);

  const reading = await open(source.kind, from);
  const writing = await open(source.kind, to).catch(async (error) => {
    await reading.close();
    throw error;
  });
  try {
    if (journal === null) await requireEmpty(writing, names[1]);
    await writing.begin(await reading.window());
    await copyParts(options, reading, writing, journal, journalFile);
    const parts = [];
    for (const [i, part] of reading.parts.entries()) {
      const [there, here] = [await digestOf(part, signal), await digestOf(writing.parts[i]!, signal)];
      if (there.items !== here.items || there.digest !== here.digest)
        throw new FileTaoError(
          'integrity',
          `${part.name} differ after copying (${there.items} and ${here.items} of them): stop the nodes that use either index, empty the target and copy again`,
        );
      parts.push(here);
    }
    await unlink(journalFile).catch(() => {});
    return { kind: source.kind, resumedAt: journal?.items ?? 0, parts };
  } finally {
    await reading.close();
    await writing.close();
  }
}

async function copyParts(
  { onProgress, signal }: CopyOptions,
  source: OpenIndex,
  writing: OpenIndex,
  journal: Journal | null,
  journalFile: string,
): Promise<void> {
  let copied = journal?.items ?? 0;
  const first = journal === null ? 0 : source.parts.findIndex(({ name }) => name === journal.part);
  for (const [i, part] of source.parts.entries()) {
    if (i < first) continue;
    let cursor = i === first ? (journal?.cursor ?? null) : null;
    let reading = part.list(cursor);
    do {
      signal?.throwIfAborted();
      const page = await reading;
      cursor = page.next;
      if (cursor !== null) {
        // Read while the page before is written. A failure shows when it is its turn.
        reading = part.list(cursor);
        reading.catch(() => {});
      }
      await writing.parts[i]!.write(page.items);
      copied += page.items.length;
      const next: Journal = {
        part: cursor === null ? (source.parts[i + 1]?.name ?? part.name) : part.name,
        cursor,
        items: copied,
      };
      await replaceFile(journalFile, JSON.stringify(next));
      onProgress?.(part.name, copied);
    } while (cursor !== null);
  }
}

async function open(kind: string, location: IndexLocation): Promise<OpenIndex> {
  if (kind === 'placement index') {
    const index = await openPlacementIndex(location);
    return {
      parts: placementParts(index),
      window: () => index.window(),
      async begin(window) {
        if (window > 0) await index.rollWindow(window, []);
      },
      close: () => index.close(),
    };
  }
  const index = await openHoldingIndex(location);
  return {
    parts: holdingParts(index),
    window: async () => 0,
    begin: async () => {},
    close: () => index.close(),
  };
}

async function requireEmpty(index: OpenIndex, name: string): Promise<void> {
  for (const part of index.parts)
    if ((await part.list(null)).items.length > 0)
      throw new FileTaoError('exists', `${name} has ${part.name} already: copy into an empty place`);
}

async function readJournal(file: string): Promise<Journal | null> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
  try {
    return JSON.parse(text) as Journal;
  } catch (error) {
    throw new FileTaoError('damaged', `the journal ${file} cannot be read: remove it and empty the target`, {
      cause: error,
    });
  }
}

const shortHash = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 24);
