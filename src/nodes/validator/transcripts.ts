// Recording what was said between validator and miner, and writing it durably (PROTOCOL 7).

import { roundIdOf } from '../../adapters/observe/observer.js';
import {
  answerOf,
  encodeEntry,
  type Outcome,
  type TranscriptHead,
  type TranscriptMessage,
  transcriptKind,
} from '../../domain/audit/transcript.js';
import { type MessageKind, readSealed, sealOpened } from '../../domain/identity/sealed.js';
import { fromHex } from '../../domain/model/bytes.js';
import { nodeSize, protocolVersion } from '../../domain/model/constants.js';
import type { ReplicaId } from '../../domain/model/records.js';
import type { Clock } from '../../domain/ports/clock.js';
import { challengeKind } from '../../domain/protocol/messages.js';
import type { ValidatorContext } from './context.js';

/** One exchange with a miner while it happens. */
export class Exchange {
  readonly startedAtMs: number;
  readonly #clock: Clock;
  readonly #start: number;
  readonly #messages: TranscriptMessage[] = [];
  readonly #bulks: { readonly digest: Uint8Array; readonly bytes: Uint8Array }[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
    this.startedAtMs = clock.now();
    this.#start = clock.monotonic();
  }

  /** Monotonic time at which the exchange began. */
  get start(): number {
    return this.#start;
  }

  get elapsedMs(): number {
    return Math.max(0, Math.round(this.#clock.monotonic() - this.#start));
  }

  get messages(): readonly TranscriptMessage[] {
    return this.#messages;
  }

  /** Digest of the challenge that was sent; null before, and in exchanges without one. */
  get challengeId(): Uint8Array | null {
    const sent = this.#messages.find(({ type }) => type === challengeKind.type);
    return sent === undefined ? null : readSealed(challengeKind, sent.bytes).digest;
  }

  get bulks(): readonly { readonly digest: Uint8Array; readonly bytes: Uint8Array }[] {
    return this.#bulks;
  }

  sent(type: MessageKind<unknown>['type'], bytes: Uint8Array): void {
    this.#messages.push({ type, atMs: this.elapsedMs, bytes });
  }

  received(type: MessageKind<unknown>['type'], bytes: Uint8Array): void {
    this.#messages.push({ type, atMs: this.elapsedMs, bytes: bytes.slice() });
  }

  /** @param digest hash(bytes), whatever digest the miner signed */
  bulk(digest: Uint8Array, bytes: Uint8Array): void {
    this.#bulks.push({ digest, bytes });
  }
}

export interface Verdict {
  readonly outcome: Outcome;
  /** Empty for a pass. */
  readonly reason: string;
  /** Whether the miner's own signature covers what failed. */
  readonly attributable: boolean;
}

export const passed: Verdict = { outcome: 'pass', reason: '', attributable: false };
export const failed = (reason: string, attributable: boolean): Verdict => ({
  outcome: 'fail',
  reason,
  attributable,
});
export const voided = (reason: string): Verdict => ({ outcome: 'void', reason, attributable: false });

export interface Subject {
  readonly kind: TranscriptHead['kind'];
  readonly id: ReplicaId;
  readonly size: number;
  readonly n?: number;
  readonly prevLink?: Uint8Array;
  readonly receipt?: Uint8Array;
  readonly nu?: Uint8Array;
}

/** Durable when resolved; then the answer is counted, and whoever collects answers is told. */
export async function recordTranscript(
  context: ValidatorContext,
  subject: Subject,
  exchange: Exchange,
  verdict: Verdict,
): Promise<void> {
  const head: TranscriptHead = {
    version: protocolVersion,
    kind: subject.kind,
    genesis: context.party.genesis,
    netuid: context.party.netuid,
    validatorKey: context.party.publicKey,
    minerKey: fromHex(subject.id.minerKey),
    root: fromHex(subject.id.root),
    size: subject.size,
    n: subject.n ?? 0,
    prevLink: subject.prevLink ?? new Uint8Array(nodeSize),
    receipt: subject.receipt ?? new Uint8Array(),
    nu: subject.nu ?? new Uint8Array(),
    messages: exchange.messages,
    bulks: exchange.bulks.map((bulk) => bulk.digest),
    startedAtMs: exchange.startedAtMs,
    elapsedMs: exchange.elapsedMs,
    ...verdict,
  };
  const { challengeId } = exchange;
  context.observer?.round?.({
    kind: subject.kind,
    minerKey: subject.id.minerKey,
    root: subject.id.root,
    n: head.n,
    ...verdict,
    challengeId,
    startedAtMs: exchange.startedAtMs,
    elapsedMs: exchange.elapsedMs,
    size: subject.size,
    openedBytes: exchange.bulks.reduce((sum, { bytes }) => sum + bytes.length, 0),
  });
  if (challengeId !== null) {
    const { n, id } = subject;
    const fields = { round: roundIdOf(challengeId), miner: id.minerKey, root: id.root, n };
    context.log.debug({ ...fields, ...verdict, ms: exchange.elapsedMs }, 'a round ended');
  }
  const sealed = sealOpened(transcriptKind, head, context.signer);
  await context.transcripts.append(
    encodeEntry(
      sealed.bytes,
      exchange.bulks.map((bulk) => bulk.bytes),
    ),
  );
  const counts = answerOf(sealed);
  if (counts === null) return;
  const answer = { ...counts, asker: context.processId };
  await context.index.count(answer);
  context.onAnswer?.(answer);
}
