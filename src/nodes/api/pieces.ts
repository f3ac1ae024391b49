// Pieces from users: received into the spool, checked against their id, stored on miners, and only then
// confirmed. A piece is named by its hash, so sending it again after an interruption changes nothing.

import { randomUUID } from 'node:crypto';
import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { FastifyRequest } from 'fastify';
import { bodyParts, contentLength, type NodeServer } from '../../adapters/rpc/server.js';
import { encodeSs58 } from '../../domain/identity/ss58.js';
import { equalBytes, fromHex, isHex32, type PieceId } from '../../domain/model/bytes.js';
import { defaults, limits } from '../../domain/model/constants.js';
import { FileTaoError } from '../../domain/model/errors.js';
import type { ReplicaRecord } from '../../domain/model/records.js';
import { unixSeconds } from '../../domain/ports/clock.js';
import { renewShort } from '../validator/renewing.js';
import { placePiece } from '../validator/storing.js';
import { authorise, requireExpiry } from './access.js';
import type { ApiContext } from './context.js';

export const replicasHeader = 'filetao-replicas';

export const hotkeysOf = (replicas: readonly ReplicaRecord[]): string[] =>
  [...new Set(replicas.map((replica) => encodeSs58(fromHex(replica.minerKey))))].sort();

export const activeReplicas = async (
  context: ApiContext,
  pieceId: PieceId,
): Promise<readonly ReplicaRecord[]> =>
  (await context.index.replicasOfPiece(pieceId)).filter((replica) => replica.state === 'active');

interface PieceQuery {
  readonly copies: number;
  readonly expiry: number;
}

export function addPieceRoutes({ app }: NodeServer, context: ApiContext): void {
  app.head<{ Params: { pieceId: string } }>('/pieces/:pieceId', async (request, reply) => {
    authorise(context, request);
    const pieceId = pieceIdFrom(request.params.pieceId);
    const { copies } = readQuery(request, context);
    const replicas = await activeReplicas(context, pieceId);
    if (replicas.length < copies) throw new FileTaoError('not-found', 'the piece is not stored that often');
    return reply.header(replicasHeader, String(replicas.length)).send();
  });

  app.put<{ Params: { pieceId: string } }>('/pieces/:pieceId', async (request) => {
    authorise(context, request);
    const pieceId = pieceIdFrom(request.params.pieceId);
    const { copies, expiry } = readQuery(request, context);
    requireExpiry(context, expiry);
    const size = contentLength(request);
    if (size === null) throw new FileTaoError('length-required', 'Content-Length is missing');
    if (size < 1 || size > limits.replicaSizeMax) {
      throw new FileTaoError(
        'too-large',
        `a piece has 1 byte to ${limits.replicaSizeMax} bytes, not ${size}`,
      );
    }
    const replicas = await storePiece(context, pieceId, size, copies, expiry, bodyParts(request));
    return { pieceId, replicas: replicas.length, hotkeys: hotkeysOf(replicas) };
  });
}

async function storePiece(
  context: ApiContext,
  pieceId: PieceId,
  size: number,
  copies: number,
  expiry: number,
  body: AsyncIterable<Uint8Array>,
): Promise<readonly ReplicaRecord[]> {
  const leave = await context.spoolGate.enter(size);
  const path = join(context.spoolDirectory, `${pieceId}-${randomUUID()}`);
  try {
    await spool(context, path, pieceId, size, body);
    await context.index.putPiece({ pieceId, size, copies, expiry, storedAt: unixSeconds(context.clock) });
    await renewShort(context, pieceId, expiry);
    const { replicas, failures } = await placePiece(
      context,
      { pieceId, size, path, expiry },
      copies,
      context.failures,
    );
    if (replicas.length >= copies) return replicas;
    const reasons = failures.map(({ reason }) => reason).join(', ');
    throw new FileTaoError(
      replicas.length === 0 ? 'too-few-miners' : 'partial',
      replicas.length + failures.length === 0
        ? 'no miner is registered and reachable: start miners, or wait until they have announced their address'
        : `${replicas.length} of ${copies} replicas could be stored: ${reasons || 'there are not enough miners'}; ` +
            'start more miners or ask for fewer replicas',
      { details: { replicas: replicas.length, copies } },
    );
  } finally {
    await rm(path, { force: true });
    leave();
  }
}

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
  try {
    let received = 0;
    for await (const part of body) {
      received += part.length;
      if (received > size) throw new FileTaoError('bad-message', 'more bytes than Content-Length says');
      hasher.update(part);
      await file.writeFile(part);
    }
    if (received !== size)
      throw new FileTaoError('bad-message', `the body ended after ${received} of ${size} bytes`);
  } finally {
    await file.close();
  }
  if (!equalBytes(hasher.digest(), fromHex(pieceId))) {
    throw new FileTaoError('root-mismatch', 'the bytes are not those of the piece id: send the piece again');
  }
}

function pieceIdFrom(text: string): PieceId {
  if (!isHex32(text)) throw new FileTaoError('bad-input', 'a piece id has 64 lower-case hex digits');
  return text as PieceId;
}

function readQuery(request: FastifyRequest, context: ApiContext): PieceQuery {
  const query = request.query as Readonly<Record<string, unknown>>;
  const read = (name: string, fallback: number, max: number): number => {
    const value = query[name];
    if (value === undefined) return fallback;
    const number = typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : Number.NaN;
    if (!(number >= 1 && number <= max)) throw new FileTaoError('bad-input', `${name}: expected 1 to ${max}`);
    return number;
  };
  return {
    copies: read('copies', context.replicas, limits.replicasMax),
    expiry: read('expiry', unixSeconds(context.clock) + defaults.userDataSeconds, 1e12),
  };
}
