// Objects: the owner's signed manifest ties pieces together. The same bytes may have several owners, each with a claim of
// its own; what nobody claims any more is taken off the miners.

import { objectCid } from '../../domain/content/cid.js';
import { checkManifest, type Manifest, manifestKind } from '../../domain/content/manifest.js';
import { type Opened, openSealed, readSealed } from '../../domain/identity/sealed.js';
import { encodeSs58 } from '../../domain/identity/ss58.js';
import {
  type Cid,
  equalBytes,
  fromHex,
  type PieceId,
  type PublicKey,
  pieceIdOf,
  publicKeyOf,
} from '../../domain/model/bytes.js';
import { FileTaoError, toFileTaoError } from '../../domain/model/errors.js';
import type { ObjectRecord } from '../../domain/model/records.js';
import { unixSeconds } from '../../domain/ports/clock.js';
import { objectStatus } from '../object-status.js';
import { deleteReplicaOn, renewShort } from '../validator/renewing.js';
import { requireExpiry, requireQuota } from './access.js';
import type { ApiContext } from './context.js';
import { requireObject } from './downloads.js';
import { hotkeysOf, lastingReplicas } from './pieces.js';

export interface StoredObject {
  readonly cid: Cid;
  /** Verified, durable replicas of the piece that has fewest. */
  readonly replicas: number;
  /** ss58 of the miners that hold some of it. */
  readonly hotkeys: readonly string[];
  /** Unix seconds. */
  readonly expiry: number;
}

/** Takes a manifest as its owner signed it. @param sender who signed the request, if somebody did */
export async function putManifest(
  context: ApiContext,
  sealed: Uint8Array,
  sender: PublicKey | null,
  minCopies?: number,
): Promise<StoredObject> {
  const manifest = openSealed(manifestKind, sealed, context.verify);
  const owner = publicKeyOf(manifest.value.owner);
  if (sender !== null && sender !== owner)
    throw new FileTaoError('forbidden', 'the manifest is signed by another hotkey');
  return claimObject(context, manifest, owner, minCopies);
}

/** Records `owner`'s claim on what the manifest names. */
export async function claimObject(
  context: ApiContext,
  { value, bytes: sealed }: Opened<Manifest>,
  owner: PublicKey,
  minCopies?: number,
): Promise<StoredObject> {
  const startedAtMs = context.clock.now();
  checkManifest(value);
  if (!equalBytes(value.genesis, context.party.genesis) || value.netuid !== context.party.netuid) {
    throw new FileTaoError('wrong-network', 'the manifest is for another network');
  }
  requireExpiry(context, value.expiry);
  const cid = value.cid as Cid;
  const before = await context.index.getObject({ cid, owner });
  if (before === null) await requireQuota(context, owner, value.size);
  const { copies } = value.redundancy;
  const pieceIds = value.pieceIds.map(pieceIdOf);
  const { fewest, hotkeys } = await keepUntil(context, pieceIds, value.expiry, copies);
  const wanted = Math.min(copies, minCopies ?? copies);
  if (fewest < wanted) {
    throw new FileTaoError('partial', `a piece has ${fewest} of ${wanted} replicas: send it again`, {
      details: { replicas: fewest, copies: wanted },
    });
  }
  // Whoever read a manifest can send it again: one that was signed for a shorter time than the last one changes nothing,
  // and what was renewed stays so.
  const isOlder = before !== null && readSealed(manifestKind, before.manifest).value.expiry > value.expiry;
  const expiry = Math.max(value.expiry, before?.expiry ?? 0);
  if (!isOlder)
    await context.index.putObject({
      cid,
      size: value.size,
      pieceSize: value.pieceSize,
      pieceIds,
      redundancy: value.redundancy,
      owner,
      expiry,
      storedAt: before?.storedAt ?? unixSeconds(context.clock),
      manifest: sealed,
    });
  const elapsedMs = context.clock.now() - startedAtMs;
  const seen = { cid, bytes: value.size, complete: true, startedAtMs, elapsedMs };
  context.observer?.transfer?.({ direction: 'upload', ...seen });
  return { cid, replicas: pieceIds.length === 0 ? copies : fewest, hotkeys, expiry };
}

/** Renews what expires sooner. Pieces of an interrupted put were stored for an earlier expiry; what stays so does not count. */
async function keepUntil(
  context: ApiContext,
  pieceIds: readonly PieceId[],
  expiry: number,
  copies: number,
): Promise<{ readonly fewest: number; readonly hotkeys: readonly string[] }> {
  const hotkeys = new Set<string>();
  let fewest = Number.POSITIVE_INFINITY;
  for (const pieceId of new Set(pieceIds)) {
    const lasting = await context.pieceTurns.take(pieceId, async () => {
      const piece = await context.index.getPiece(pieceId);
      // Stored before for an object that wished for fewer copies, or a shorter time: repair looks at the piece.
      if (piece !== null && (piece.copies < copies || piece.expiry < expiry))
        await context.index.putPiece({ ...piece, copies, expiry });
      await renewShort(context, pieceId, expiry);
      return lastingReplicas(context, pieceId, expiry);
    });
    fewest = Math.min(fewest, lasting.length);
    for (const hotkey of hotkeysOf(lasting)) hotkeys.add(hotkey);
  }
  return { fewest, hotkeys: [...hotkeys].sort() };
}

/** The owner's own claim; throws `not-found`, or `forbidden` where only others claim the object. */
async function requireOwned(context: ApiContext, text: string, owner: PublicKey): Promise<ObjectRecord> {
  const cid = objectCid(text);
  const claim = await context.index.getObject({ cid, owner });
  if (claim !== null) return claim;
  const others = await context.index.claimsOf(cid, 1);
  throw others.length === 0
    ? new FileTaoError('not-found', 'no object of this CID is stored here')
    : new FileTaoError('forbidden', 'this object belongs to another hotkey');
}

export async function deleteObject(context: ApiContext, text: string, owner: PublicKey) {
  const { cid, pieceIds } = await requireOwned(context, text, owner);
  await context.index.deleteObject({ cid, owner });
  context.background.start('could not take a deleted object off its miners', async (signal) => {
    for (const pieceId of new Set(pieceIds)) {
      if (signal.aborted) return;
      await context.pieceTurns.take(pieceId, () => dropUnclaimed(context, pieceId));
    }
  });
  return { cid, deleted: true };
}

/** A miner that cannot be reached drops the replica by itself when it expires; it is asked for no more. */
async function dropUnclaimed(context: ApiContext, pieceId: PieceId): Promise<void> {
  const { index, log } = context;
  if ((await index.objectsOfPiece(pieceId)).length > 0) return;
  for (const replica of await index.replicasOfPiece(pieceId)) {
    try {
      await deleteReplicaOn(context, replica);
    } catch (error) {
      const { code, message } = toFileTaoError(error);
      log.warn({ miner: replica.minerKey, code, detail: message }, 'a miner did not delete');
      await index.removeReplica(replica);
    }
  }
  await index.removePiece(pieceId, Number.MAX_SAFE_INTEGER);
}

/** Moves the expiry of the owner's claim; the manifest keeps the date its owner signed. */
export async function renewObject(context: ApiContext, text: string, owner: PublicKey, expiry: number) {
  requireExpiry(context, expiry);
  const object = await requireOwned(context, text, owner);
  if (expiry > object.expiry) {
    const { fewest } = await keepUntil(context, object.pieceIds, expiry, object.redundancy.copies);
    if (fewest < 1)
      throw new FileTaoError('partial', 'no replica of a piece could be renewed: try again', {
        details: { replicas: 0, copies: object.redundancy.copies },
      });
    await context.index.putObject({ ...object, expiry });
  }
  return { cid: object.cid, expiry: Math.max(expiry, object.expiry) };
}

/** Of the caller's own claim, if it has one; else of the one by which the object is served. */
export async function statusOf(context: ApiContext, text: string, caller: PublicKey) {
  const object = await requireObject(context, text, caller);
  const { cid, size, owner, storedAt, expiry, redundancy } = object;
  const status = await objectStatus(context, object);
  return {
    cid,
    size,
    owner: encodeSs58(fromHex(owner)),
    storedAt,
    expiry,
    copies: redundancy.copies,
    ...status,
  };
}

export async function listObjects(
  context: ApiContext,
  owner: PublicKey,
  cursor: string | null,
  limit: number,
) {
  const { items, next } = await context.index.listObjectsOf(owner, cursor, limit);
  const objects = [];
  for (const object of items) {
    const { cid, size, storedAt, expiry } = object;
    const { health, replicas } = await objectStatus(context, object);
    objects.push({ cid, size, storedAt, expiry, health, replicas });
  }
  return { objects, next };
}
