// Rounds as a chain (PROTOCOL 7). A replica's rounds follow one another from the receipt the miner signed: n grows
// by one, and each names the link of the last that passed. Entries may come in any order, from any number of files.
//
// Memory is bounded by the number of replicas, not of rounds: rounds next to each other are one stretch, of which
// only the ends are kept. A whole history is one stretch from 1; what is left over when all is read are the gaps.

import { equalBytes, type PublicKey, publicKeyOf, type Root, rootOf, toHex } from '../model/bytes.js';
import { Confidence } from './confidence.js';
import type { Replay } from './replay.js';

/** Rounds first … last without a gap. */
interface Stretch {
  first: number;
  last: number;
  /** The link its rounds name until one of them passes. */
  readonly before: Uint8Array;
  /** The link the round after it must name. */
  after: Uint8Array;
}

export interface ChainFinding {
  readonly about: 'gap' | 'fork' | 'chain' | 'no-failure';
  readonly says: string;
}

/** What the chain says of one replica since one store. */
export interface ReplicaReport {
  readonly validatorKey: PublicKey;
  readonly minerKey: PublicKey;
  readonly root: Root;
  readonly size: number;
  /** Rounds that left an entry, from `first` to `last`; 0 when only the store did. */
  readonly first: number;
  readonly last: number;
  readonly passed: number;
  readonly failedByMiner: number;
  readonly failedByWord: number;
  readonly voids: number;
  /** Rounds replayed to their last byte, and what they are worth. */
  readonly confidence: Confidence;
  /** Passed rounds of which only heads are left, worth this much on the validator's word. */
  readonly pruned: Confidence;
  readonly findings: readonly ChainFinding[];
}

interface Tenure {
  readonly validatorKey: PublicKey;
  readonly minerKey: PublicKey;
  readonly root: Root;
  readonly size: number;
  readonly genesisLink: Uint8Array;
  readonly storedExpiry: number;
  readonly stretches: Stretch[];
  passed: number;
  failedByMiner: number;
  failedByWord: number;
  voids: number;
  readonly confidence: Confidence;
  readonly pruned: Confidence;
  readonly findings: ChainFinding[];
  /** Fails for "unknown-replica": no failure when the replica was deleted or had expired. */
  readonly unknown: { readonly n: number; readonly atMs: number }[];
}

/** What renewals and deletions say of a replica, whichever store it stems from. */
interface Upkeep {
  expiry: number;
  readonly deletedAtMs: number[];
  readonly storedAtMs: number[];
}

const findingsPerReplica = 20;
/** Stores and deletes remembered of a replica. */
const eventsMax = 1000;

export class Chains {
  readonly #loss: number;
  readonly #tenures = new Map<string, Tenure>();
  readonly #upkeep = new Map<string, Upkeep>();
  /** Rounds of which a second entry turned up, by tenure. */
  readonly #repeated = new Map<string, Set<number>>();

  /** @param loss the share of chunks whose loss the confidence is about */
  constructor(loss: number) {
    this.#loss = loss;
  }

  /** Entries whose own signature does not hold say nothing and are left out. */
  add(replay: Replay): void {
    const head = replay.entry.head.value;
    if (!replay.genuine) return;
    if (head.kind === 'renew' || head.kind === 'delete' || head.kind === 'store') this.#noteUpkeep(replay);
    const tenure = this.#tenureOf(replay);
    if (tenure === null || head.kind !== 'challenge') return;
    if (!this.#place(tenure, replay)) return;
    const { outcome } = head;
    if (outcome === 'void') tenure.voids++;
    else if (outcome === 'fail') {
      if (replay.blame === 'miner') tenure.failedByMiner++;
      else tenure.failedByWord++;
      if (head.reason === 'unknown-replica') {
        keep(tenure.unknown, { n: head.n, atMs: head.startedAtMs });
      }
    } else {
      tenure.passed++;
      const { challenge, commitment } = replay.round ?? {};
      if (challenge && commitment && !replay.broken) {
        const worth = replay.pruned ? tenure.pruned : tenure.confidence;
        worth.add(commitment.value.count, challenge.value.openings);
      }
    }
  }

  /** Whether entries of this round turned up more than once: `tellForks` wants to see them all again. */
  get hasRepeats(): boolean {
    return this.#repeated.size > 0;
  }

  /** Says of each repeated round whether its entries are one and the same; called with all entries once more. */
  tellForks(): { see(replay: Pick<Replay, 'entry'>): void; finish(): void } {
    const seen = new Map<string, Map<string, number>>();
    return {
      see: ({ entry }) => {
        const { value, digest } = entry.head;
        if (value.kind !== 'challenge') return;
        for (const key of this.#repeated.keys()) {
          if (!key.startsWith(replicaKey(value)) || !this.#repeated.get(key)!.has(value.n)) continue;
          const round = `${key} ${value.n}`;
          const digests = seen.get(round) ?? new Map<string, number>();
          digests.set(toHex(digest), (digests.get(toHex(digest)) ?? 0) + 1);
          seen.set(round, digests);
        }
      },
      finish: () => {
        for (const [key, rounds] of this.#repeated) {
          const tenure = this.#tenures.get(key)!;
          for (const n of rounds) {
            const different = seen.get(`${key} ${n}`)?.size ?? 0;
            note(tenure, {
              about: 'fork',
              says:
                different > 1
                  ? `round ${n} was held ${different} times: n is never used again, so the validator's index went back or it picked a result`
                  : `round ${n} is here more than once, each time the same entry: a file was read twice`,
            });
          }
        }
      },
    };
  }

  /** When all entries are in. */
  *reports(): Generator<ReplicaReport> {
    for (const [key, tenure] of this.#tenures) {
      closeChain(tenure);
      this.#judgeUnknown(tenure, this.#upkeep.get(key.slice(0, 194)));
      yield {
        ...tenure,
        first: tenure.stretches[0]?.first ?? 0,
        last: tenure.stretches.at(-1)?.last ?? 0,
        findings: tenure.findings,
      };
    }
  }

  #tenureOf(replay: Replay): Tenure | null {
    const { receipt } = replay;
    const { value: head } = replay.entry.head;
    // The receipt of a store that failed founds nothing.
    if (receipt === null || (head.kind === 'store' && head.outcome !== 'pass')) return null;
    const key = `${replicaKey(head)}${toHex(receipt.digest)}`;
    let tenure = this.#tenures.get(key);
    if (tenure === undefined) {
      tenure = {
        validatorKey: publicKeyOf(head.validatorKey),
        minerKey: publicKeyOf(head.minerKey),
        root: rootOf(head.root),
        size: head.size,
        genesisLink: receipt.value.link.slice(),
        storedExpiry: receipt.value.expiry,
        stretches: [],
        passed: 0,
        failedByMiner: 0,
        failedByWord: 0,
        voids: 0,
        confidence: new Confidence(this.#loss),
        pruned: new Confidence(this.#loss),
        findings: [],
        unknown: [],
      };
      this.#tenures.set(key, tenure);
    }
    return tenure;
  }

  /** Puts a round into its stretch; false when its n is there already. */
  #place(tenure: Tenure, replay: Replay): boolean {
    const { value: head } = replay.entry.head;
    const { n } = head;
    const commitment = replay.round?.commitment ?? null;
    const passed = head.outcome === 'pass' && commitment !== null;
    const before = head.prevLink.slice();
    const after = passed ? commitment.value.link.slice() : before;
    const { stretches } = tenure;
    const at = lastStartingAtOrBefore(stretches, n);
    const left = at < 0 ? null : stretches[at]!;
    const right = stretches[at + 1] ?? null;
    if (left !== null && n <= left.last) {
      this.#noteRepeat(replay);
      return false;
    }
    const follows = left !== null && left.last === n - 1;
    const precedes = right !== null && right.first === n + 1;
    if (follows && !equalBytes(left.after, before)) noteLink(tenure, n);
    if (precedes && !equalBytes(after, right.before)) noteLink(tenure, n + 1);
    if (follows && precedes) {
      left.last = right.last;
      left.after = right.after;
      stretches.splice(at + 1, 1);
    } else if (follows) {
      left.last = n;
      left.after = after;
    } else if (precedes) {
      stretches[at + 1] = { first: n, last: right.last, before, after: right.after };
    } else stretches.splice(at + 1, 0, { first: n, last: n, before, after });
    return true;
  }

  #noteRepeat({ entry, receipt }: Replay): void {
    const key = `${replicaKey(entry.head.value)}${toHex(receipt!.digest)}`;
    const rounds = this.#repeated.get(key) ?? new Set<number>();
    if (rounds.size < findingsPerReplica) rounds.add(entry.head.value.n);
    this.#repeated.set(key, rounds);
  }

  #noteUpkeep(replay: Replay): void {
    const { value: head } = replay.entry.head;
    const key = replicaKey(head);
    const upkeep = this.#upkeep.get(key) ?? { expiry: 0, deletedAtMs: [], storedAtMs: [] };
    this.#upkeep.set(key, upkeep);
    if (head.outcome !== 'pass' || replay.broken) return;
    const atMs = head.startedAtMs + head.elapsedMs;
    if (head.kind === 'store') {
      keep(upkeep.storedAtMs, atMs);
      upkeep.expiry = Math.max(upkeep.expiry, replay.receipt?.value.expiry ?? 0);
    } else if (head.kind === 'delete') keep(upkeep.deletedAtMs, atMs);
    else upkeep.expiry = Math.max(upkeep.expiry, replay.acknowledged ?? 0);
  }

  /** A miner that was told to delete, or promised until a time that has passed, fails nothing by not knowing. */
  #judgeUnknown(tenure: Tenure, upkeep: Upkeep | undefined): void {
    const expiry = Math.max(tenure.storedExpiry, upkeep?.expiry ?? 0);
    for (const { n, atMs } of tenure.unknown) {
      if (atMs >= 1000 * expiry) {
        note(tenure, {
          about: 'no-failure',
          says: `round ${n} failed for "unknown-replica" after the expiry the miner had signed for`,
        });
        continue;
      }
      const deleted = Math.max(...(upkeep?.deletedAtMs ?? []).filter((time) => time <= atMs), 0);
      const storedAgain = (upkeep?.storedAtMs ?? []).some((time) => time > deleted && time <= atMs);
      if (deleted > 0 && !storedAgain) {
        note(tenure, {
          about: 'no-failure',
          says: `round ${n} failed for "unknown-replica" after the validator had the replica deleted`,
        });
      }
    }
  }
}

const replicaKey = (head: {
  readonly validatorKey: Uint8Array;
  readonly minerKey: Uint8Array;
  readonly root: Uint8Array;
}): string => `${toHex(head.validatorKey)}/${toHex(head.minerKey)}/${toHex(head.root)}`;

function keep<Item>(list: Item[], item: Item): void {
  if (list.length < eventsMax) list.push(item);
}

function note(tenure: Tenure, finding: ChainFinding): void {
  if (tenure.findings.length < findingsPerReplica) tenure.findings.push(finding);
}

const noteLink = (tenure: Tenure, n: number): void =>
  note(tenure, {
    about: 'chain',
    says: `round ${n} does not name the link of the last passed round before it`,
  });

/** Index of the last stretch that begins at or before n; −1 when there is none. */
function lastStartingAtOrBefore(stretches: readonly Stretch[], n: number): number {
  let low = 0;
  let high = stretches.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (stretches[middle]!.first <= n) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** What is missing between the stretches, and whether the first begins at the receipt. */
function closeChain(tenure: Tenure): void {
  const [first] = tenure.stretches;
  if (first === undefined) return;
  if (first.first === 1 && !equalBytes(first.before, tenure.genesisLink)) {
    note(tenure, { about: 'chain', says: 'round 1 does not name the link of the receipt' });
  }
  let next = 1;
  for (const stretch of tenure.stretches) {
    if (stretch.first > next) {
      const missing =
        stretch.first - 1 === next ? `round ${next} is` : `rounds ${next} to ${stretch.first - 1} are`;
      note(tenure, { about: 'gap', says: `${missing} missing: every n leaves an entry` });
    }
    next = stretch.last + 1;
  }
}
