// Repair of one piece: what is missing of its copies is stored anew from a replica that verifies, and only when all
// copies are there are replicas given up that failed, lie on a miner that leaves, or are one too many. Each step is
// recorded in the index as it is done, so a repair that is cut off anywhere is taken up by the next one.

import { excessReplicas } from '../../domain/economy/repair.js';
import type { PieceId, PublicKey } from '../../domain/model/bytes.js';
import { publicKeyOf } from '../../domain/model/bytes.js';
import { toFileTaoError } from '../../domain/model/errors.js';
import type { PieceRecord, ReplicaRecord } from '../../domain/model/records.js';
import { unixSeconds } from '../../domain/ports/clock.js';
import { roundKey } from './challenging.js';
import type { ValidatorContext } from './context.js';
import { type FailureCounts, placementCandidates } from './miners.js';
import type { BytePace } from './pacing.js';
import { withPieceAtHand } from './piece-at-hand.js';
import { deleteReplicaOn, renewShort } from './renewing.js';
import { countsTowards, placePiece } from './storing.js';

export interface RepairParts {
  readonly folder: string;
  readonly failures: FailureCounts;
  readonly pace: BytePace;
}

export interface RepairLine {
  readonly pieceId: PieceId;
  readonly size: number;
  readonly copies: number;
  /** Copies that count, before and after. */
  readonly before: number;
  readonly after: number;
  /** Miners that were given a replica. */
  readonly stored: readonly PublicKey[];
  /** Replicas given up: failed, on a leaving miner, or one too many. */
  readonly retired: number;
  /** `short`: not all copies could be stored; `lost`: no replica gives the piece back. */
  readonly outcome: 'whole' | 'repaired' | 'short' | 'lost';
  readonly reason: string;
  readonly elapsedMs: number;
}

/** A piece that expires sooner is left in peace. */
const expiryMarginSeconds = 600;

/** null when there was nothing to look after: what is gone or about to expire. */
export async function repairPiece(
  context: ValidatorContext,
  parts: RepairParts,
  pieceId: PieceId,
  signal?: AbortSignal,
): Promise<RepairLine | null> {
  const { clock, index } = context;
  const start = clock.monotonic();
  const piece = await index.getPiece(pieceId);
  if (piece === null) return dropRandomData(context, pieceId, start);
  if (piece.expiry <= unixSeconds(clock) + expiryMarginSeconds) return null;
  const { size, copies, expiry } = piece;
  await renewShort(context, pieceId, expiry);
  const before = (await ownReplicas(context, pieceId)).filter((one) => countsTowards(context, one, expiry));
  const stored: PublicKey[] = [];
  let outcome: RepairLine['outcome'] = 'whole';
  let reason = '';
  if (before.length < copies) {
    const holders = new Set(before.map(({ minerKey }) => minerKey));
    const candidates = await placementCandidates(context, parts.failures, holders, size);
    if (candidates.length === 0) {
      outcome = 'short';
      reason = 'no other miner can take a replica';
    } else {
      const missing = copies - before.length;
      await parts.pace.take(size * (1 + Math.min(missing, candidates.length)), signal);
      try {
        const placed = await withPieceAtHand(context, parts.folder, piece, signal, (path) =>
          placePiece(context, { pieceId, size, path, expiry }, copies, parts.failures, signal),
        );
        stored.push(...placed.stored.map(({ minerKey }) => minerKey));
        outcome = placed.replicas.length < copies ? 'short' : 'repaired';
        if (outcome === 'short') reason = placed.failures.map((failure) => failure.reason).join(', ');
        if (outcome === 'short' && reason === '') reason = 'there are not enough miners';
      } catch (error) {
        signal?.throwIfAborted();
        const { code, message } = toFileTaoError(error);
        if (code !== 'integrity' && code !== 'unreachable' && code !== 'not-found') throw error;
        outcome = 'lost';
        reason = message;
      }
    }
  }
  const retired = await retireReplicas(context, piece, signal);
  const after = (await ownReplicas(context, pieceId)).filter((one) => countsTowards(context, one, expiry));
  return {
    pieceId,
    size,
    copies,
    before: before.length,
    after: after.length,
    stored,
    retired,
    outcome,
    reason,
    elapsedMs: Math.round(clock.monotonic() - start),
  };
}

/** Random data is in no piece record: it is never stored anew, only given up where it failed or its miner leaves. */
async function dropRandomData(
  context: ValidatorContext,
  pieceId: PieceId,
  start: number,
): Promise<RepairLine | null> {
  const useless = (await ownReplicas(context, pieceId)).filter((replica) => isUseless(context, replica));
  let retired = 0;
  for (const replica of useless) if (await giveUp(context, replica)) retired++;
  if (retired === 0) return null;
  const elapsedMs = Math.round(context.clock.monotonic() - start);
  const size = useless[0]!.size;
  const none = { copies: 0, before: 0, after: 0, stored: [], reason: '' };
  return { pieceId, size, ...none, retired, outcome: 'whole', elapsedMs };
}

const isUseless = ({ presence }: ValidatorContext, { state, minerKey }: ReplicaRecord): boolean =>
  state === 'failed' || presence.isLeaving(minerKey);

async function ownReplicas(context: ValidatorContext, pieceId: PieceId): Promise<readonly ReplicaRecord[]> {
  const own = publicKeyOf(context.party.publicKey);
  return (await context.index.replicasOfPiece(pieceId)).filter(({ validatorKey }) => validatorKey === own);
}

/** Gives up what the piece does not need, once all its copies are there; returns how many replicas are gone. */
async function retireReplicas(
  context: ValidatorContext,
  { pieceId, copies, expiry }: PieceRecord,
  signal: AbortSignal | undefined,
): Promise<number> {
  const replicas = await ownReplicas(context, pieceId);
  const good = replicas.filter((replica) => countsTowards(context, replica, expiry));
  if (good.length < copies) return 0;
  const useless = replicas.filter((replica) => isUseless(context, replica));
  let retired = 0;
  for (const replica of [...useless, ...excessReplicas(good, copies, unixSeconds(context.clock))]) {
    signal?.throwIfAborted();
    if (await giveUp(context, replica)) retired++;
  }
  return retired;
}

/** false when the replica's miner cannot be told now. */
async function giveUp(context: ValidatorContext, replica: ReplicaRecord): Promise<boolean> {
  // Nobody is left to be told.
  if ((await context.view.neuronNow(replica.minerKey)) === null) return context.index.removeReplica(replica);
  // Perhaps it comes back; else its record goes with its expiry.
  if (context.presence.isDown(replica.minerKey)) return false;
  // A round under way would fail a miner that has done as it was told; and none begins while it is being deleted.
  const live = roundKey(replica);
  if (context.liveRounds.has(live)) return false;
  context.liveRounds.add(live);
  try {
    await deleteReplicaOn(context, replica);
    return true;
  } catch (error) {
    const { code, message } = toFileTaoError(error);
    context.log.info(
      { miner: replica.minerKey, root: replica.root, code, detail: message },
      'a miner did not delete a replica that is not needed any more',
    );
    return false;
  } finally {
    context.liveRounds.delete(live);
  }
}
