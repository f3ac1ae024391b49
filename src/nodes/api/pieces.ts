// Pieces from users: received and checked against their id, stored on miners, and only then confirmed. A piece is named
// by its hash, so sending it again after an interruption changes nothing. Small ones stay in memory, large ones are
// received into the spool.

import { randomUUID } from 'node:crypto';
import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { PartReader } from '../../adapters/rpc/wire.js';
import { encodeSs58 } from '../../domain/identity/ss58.js';
import { equalBytes, fromHex, type PieceId, type PublicKey } from '../../domain/model/bytes.js';
import { FileTaoError } from '../../domain/model/errors.js';
import type { ReplicaRecord } from '../../domain/model/records.js';
import { unixSeconds } from '../../domain/ports/clock.js';
import { renewShort } from '../validator/renewing.js';
import { heldPieceBytesMax, type PieceSource, placePiece } from '../validator/storing.js';
import type { ApiContext } from './context.js';

/** Addresses written before: their checksums took 3 % of the time of storing a small piece. */
const addresses = new Map<PublicKey, string>();
const addressesMax = 10_000;

function addressOf(key: PublicKey): string {
  const known = addresses.get(key);
  if (known !== undefined) return known;
  if (addresses.size >= addressesMax) addresses.clear();
  const address = encodeSs58(fromHex(key));
  addresses.set(key, address);
  return address;
}

/** ss58 of the miners, each once. */
export const hotkeysOf = (replicas: readonly ReplicaRecord[]): string[] =>
  [...new Set(replicas.map(({ minerKey }) => addressOf(minerKey)))].sort();

export const activeReplicas = async (
  context: ApiContext,
  pieceId: PieceId,
): Promise<readonly ReplicaRecord[]> =>
  (await context.index.replicasOfPiece(pieceId)).filter((replica) => replica.state === 'active');

/** What a caller wants of a piece. */
export interface PieceTerms {
  readonly copies: number;
  /** With how many it is content, where the miners do not give more; `copies` unless it said so. */
  readonly minCopies: number;
  /** Unix seconds. */
  readonly expiry: number;
}

/** Takes a piece's bytes and stores them; resolves with the replicas there are, `minCopies` at least. */
export async function receivePiece(
  context: ApiContext,
  pieceId: PieceId,
  size: number,
  terms: PieceTerms,
  body: AsyncIterable<Uint8Array>,
): Promise<readonly ReplicaRecord[]> {
  const { expiry } = terms;
  if (size <= heldPieceBytesMax) {
    const bytes = await new PartReader(body).takeRest(size);
    checkReceived(pieceId, size, bytes.length, context.core.hash(bytes));
    return placeReceived(context, { pieceId, size, expiry, bytes }, terms);
  }
  const leave = await context.spoolGate.enter(size);
  const path = join(context.spoolDirectory, `${pieceId}-${randomUUID()}`);
  try {
    await spool(context, path, pieceId, size, body);
    return await placeReceived(context, { pieceId, size, expiry, path }, terms);
  } finally {
    await rm(path, { force: true });
    leave();
  }
}

/** Stores a piece whose bytes are known to be those of its id. */
export function placeReceived(
  context: ApiContext,
  piece: PieceSource,
  { copies, minCopies, expiry }: PieceTerms,
): Promise<readonly ReplicaRecord[]> {
  const { pieceId, size } = piece;
  return context.pieceTurns.take(pieceId, async () => {
    const ends = AbortSignal.timeout(context.storeMs);
    try {
      const storedAt = unixSeconds(context.clock);
      await Promise.all([
        context.index.putPiece({ pieceId, size, copies, expiry, storedAt }),
        renewShort(context, pieceId, expiry),
      ]);
      const { replicas, failures } = await placePiece(context, piece, copies, context.failures, ends);
      if (replicas.length >= minCopies) return replicas;
      const reasons = failures.map(({ reason }) => reason).join(', ');
      throw new FileTaoError(
        replicas.length === 0 ? 'too-few-miners' : 'partial',
        replicas.length + failures.length === 0
          ? 'no miner is registered and reachable: start miners, or wait until they have announced their address'
          : `${replicas.length} of ${copies} replicas could be stored: ${reasons || 'there are not enough miners'}; ` +
              'start more miners or ask for fewer replicas',
        { details: { replicas: replicas.length, copies } },
      );
    } catch (error) {
      if (!ends.aborted) throw error;
      // What was stored in time counts, and is found there by the next try.
      const stored = await lastingReplicas(context, pieceId, expiry);
      if (stored.length >= minCopies) return stored;
      throw new FileTaoError(
        'timeout',
        `${stored.length} of ${copies} replicas were stored within ${context.storeMs / 1000} s: send the piece again`,
        { details: { replicas: stored.length, copies }, cause: error },
      );
    }
  });
}

export const lastingReplicas = async (
  context: ApiContext,
  pieceId: PieceId,
  expiry: number,
): Promise<readonly ReplicaRecord[]> =>
  (await activeReplicas(context, pieceId)).filter((replica) => replica.expiry >= expiry);

/** Writes the body to the spool while hashing it; throws `root-mismatch` for other bytes than the id names. */
async function spool(
  context: ApiContext,
  path: string,
  pieceId: PieceId,
  size: number,
  body: AsyncIterable<Uint8Array>,
): Promise<void> {
  const hasher = context.core.createHasher({ kind: 'hash' });
  const file = await open(path, 'wx', 0o600);
  let received = 0;
  try {
    for await (const part of body) {
      received += part.length;
      if (received > size) throw new FileTaoError('bad-message', 'more bytes than Content-Length says');
      hasher.update(part);
      await file.writeFile(part);
    }
  } finally {
    await file.close();
  }
  checkReceived(pieceId, size, received, hasher.digest());
}

function checkReceived(pieceId: PieceId, size: number, received: number, digest: Uint8Array): void {
  if (received !== size)
    throw new FileTaoError('bad-message', `the body ended after ${received} of ${size} bytes`);
  if (!equalBytes(digest, fromHex(pieceId))) {
    throw new FileTaoError('root-mismatch', 'the bytes are not those of the piece id: send the piece again');
  }
}
