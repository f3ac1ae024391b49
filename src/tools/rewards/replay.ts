// Replaying a validator's reward ledger beside its transcripts: nothing else is read, no index and no chain. Every
// exchange that counts must be in the ledger, and each once: what was left out is told, too. Memory is about 400 bytes
// for each exchange in the transcripts.

import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { ledgerEntries, ledgerFiles, ledgerSuffix } from '../../adapters/observe/ledger-files.js';
import { verifySr25519 } from '../../adapters/wallets/sr25519.js';
import { type ExchangeFact, exchangeFactOf } from '../../domain/audit/exchange-fact.js';
import type { Occasion } from '../../domain/audit/ledger.js';
import { type Change, type LedgerFinding, LedgerReplay } from '../../domain/audit/ledger-replay.js';
import { answerOf, transcriptKind } from '../../domain/audit/transcript.js';
import { signedDigest } from '../../domain/identity/sealed.js';
import { fromHex, type PublicKey, publicKeyOf, toHex } from '../../domain/model/bytes.js';
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
  /** Answers of the ledger by the occasion on which they were asked. */
  readonly occasions: Readonly<Partial<Record<Occasion, number>>>;
  /** Exchanges at the end of the records that the ledger has not come to yet. */
  readonly notYet: number;
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
  /**
   * How long before the end of the records an exchange may have ended and not be in the ledger yet, in milliseconds:
   * a batch is written when the last of its answers is there. Default an hour.
   */
  readonly graceMs?: number;
}

/** As much of a transcript as is kept. */
interface Exchange extends ExchangeFact {
  readonly endMs: number;
  readonly signature: Uint8Array;
  readonly validatorKey: PublicKey;
}

const graceMsDefault = 3600_000;
const findingsKept = 1000;

/** @param paths transcript folders of a validator and of its API nodes, or files; one folder has the ledger */
export async function replayRewards(
  paths: readonly string[],
  options: RewardReplayOptions = {},
): Promise<RewardReplay> {
  const ledger = await ledgerOf(paths);
  const facts = new Map<string, Exchange>();
  let newestMs = 0;
  let transcripts = 0;
  for (const path of await filesOf(paths.filter((one) => !one.endsWith(ledgerSuffix)))) {
    for await (const found of entriesOf(path)) {
      options.signal?.throwIfAborted();
      if (found.kind !== 'entry') continue;
      const { head } = found.entry;
      transcripts++;
      if (answerOf(head) === null) continue;
      const { startedAtMs, elapsedMs, validatorKey } = head.value;
      const endMs = startedAtMs + elapsedMs;
      newestMs = Math.max(newestMs, endMs);
      const digest = toHex(head.digest);
      const { signature } = head;
      const kept = { endMs, signature: signature.slice(), validatorKey: publicKeyOf(validatorKey) };
      facts.set(digest, { ...exchangeFactOf(head), ...kept });
    }
  }
  const replay = new LedgerReplay(verifySr25519, (digest) => facts.get(toHex(digest)) ?? null);
  const findings: LedgerFinding[] = [];
  const words: LedgerFinding[] = [];
  let entries = 0;
  let answers = 0;
  let firstMs = Number.POSITIVE_INFINITY;
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
      firstMs = Math.min(firstMs, found.entry.value.atMs);
      answers += found.entry.value.answers.length;
      const taken = replay.take(found.entry);
      for (const finding of taken.findings) note(finding);
      if (options.onChange !== undefined) for (const change of taken.changes) options.onChange(change);
    }
  }
  const last = replay.last;
  const left = omitted(facts, replay, {
    sinceMs: firstMs,
    untilMs: Math.max(newestMs, last?.value.atMs ?? 0) - (options.graceMs ?? graceMsDefault),
  });
  for (const finding of left.findings) note(finding);
  return {
    directory: ledger.directory,
    validatorKey: last === null ? null : publicKeyOf(last.value.validatorKey),
    entries,
    answers,
    transcripts,
    occasions: Object.fromEntries(replay.occasions),
    notYet: left.notYet,
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

/** Exchanges that count, signed by this validator, and named by no entry although the ledger went on. */
function omitted(
  facts: ReadonlyMap<string, Exchange>,
  replay: LedgerReplay,
  { sinceMs, untilMs }: { readonly sinceMs: number; readonly untilMs: number },
): { readonly findings: readonly LedgerFinding[]; readonly notYet: number } {
  const own = new Set<PublicKey>();
  const unnamed: [string, Exchange][] = [];
  for (const [digest, exchange] of facts)
    if (replay.names(fromHex(digest))) own.add(exchange.validatorKey);
    else unnamed.push([digest, exchange]);
  const { last } = replay;
  if (last !== null) own.add(publicKeyOf(last.value.validatorKey));
  const findings: LedgerFinding[] = [];
  let notYet = 0;
  for (const [digest, { kind, minerKey, outcome, endMs, signature, validatorKey }] of unnamed) {
    // What came before the ledger is not its matter; what the validator did not sign is nobody's.
    if (endMs < sinceMs || !own.has(validatorKey)) continue;
    const text = signedDigest(transcriptKind.type, fromHex(digest));
    if (!verifySr25519(text, signature, fromHex(validatorKey))) continue;
    if (endMs > untilMs) notYet++;
    else {
      const name = `transcript ${digest.slice(0, 16)}`;
      const says = `${name}, a ${kind} of ${minerKey} (${outcome}), was counted for nothing`;
      findings.push({ sequence: last?.value.sequence ?? 0, about: 'omitted', says });
    }
  }
  return { findings, notYet };
}
