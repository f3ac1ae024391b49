// Replaying a validator's reward ledger beside its transcripts: nothing else is read, no index and no chain. Memory is
// about 300 bytes for each exchange in the transcripts.

import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { ledgerEntries, ledgerFiles, ledgerSuffix } from '../../adapters/observe/ledger-files.js';
import { verifySr25519 } from '../../adapters/wallets/sr25519.js';
import {
  type Change,
  type ExchangeFact,
  type LedgerFinding,
  LedgerReplay,
} from '../../domain/audit/ledger-replay.js';
import type { TranscriptEntry } from '../../domain/audit/transcript.js';
import { type PublicKey, publicKeyOf, toHex } from '../../domain/model/bytes.js';
import { FileTaoError } from '../../domain/model/errors.js';
import { entriesOf, filesOf } from '../audit/entries.js';

export interface RewardReplay {
  /** Folder of the ledger. */
  readonly directory: string;
  /** null when no entry could be read. */
  readonly validatorKey: PublicKey | null;
  readonly entries: number;
  readonly answers: number;
  readonly transcripts: number;
  /** All but what rests on the validator's word. */
  readonly findings: readonly LedgerFinding[];
  /** What rests on the validator's word. */
  readonly words: readonly LedgerFinding[];
  readonly findingsCount: number;
  readonly replay: LedgerReplay;
}

export interface RewardReplayOptions {
  readonly signal?: AbortSignal;
  readonly onChange?: (change: Change) => void;
  /** An exchange that counts, in no order; the end of it in unix milliseconds. */
  readonly onExchange?: (fact: ExchangeFact, endMs: number) => void;
}

const findingsKept = 1000;

/** @param paths transcript folders of a validator and of its API nodes, or files; one folder has the ledger */
export async function replayRewards(
  paths: readonly string[],
  options: RewardReplayOptions = {},
): Promise<RewardReplay> {
  const ledger = await ledgerOf(paths);
  const facts = new Map<string, ExchangeFact>();
  let transcripts = 0;
  for (const path of await filesOf(paths.filter((one) => !one.endsWith(ledgerSuffix)))) {
    for await (const found of entriesOf(path)) {
      options.signal?.throwIfAborted();
      if (found.kind !== 'entry') continue;
      const { fact, endMs } = factOf(found.entry);
      transcripts++;
      if (fact.outcome === 'void') continue;
      facts.set(toHex(found.entry.head.digest), fact);
      options.onExchange?.(fact, endMs);
    }
  }
  const replay = new LedgerReplay(verifySr25519, (digest) => facts.get(toHex(digest)) ?? null);
  const findings: LedgerFinding[] = [];
  const words: LedgerFinding[] = [];
  let entries = 0;
  let answers = 0;
  let findingsCount = 0;
  const note = (finding: LedgerFinding): void => {
    const list = finding.about === 'word' ? words : findings;
    if (finding.about !== 'word') findingsCount++;
    if (list.length < findingsKept) list.push(finding);
  };
  for (const path of ledger.files) {
    for await (const found of ledgerEntries(path)) {
      options.signal?.throwIfAborted();
      if ('problem' in found) {
        const sequence = replay.last?.value.sequence ?? 0;
        note({ sequence, about: 'gap', says: `${path} at byte ${found.offset}: ${found.problem}` });
        continue;
      }
      entries++;
      answers += found.entry.value.answers.length;
      const taken = replay.take(found.entry);
      for (const finding of taken.findings) note(finding);
      if (options.onChange !== undefined) for (const change of taken.changes) options.onChange(change);
    }
  }
  const last = replay.last;
  return {
    directory: ledger.directory,
    validatorKey: last === null ? null : publicKeyOf(last.value.validatorKey),
    entries,
    answers,
    transcripts,
    findings,
    words,
    findingsCount,
    replay,
  };
}

async function ledgerOf(paths: readonly string[]): Promise<{ directory: string; files: readonly string[] }> {
  const found = new Map<string, string[]>();
  for (const path of paths) {
    const isFolder = (await stat(path).catch(() => null))?.isDirectory() ?? false;
    const files = isFolder ? await ledgerFiles(path) : path.endsWith(ledgerSuffix) ? [path] : [];
    const directory = isFolder ? path : dirname(path);
    if (files.length > 0) found.set(directory, [...(found.get(directory) ?? []), ...files]);
  }
  const [first, second] = found;
  if (first === undefined)
    throw new FileTaoError(
      'not-found',
      `no reward ledger (*${ledgerSuffix}) in ${paths.join(', ')}: a validator keeps it in its --transcripts.directory`,
    );
  if (second !== undefined)
    throw new FileTaoError('bad-input', `${first[0]} and ${second[0]} both have a reward ledger: name one`);
  return { directory: first[0], files: [...new Set(first[1])].sort() };
}

function factOf({ head: { value } }: TranscriptEntry): { fact: ExchangeFact; endMs: number } {
  const { kind, outcome, elapsedMs, size, startedAtMs } = value;
  return {
    fact: { kind, minerKey: publicKeyOf(value.minerKey), outcome, elapsedMs, size },
    endMs: startedAtMs + elapsedMs,
  };
}
