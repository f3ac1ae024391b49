// Sending an object's bytes, whole or a range (RFC 9110, sections 13 and 14), verified while they flow: each piece
// against its id, and a whole object against its CID. The end of an object whose digest is another one is held back,
// so that nobody takes it for complete; the next request tries another owner's claim on the same CID.

import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { cidOfDigest, objectCid } from '../../domain/content/cid.js';
import { pieceLength } from '../../domain/content/manifest.js';
import type { Cid, PublicKey } from '../../domain/model/bytes.js';
import { limits } from '../../domain/model/constants.js';
import { FileTaoError } from '../../domain/model/errors.js';
import type { ObjectRecord } from '../../domain/model/records.js';
import { unixSeconds } from '../../domain/ports/clock.js';
import { fetchPiece } from '../validator/fetching.js';
import { heldPieceBytesMax } from '../validator/storing.js';
import type { ApiContext } from './context.js';

/** Milliseconds that a user waits for others, beside the time its first piece may take. */
const queueMs = 30_000;
const busyDetails = { details: { retryAfter: 2 } };

const claimName = ({ cid, owner }: ObjectRecord): string => `${cid} ${owner}`;

/**
 * The claim by which an object is served: the caller's own; else the oldest whose bytes were not found to be others,
 * so that nobody moves in front of an owner by claiming its CID for other bytes. Throws `not-found` where nobody
 * claims it, `expired` where every claim has run out.
 * @param caller who signed the request; null where nobody did
 */
export async function requireObject(
  context: ApiContext,
  text: string,
  caller: PublicKey | null,
): Promise<ObjectRecord> {
  const cid = objectCid(text);
  const now = unixSeconds(context.clock);
  const own = caller === null ? null : await context.index.getObject({ cid, owner: caller });
  if (own !== null && own.expiry > now && !context.falseClaims.has(claimName(own))) return own;
  const claims = await context.index.claimsOf(cid, limits.claimsPerObject);
  if (claims.length === 0) throw new FileTaoError('not-found', 'no object of this CID is stored here');
  const lasting = claims
    .filter(({ expiry }) => expiry > now)
    .sort((first, second) => first.storedAt - second.storedAt);
  if (lasting.length === 0) throw new FileTaoError('expired', 'the object has expired');
  return lasting.find((claim) => !context.falseClaims.has(claimName(claim))) ?? lasting[0]!;
}

/** Answers with the object's bytes as the request's method, conditions and range ask for. */
export async function sendObject(
  context: ApiContext,
  object: ObjectRecord,
  request: FastifyRequest,
  reply: FastifyReply,
  etag = `"${object.cid}"`,
): Promise<unknown> {
  const { headers, method } = request;
  reply.header('etag', etag).header('accept-ranges', 'bytes');
  if (!reply.hasHeader('content-type')) reply.type('application/octet-stream');
  const matches = (list: string): boolean =>
    list.split(',').some((tag) => tag.trim() === '*' || tag.trim().replace(/^W\//, '') === etag);
  if (headers['if-match'] !== undefined && !matches(headers['if-match']))
    throw new FileTaoError('precondition', 'the object is another one than If-Match names');
  if (headers['if-none-match'] !== undefined && matches(headers['if-none-match']))
    return reply.code(304).removeHeader('content-type').send();
  const ifRange = headers['if-range'];
  const isRangeMeant = ifRange === undefined || ifRange === etag;
  const range = isRangeMeant ? readRange(headers.range, object.size) : null;
  if (range === 'unsatisfiable') {
    reply.header('content-range', `bytes */${object.size}`);
    throw new FileTaoError('bad-range', `the object has ${object.size} bytes: the range lies outside`);
  }
  const { start, end } = range ?? { start: 0, end: object.size };
  reply.header('content-length', end - start);
  if (range !== null) {
    reply.code(206).header('content-range', `bytes ${start}-${end - 1}/${object.size}`);
  }
  if (method === 'HEAD' || start === end) return reply.send();
  const gone = new AbortController();
  const startedAtMs = context.clock.now();
  let sent = 0;
  reply.raw.once('close', () => {
    gone.abort(new FileTaoError('cancelled', 'the user has gone'));
    const elapsedMs = context.clock.now() - startedAtMs;
    const seen = { cid: object.cid, bytes: sent, complete: sent === end - start, startedAtMs, elapsedMs };
    context.observer?.transfer?.({ direction: 'download', ...seen });
  });
  const parts = verifiedParts(context, object, start, end, gone.signal);
  // The first bytes are at hand before the status goes out, so that a lost object is a clean error; so is a node that
  // others keep busy for longer than this user's connection may be idle.
  const waiting = setTimeout(
    () => gone.abort(new FileTaoError('busy', 'others are being served: ask again', busyDetails)),
    context.retrieveMs + queueMs,
  );
  const first = await parts.next().finally(() => clearTimeout(waiting));
  const body = (async function* () {
    try {
      for (let part = first; !part.done; part = await parts.next()) {
        yield part.value;
        sent += part.value.length;
      }
    } finally {
      await parts.return(undefined);
    }
  })();
  return reply.send(Readable.from(body, { objectMode: false, highWaterMark: 1 }));
}

/** Bytes [start, end); of a whole object the last part only once the digest of all is that of the CID. */
async function* verifiedParts(
  context: ApiContext,
  object: ObjectRecord,
  start: number,
  end: number,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const parts = objectParts(context, object, start, end, signal);
  if (start > 0 || end < object.size) {
    yield* parts;
    return;
  }
  const hash = createHash('sha256');
  let held: Uint8Array | null = null;
  for await (const part of parts) {
    if (held !== null) yield held;
    hash.update(part);
    held = part;
  }
  const found: Cid = cidOfDigest(hash.digest());
  if (found !== object.cid) {
    context.falseClaims.add(claimName(object));
    context.log.warn({ cid: object.cid, owner: object.owner, found }, 'a manifest names another CID');
    throw new FileTaoError('integrity', 'the stored bytes are not those of the CID: its owner put others');
  }
  if (held !== null) yield held;
}

export interface Held {
  parts(from: number, to: number): AsyncIterable<Uint8Array>;
  leave(): void;
}

/** Pieces verified against their ids; the next one is fetched while one is sent. */
async function* objectParts(
  context: ApiContext,
  object: ObjectRecord,
  start: number,
  end: number,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const { pieceSize, size } = object;
  const firstIndex = Math.floor(start / pieceSize);
  const lastIndex = Math.ceil(end / pieceSize) - 1;
  let coming: Promise<Held> | null = takePiece(context, object, firstIndex, signal);
  try {
    for (let index = firstIndex; index <= lastIndex; index++) {
      const piece: Held = await coming!;
      coming = index < lastIndex ? takePiece(context, object, index + 1, signal) : null;
      coming?.catch(() => {});
      try {
        const from = Math.max(0, start - index * pieceSize);
        yield* piece.parts(from, Math.min(pieceLength(size, pieceSize, index), end - index * pieceSize));
      } finally {
        piece.leave();
      }
    }
  } finally {
    coming?.then(
      ({ leave }) => leave(),
      () => {},
    );
  }
}

export async function takePiece(
  context: ApiContext,
  { pieceIds, pieceSize, size }: ObjectRecord,
  index: number,
  signal: AbortSignal,
): Promise<Held> {
  const pieceId = pieceIds[index]!;
  const length = pieceLength(size, pieceSize, index);
  // Pieces of one object in buffers of one size, which serve again.
  const fetch = async (stop?: AbortSignal) => {
    const { buffer, leave } = await context.pieceBuffers.take(Math.min(pieceSize, size));
    try {
      const ends = AbortSignal.timeout(context.retrieveMs);
      const both = stop === undefined ? ends : AbortSignal.any([ends, stop]);
      return { data: (await fetchPiece(context, pieceId, both, buffer)).data, leave };
    } catch (error) {
      leave();
      throw error;
    }
  };
  if (length > heldPieceBytesMax) return context.pieceCache.take(pieceId, length, fetch, signal);
  const { data, leave } = await fetch(signal);
  const copy = data.slice();
  leave();
  return {
    async *parts(from, to) {
      yield copy.subarray(from, to);
    },
    leave() {},
  };
}

/** One byte range of RFC 9110, section 14; null for none or several, which are answered whole. */
function readRange(
  header: string | undefined,
  size: number,
): { readonly start: number; readonly end: number } | 'unsatisfiable' | null {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header ?? '');
  if (match === null || (match[1] === '' && match[2] === '')) return null;
  if (match[1] === '') {
    const length = Math.min(Number(match[2]), size);
    return length === 0 ? 'unsatisfiable' : { start: size - length, end: size };
  }
  const start = Number(match[1]);
  const end = match[2] === '' ? size : Math.min(Number(match[2]) + 1, size);
  if (start >= size) return 'unsatisfiable';
  return end <= start ? null : { start, end };
}
