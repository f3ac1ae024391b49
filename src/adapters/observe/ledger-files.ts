// The files of the reward ledger: where they lie, and reading back the part that a restart needs. They stand beside the
// transcripts, are written by the same log, and are never pruned: they hold no opened bytes.

import { stat } from 'node:fs/promises';
import { type LedgerEntry, readLedgerEntry } from '../../domain/audit/ledger.js';
import { toHex } from '../../domain/model/bytes.js';
import { toFileTaoError } from '../../domain/model/errors.js';
import type { Files } from '../../domain/ports/files.js';
import { systemFiles } from '../system/files.js';
import { filesEnding, readFrames } from './transcript-files.js';
import { type EntryLog, type EntryLogOptions, openEntryLog } from './transcript-log.js';

export const ledgerSuffix = '.rewards';

/** Paths in the order in which they were written. */
export const ledgerFiles = (directory: string, files: Files = systemFiles): Promise<string[]> =>
  filesEnding(directory, ledgerSuffix, files);

export interface RewardLog extends EntryLog {
  /** Entries from the last state on, in order; empty for a new ledger. */
  fromLastState(): Promise<readonly LedgerEntry[]>;
  /** Digests (hex) of the transcripts that entries written at or after a time name (unix milliseconds). */
  transcriptsNamedSince(timeMs: number): Promise<ReadonlySet<string>>;
}

export async function openRewardLog(options: EntryLogOptions): Promise<RewardLog> {
  const log = await openEntryLog(options, ledgerSuffix);
  return {
    append: (entry) => log.append(entry),
    fromLastState: () => fromLastState(options.directory, options.files),
    transcriptsNamedSince: (timeMs) => transcriptsNamedSince(options.directory, timeMs, options.files),
    close: () => log.close(),
  };
}

/** What a ledger file holds; what cannot be read ends it. */
export async function* ledgerEntries(
  path: string,
  files: Files = systemFiles,
): AsyncGenerator<{ readonly entry: LedgerEntry } | { readonly problem: string; readonly offset: number }> {
  const frames = readFrames(path, files);
  let next = await frames.next();
  for (; !next.done; next = await frames.next()) {
    let entry: LedgerEntry;
    try {
      // Frames share their reader's memory; entries outlive it.
      entry = readLedgerEntry(Uint8Array.from(next.value.sealedHead));
    } catch (error) {
      yield { problem: toFileTaoError(error).message, offset: next.value.offset };
      return;
    }
    yield { entry };
  }
  const { problem, torn, offset } = next.value;
  if (problem !== null || torn > 0)
    yield { problem: problem ?? `the last ${torn} bytes are no whole entry`, offset };
}

async function transcriptsNamedSince(
  directory: string,
  timeMs: number,
  files: Files = systemFiles,
): Promise<ReadonlySet<string>> {
  const named = new Set<string>();
  for (const path of (await ledgerFiles(directory, files)).reverse()) {
    let isOlder = false;
    for await (const found of ledgerEntries(path, files)) {
      if (!('entry' in found)) break;
      const { atMs, answers } = found.entry.value;
      if (atMs < timeMs) isOlder = true;
      else for (const { transcript } of answers) named.add(toHex(transcript));
    }
    if (isOlder) break;
  }
  return named;
}

/**
 * Entries of about the last `bytesMax` bytes of the ledger, from a state on, by which the standings are known; of as many
 * more as there must be to find one. What comes before is not decoded. Lets others have their turn in between.
 */
export async function* recentLedgerEntries(
  directory: string,
  bytesMax: number,
  files: Files = systemFiles,
): AsyncGenerator<LedgerEntry> {
  const paths = await ledgerFiles(directory, files);
  const sizes = await Promise.all(paths.map(async (path) => (await stat(path)).size));
  const total = sizes.reduce((sum, size) => sum + size, 0);
  for (let bytes = bytesMax; ; bytes *= 2) {
    let hasState = false;
    for await (const entry of entriesAfter(paths, sizes, total - bytes, files)) {
      hasState ||= entry.value.event === 'state';
      if (hasState) yield entry;
    }
    if (hasState || bytes >= total) return;
  }
}

/** Entries that end after so many bytes of all files in a row. */
async function* entriesAfter(
  paths: readonly string[],
  sizes: readonly number[],
  passedOver: number,
  files: Files,
): AsyncGenerator<LedgerEntry> {
  let skip = passedOver;
  let turns = 0;
  for (const [i, path] of paths.entries()) {
    if (sizes[i]! > skip)
      for await (const { sealedHead, offset, length } of readFrames(path, files)) {
        if (offset + length <= skip) continue;
        let entry: LedgerEntry;
        try {
          // Frames share their reader's memory; entries outlive it.
          entry = readLedgerEntry(Uint8Array.from(sealedHead));
        } catch {
          break; // finding fault with files is the audit's work
        }
        yield entry;
        if (++turns % entriesATurn === 0) await new Promise((resolve) => setImmediate(resolve));
      }
    skip -= sizes[i]!;
  }
}

/** Decoding and replaying so many takes about 5 ms. */
const entriesATurn = 20;

/** A state opens every run and every window, so it is in the newest files. */
async function fromLastState(directory: string, files: Files = systemFiles): Promise<readonly LedgerEntry[]> {
  let later: LedgerEntry[] = [];
  for (const path of (await ledgerFiles(directory, files)).reverse()) {
    let entries: LedgerEntry[] = [];
    let hasState = false;
    for await (const found of ledgerEntries(path, files)) {
      if (!('entry' in found)) break;
      if (found.entry.value.event === 'state') {
        hasState = true;
        entries = [];
      }
      entries.push(found.entry);
    }
    later = [...entries, ...later];
    if (hasState) return later;
  }
  return later;
}
