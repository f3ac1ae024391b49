// An audit: every entry of the given transcripts is replayed, the rounds are joined to chains, and what they are worth
// is summed up. Memory depends on the number of replicas, not of entries. Who reads the transcripts, and from where, is
// the caller's affair: files of a validator's folder, or what somebody dropped on a page.

import type { ProofCore } from '../core/proof-core.js';
import { encodeSs58 } from '../identity/ss58.js';
import { fromHex, toHex } from '../model/bytes.js';
import { mebibyte } from '../model/constants.js';
import type { VerifySignature } from '../ports/signer.js';
import { Chains, type ReplicaReport } from './chain.js';
import type { Found } from './reading.js';
import { type Replay, Replayer } from './replay.js';
import type { Outcome, TranscriptHead } from './transcript.js';

/** A transcript that can be read again: where a round is there twice, a second reading tells what that means. */
export interface AuditSource {
  entries(): AsyncIterable<Found>;
}

export interface AuditOptions {
  readonly core: ProofCore;
  readonly verify: VerifySignature;
  /** The share of lost chunks that the confidence is about. */
  readonly loss: number;
  readonly signal?: AbortSignal | undefined;
  readonly onReplica?: ((report: ReplicaReport) => void) | undefined;
  /** Told of every entry, in the order read. */
  readonly onEntry?: ((replay: Replay, source: string) => void) | undefined;
}

export interface AuditFinding {
  /** Where: file and byte, or replica and round. */
  readonly where: string;
  readonly about: string;
  readonly says: string;
}

/** What an audit found, in figures. */
export interface AuditTotals {
  readonly ok: boolean;
  readonly files: number;
  readonly entries: number;
  readonly rounds: number;
  readonly replicas: number;
  readonly validators: readonly string[];
  readonly passed: number;
  /** Fails that the miner's own signature proves. */
  readonly failedByMiner: number;
  /** Fails that rest on the validator's word. */
  readonly failedByWord: number;
  readonly voids: number;
  readonly voidReasons: Readonly<Record<string, number>>;
  /** Entries whose opened bytes are gone. */
  readonly pruned: number;
  /** Entries that were changed or contradict themselves, and places that cannot be read. */
  readonly broken: number;
  readonly gaps: number;
  /** All of them are counted, the first are kept. */
  readonly findings: readonly AuditFinding[];
  readonly findingsLeftOut: number;
  readonly headBytes: number;
  readonly bulkBytes: number;
}

const batchEntries = 64;
const batchBytes = 16 * mebibyte;
const findingsKept = 1000;

export async function audit(sources: readonly AuditSource[], options: AuditOptions): Promise<AuditTotals> {
  const replayer = new Replayer(options.core, options.verify);
  const chains = new Chains(options.loss);
  const tally = new Tally();
  for (const source of sources) {
    for await (const batch of batchesOf(source.entries())) {
      options.signal?.throwIfAborted();
      const entries = batch.filter((found) => found.kind === 'entry');
      for (const found of batch) if (found.kind === 'unreadable') tally.unreadable(found);
      for (const [i, replay] of replayer.replay(entries.map(({ entry }) => entry)).entries()) {
        tally.entry(entries[i]!, replay);
        chains.add(replay);
        options.onEntry?.(replay, entries[i]!.source);
      }
    }
  }
  if (chains.hasRepeats) {
    const telling = chains.tellForks();
    for (const source of sources) {
      for await (const found of source.entries()) if (found.kind === 'entry') telling.see(found);
    }
    telling.finish();
  }
  let replicas = 0;
  for (const report of chains.reports()) {
    replicas++;
    tally.replica(report);
    options.onReplica?.(report);
  }
  return { ...tally.summary(), files: sources.length, replicas };
}

async function* batchesOf(entries: AsyncIterable<Found>): AsyncGenerator<Found[]> {
  let batch: Found[] = [];
  let bytes = 0;
  for await (const found of entries) {
    batch.push(found);
    if (found.kind === 'entry') bytes += found.frame.length;
    if (batch.length >= batchEntries || bytes >= batchBytes) {
      yield batch;
      batch = [];
      bytes = 0;
    }
  }
  if (batch.length > 0) yield batch;
}

/** `challenge 12 of 5e0c…, miner 5Gr…` */
export function subjectOf(head: TranscriptHead): string {
  const what = head.kind === 'challenge' ? `round ${head.n}` : head.kind;
  return `${what} of replica ${toHex(head.root).slice(0, 16)} on miner ${encodeSs58(head.minerKey)}`;
}

class Tally {
  #entries = 0;
  #rounds = 0;
  readonly #outcomes: Record<Outcome, number> = { pass: 0, fail: 0, void: 0 };
  readonly #voidReasons: Record<string, number> = {};
  readonly #validators = new Set<string>();
  #failedByMiner = 0;
  #pruned = 0;
  #broken = 0;
  #gaps = 0;
  #headBytes = 0;
  #bulkBytes = 0;
  readonly #findings: AuditFinding[] = [];
  #findingsCount = 0;

  unreadable({ source, offset, says }: Extract<Found, { kind: 'unreadable' }>): void {
    this.#broken++;
    this.#note({ where: `${source} at byte ${offset}`, about: 'unreadable', says });
  }

  entry({ source, frame, entry }: Extract<Found, { kind: 'entry' }>, replay: Replay): void {
    const head = entry.head.value;
    this.#entries++;
    if (head.kind === 'challenge') this.#rounds++;
    this.#headBytes += frame.sealedHead.length;
    this.#bulkBytes += entry.bulks.reduce((sum, bulk) => sum + (bulk?.length ?? 0), 0);
    if (replay.genuine) {
      this.#validators.add(encodeSs58(head.validatorKey));
      this.#outcomes[head.outcome]++;
      if (head.outcome === 'void') this.#voidReasons[head.reason] = (this.#voidReasons[head.reason] ?? 0) + 1;
    }
    if (replay.blame === 'miner') this.#failedByMiner++;
    if (replay.pruned) this.#pruned++;
    if (!replay.broken) return;
    this.#broken++;
    for (const { about, result, says } of replay.checks) {
      if (result !== 'broken') continue;
      this.#note({ where: `${source} at byte ${frame.offset}: ${subjectOf(head)}`, about, says });
    }
  }

  replica({ minerKey, root, findings }: ReplicaReport): void {
    for (const { about, says } of findings) {
      if (about === 'gap') this.#gaps++;
      const miner = encodeSs58(fromHex(minerKey));
      this.#note({ where: `replica ${root.slice(0, 16)} on miner ${miner}`, about, says });
    }
  }

  summary(): Omit<AuditTotals, 'files' | 'replicas'> {
    return {
      ok: this.#findingsCount === 0,
      entries: this.#entries,
      rounds: this.#rounds,
      validators: [...this.#validators].sort(),
      passed: this.#outcomes.pass,
      failedByMiner: this.#failedByMiner,
      failedByWord: this.#outcomes.fail - this.#failedByMiner,
      voids: this.#outcomes.void,
      voidReasons: this.#voidReasons,
      pruned: this.#pruned,
      broken: this.#broken,
      gaps: this.#gaps,
      findings: this.#findings,
      findingsLeftOut: this.#findingsCount - this.#findings.length,
      headBytes: this.#headBytes,
      bulkBytes: this.#bulkBytes,
    };
  }

  #note(finding: AuditFinding): void {
    this.#findingsCount++;
    if (this.#findings.length < findingsKept) this.#findings.push(finding);
  }
}
