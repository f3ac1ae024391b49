// How an object is: replicas of its pieces, when they were last proven, and what their proofs are worth.

import { Confidence } from '../audit/confidence.js';
import { encodeSs58 } from '../identity/ss58.js';
import { fromHex, type PublicKey } from '../model/bytes.js';
import { limits } from '../model/constants.js';
import type { ReplicaRecord } from '../model/records.js';
import { type AuditWish, chunkCount, defaultChunkSize, openingsFor } from '../protocol/parameters.js';

/**
 * `healthy`: every piece has its copies. `degraded`: a piece has fewer. `critical`: a piece has only one left of several.
 * `lost`: a piece has none that is known to be good.
 */
export type Health = 'healthy' | 'degraded' | 'critical' | 'lost';

export interface MinerStatus {
  /** ss58 */
  readonly hotkey: string;
  /** Replicas of this object's pieces it was given, and those of them that are known to be good. */
  readonly replicas: number;
  readonly active: number;
  /** Unix seconds of its newest passed round on one of them; null before the first. */
  readonly lastProofAt: number | null;
  /** Probability that its passed rounds would have caught a loss of `audit.loss` of any one of them since its store. */
  readonly confidence: number;
}

export interface ObjectStatus {
  readonly health: Health;
  /** Active replicas of the piece that has fewest; of an empty object its copies. */
  readonly replicas: number;
  /** The same probability for the object: of its least proven piece, by that piece's best proven replica. */
  readonly confidence: number;
  /** Unix seconds: every piece has passed a round at that time or later; null while one has passed none. */
  readonly lastProofAt: number | null;
  readonly miners: readonly MinerStatus[];
  readonly pieces: { readonly total: number; readonly healthy: number };
}

/** Sums up an object piece by piece, so that nobody holds the records of all of them. */
export class ObjectSurvey {
  readonly #copies: number;
  readonly #audit: AuditWish;
  readonly #miners = new Map<PublicKey, ReplicaRecord[]>();
  #fewest: number;
  #total = 0;
  #healthy = 0;
  #weakest = 1;
  #oldestProof: number | null = Number.POSITIVE_INFINITY;

  /** @param copies replicas that each piece should have */
  constructor(copies: number, audit: AuditWish) {
    this.#copies = copies;
    this.#audit = audit;
    this.#fewest = copies;
  }

  /** The replicas of one more piece. */
  add(replicas: readonly ReplicaRecord[]): void {
    const active = replicas.filter(({ state }) => state === 'active');
    this.#total++;
    this.#fewest = Math.min(this.#fewest, active.length);
    if (active.length >= this.#copies) this.#healthy++;
    const best = Math.max(0, ...active.map((replica) => confidenceIn(replica, this.#audit)));
    this.#weakest = Math.min(this.#weakest, best);
    const proofs = active.flatMap(({ lastPassAt }) => lastPassAt ?? []);
    this.#oldestProof =
      proofs.length === 0 || this.#oldestProof === null
        ? null
        : Math.min(this.#oldestProof, Math.max(...proofs));
    for (const replica of replicas) {
      const known = this.#miners.get(replica.minerKey);
      if (known === undefined) this.#miners.set(replica.minerKey, [replica]);
      else known.push(replica);
    }
  }

  get status(): ObjectStatus {
    return {
      health: healthOf(this.#fewest, this.#copies),
      replicas: this.#fewest,
      confidence: this.#weakest,
      lastProofAt: this.#oldestProof === Number.POSITIVE_INFINITY ? null : this.#oldestProof,
      miners: [...this.#miners]
        .map(([key, replicas]) => minerStatus(key, replicas, this.#audit))
        .sort(byHotkey),
      pieces: { total: this.#total, healthy: this.#healthy },
    };
  }
}

const healthOf = (fewest: number, copies: number): Health => {
  if (fewest >= copies) return 'healthy';
  if (fewest === 0) return 'lost';
  return fewest === 1 ? 'critical' : 'degraded';
};

function minerStatus(key: PublicKey, replicas: readonly ReplicaRecord[], audit: AuditWish): MinerStatus {
  const active = replicas.filter(({ state }) => state === 'active');
  const proofs = replicas.flatMap(({ lastPassAt }) => lastPassAt ?? []);
  return {
    hotkey: encodeSs58(fromHex(key)),
    replicas: replicas.length,
    active: active.length,
    lastProofAt: proofs.length === 0 ? null : Math.max(...proofs),
    confidence: active.length === 0 ? 0 : Math.min(...active.map((replica) => confidenceIn(replica, audit))),
  };
}

const byHotkey = (a: MinerStatus, b: MinerStatus): number => (a.hotkey < b.hotkey ? -1 : 1);

/** What the rounds are worth that the replica has passed, held as the validator's `audit` options say. */
export function confidenceIn(
  { size, passed }: Pick<ReplicaRecord, 'size' | 'passed'>,
  audit: AuditWish,
): number {
  // The shape the challenger gives a round (validator/challenging.ts).
  const wished = openingsFor(limits.openingsMax, audit);
  const count = chunkCount(size, defaultChunkSize(size, wished));
  const openings = Math.min(wished, count);
  const confidence = new Confidence(audit.loss);
  // As many rounds as matter: 1 − 2^-53 is 1.
  for (let round = 0; round < Math.min(passed, 100); round++) confidence.add(count, openings);
  return confidence.caught;
}
