// What a node did of late, kept in memory for its dashboard: the last exchanges, steps and transfers, one after another,
// and sums by the minute. Bounded, whatever the node is put through; a restart begins anew, since what must last stands
// in transcripts, ledger and index.

import type { PublicKey } from '../../domain/model/bytes.js';
import type { Observer, RoundSeen, StepSeen, TransferSeen } from './observer.js';

/** Of each kind of thing. */
const keptMax = 500;
export const minutesKept = 60;
/** Four times what a subnet has of them. */
const minersMax = 4096;

/** A thing that was seen, numbered in the order of arrival: a name for its row that never changes. */
export type Numbered<Seen> = Seen & { readonly number: number };

export interface Minute {
  /** Unix minutes. */
  readonly minute: number;
  /** Challenges that passed and failed, or commitments made. */
  passed: number;
  failed: number;
  /** Bytes of replicas proven. */
  bytes: number;
}

class Last<Seen> {
  readonly #seen: Numbered<Seen>[] = [];
  #count = 0;

  add(seen: Seen): void {
    this.#seen.push({ ...seen, number: ++this.#count });
    if (this.#seen.length > keptMax) this.#seen.shift();
  }

  /** Of all that were ever added. */
  get count(): number {
    return this.#count;
  }

  /** The newest first. */
  get newest(): readonly Numbered<Seen>[] {
    return this.#seen.toReversed();
  }
}

export class Activity implements Observer {
  readonly rounds = new Last<RoundSeen>();
  readonly steps = new Last<StepSeen>();
  readonly transfers = new Last<TransferSeen>();
  /** Requests refused since the start, by error code. */
  readonly refusals = new Map<string, number>();
  /** Miners' newest passed challenge, unix milliseconds, the latest last: newer than the last count of the index. */
  readonly lastPass = new Map<PublicKey, number>();
  readonly #now: () => number;
  readonly #minutes: Minute[] = [];
  #version = 0;

  /** @param now unix milliseconds */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Grows with everything that is seen. */
  get version(): number {
    return this.#version;
  }

  round(seen: RoundSeen): void {
    this.#version++;
    this.rounds.add(seen);
    if (seen.kind !== 'challenge') return;
    const minute = this.#minute();
    if (seen.outcome === 'fail') minute.failed++;
    if (seen.outcome !== 'pass') return;
    minute.passed++;
    minute.bytes += seen.size;
    this.lastPass.delete(seen.minerKey);
    this.lastPass.set(seen.minerKey, seen.startedAtMs + seen.elapsedMs);
    if (this.lastPass.size > minersMax) this.lastPass.delete(this.lastPass.keys().next().value!);
  }

  step(seen: StepSeen): void {
    this.#version++;
    this.steps.add(seen);
    if (seen.step !== 'commit') return;
    const minute = this.#minute();
    minute.passed++;
    minute.bytes += seen.bytes;
  }

  refusal(code: string): void {
    this.#version++;
    this.refusals.set(code, (this.refusals.get(code) ?? 0) + 1);
  }

  transfer(seen: TransferSeen): void {
    this.#version++;
    this.transfers.add(seen);
  }

  /** The last hour, the oldest minute first, those without anything included; the last is the one that has begun. */
  get minutes(): readonly Minute[] {
    const last = this.#thisMinute();
    const known = new Map(this.#minutes.map((one) => [one.minute, one]));
    return Array.from({ length: minutesKept }, (_, i) => {
      const minute = last - minutesKept + 1 + i;
      return known.get(minute) ?? { minute, passed: 0, failed: 0, bytes: 0 };
    });
  }

  #thisMinute(): number {
    return Math.floor(this.#now() / 60_000);
  }

  #minute(): Minute {
    const minute = this.#thisMinute();
    let last = this.#minutes.at(-1);
    if (last?.minute !== minute) {
      last = { minute, passed: 0, failed: 0, bytes: 0 };
      this.#minutes.push(last);
      if (this.#minutes.length > minutesKept) this.#minutes.shift();
    }
    return last;
  }
}
