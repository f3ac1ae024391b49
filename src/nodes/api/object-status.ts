// How an object is: replicas of its pieces, when they were last proven, and what their proofs are worth.

import { Confidence } from '../../domain/audit/confidence.js';
import { encodeSs58 } from '../../domain/identity/ss58.js';
import { fromHex, type PieceId, type PublicKey } from '../../domain/model/bytes.js';
import { limits } from '../../domain/model/constants.js';
import type { ObjectRecord, ReplicaRecord } from '../../domain/model/records.js';
import {
  type AuditWish,
  chunkCount,
  defaultChunkSize,
  openingsFor,
} from '../../domain/protocol/parameters.js';
import type { ApiContext } from './context.js';

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

/** Pieces looked up before others get their turn. */
const piecesAtOnce = 64;

export async function objectStatus(context: ApiContext, object: ObjectRecord): Promise<ObjectStatus> {
  const { copies } = object.redundancy;
  const pieces = [...new Set(object.pieceIds)];
  const miners = new Map<PublicKey, ReplicaRecord[]>();
  let fewest = copies;
  let healthy = 0;
  let weakest = 1;
  let oldestProof: number | null = Number.POSITIVE_INFINITY;
  for await (const replicas of replicasOfPieces(context, pieces)) {
    const active = replicas.filter(({ state }) => state === 'active');
    fewest = Math.min(fewest, active.length);
    if (active.length >= copies) healthy++;
    weakest = Math.min(
      weakest,
      Math.max(0, ...active.map((replica) => confidenceIn(replica, context.audit))),
    );
    const proofs = active.flatMap(({ lastPassAt }) => lastPassAt ?? []);
    oldestProof =
      proofs.length === 0 || oldestProof === null ? null : Math.min(oldestProof, Math.max(...proofs));
    for (const replica of replicas)
      miners.set(replica.minerKey, [...(miners.get(replica.minerKey) ?? []), replica]);
  }
  return {
    health: healthOf(fewest, copies),
    replicas: fewest,
    confidence: pieces.length === 0 ? 1 : weakest,
    lastProofAt: oldestProof === Number.POSITIVE_INFINITY ? null : oldestProof,
    miners: [...miners].map(([key, replicas]) => minerStatus(key, replicas, context.audit)).sort(byHotkey),
    pieces: { total: pieces.length, healthy },
  };
}

/** The replicas of each piece, in this order; lets others have their turn in between. */
export async function* replicasOfPieces(
  { index }: ApiContext,
  pieces: readonly PieceId[],
): AsyncGenerator<readonly ReplicaRecord[]> {
  for (let at = 0; at < pieces.length; at += piecesAtOnce) {
    const batch = pieces.slice(at, at + piecesAtOnce);
    yield* await Promise.all(batch.map((pieceId) => index.replicasOfPiece(pieceId)));
    if (at + piecesAtOnce < pieces.length) await new Promise((resolve) => setImmediate(resolve));
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

/** What the rounds are worth that the replica has passed, held as this node's `audit` options say. */
function confidenceIn({ size, passed }: ReplicaRecord, audit: AuditWish): number {
  // The shape the challenger gives a round (validator/challenging.ts).
  const wished = openingsFor(limits.openingsMax, audit);
  const count = chunkCount(size, defaultChunkSize(size, wished));
  const openings = Math.min(wished, count);
  const confidence = new Confidence(audit.loss);
  // As many rounds as matter: 1 − 2^-53 is 1.
  for (let round = 0; round < Math.min(passed, 100); round++) confidence.add(count, openings);
  return confidence.caught;
}
