// Objects: the owner's signed manifest ties pieces together; downloads stream verified pieces, turning to
// another replica in mid-stream when one fails.

import { Readable } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { bodyParts, contentLength, type NodeServer } from '../../adapters/rpc/server.js';
import { PartReader } from '../../adapters/rpc/wire.js';
import { objectCid } from '../../domain/content/cid.js';
import { checkManifest, manifestKind } from '../../domain/content/manifest.js';
import { openSealed } from '../../domain/identity/sealed.js';
import { type Cid, equalBytes, pieceIdOf, publicKeyOf } from '../../domain/model/bytes.js';
import { limits } from '../../domain/model/constants.js';
import { FileTaoError } from '../../domain/model/errors.js';
import type { ObjectRecord } from '../../domain/model/records.js';
import { unixSeconds } from '../../domain/ports/clock.js';
import { type FetchedPiece, fetchPiece } from '../validator/fetching.js';
import { renewShort } from '../validator/renewing.js';
import { authorise, authoriseBody, requireExpiry } from './access.js';
import type { ApiContext } from './context.js';
import { activeReplicas, hotkeysOf } from './pieces.js';

/** Bytes handed to the stream at once. */
const sliceSize = 256 * 1024;
const manifestType = 'application/vnd.filetao.manifest';

export function addObjectRoutes({ app }: NodeServer, context: ApiContext): void {
  app.post('/objects', async (request, reply) => {
    const authorised = authorise(context, request);
    const length = contentLength(request);
    if (length === null) throw new FileTaoError('length-required', 'Content-Length is missing');
    if (length > limits.manifestBytesMax) throw new FileTaoError('too-large', 'the manifest is too large');
    const sealed = await new PartReader(bodyParts(request)).takeRest(length);
    authoriseBody(context, authorised, sealed);
    const answer = await putObject(context, sealed, authorised?.sender ?? null);
    return reply.code(201).send(answer);
  });

  app.get<{ Params: { cid: string } }>('/objects/:cid/manifest', async (request, reply) => {
    authorise(context, request);
    const object = await requireObject(context, request.params.cid);
    return reply.type(manifestType).send(Buffer.from(object.manifest));
  });

  app.get<{ Params: { cid: string } }>('/objects/:cid', async (request, reply) => {
    authorise(context, request);
    return sendObject(context, await requireObject(context, request.params.cid), request, reply);
  });
}

async function putObject(context: ApiContext, sealed: Uint8Array, sender: string | null) {
  const manifest = openSealed(manifestKind, sealed, context.verify);
  const { value } = manifest;
  checkManifest(value);
  if (!equalBytes(value.genesis, context.party.genesis) || value.netuid !== context.party.netuid) {
    throw new FileTaoError('wrong-network', 'the manifest is for another network');
  }
  const owner = publicKeyOf(value.owner);
  if (sender !== null && sender !== owner)
    throw new FileTaoError('forbidden', 'the manifest is signed by another hotkey');
  const now = unixSeconds(context.clock);
  requireExpiry(context, value.expiry);
  const { copies } = value.redundancy;
  const hotkeys = new Set<string>();
  let fewest = Number.POSITIVE_INFINITY;
  for (const id of value.pieceIds) {
    // Pieces of an interrupted put were stored for an earlier expiry. What cannot be renewed does not count.
    await renewShort(context, pieceIdOf(id), value.expiry);
    const replicas = (await activeReplicas(context, pieceIdOf(id))).filter(
      (replica) => replica.expiry >= value.expiry,
    );
    fewest = Math.min(fewest, replicas.length);
    for (const hotkey of hotkeysOf(replicas)) hotkeys.add(hotkey);
    // Stored before for an object that wished for fewer copies, or a shorter time: repair looks at the piece.
    const piece = await context.index.getPiece(pieceIdOf(id));
    if (piece !== null && (piece.copies < copies || piece.expiry < value.expiry))
      await context.index.putPiece({ ...piece, copies, expiry: value.expiry });
  }
  if (fewest < copies) {
    throw new FileTaoError('partial', `a piece has ${fewest} of ${copies} replicas: send it again`, {
      details: { replicas: fewest, copies },
    });
  }
  const record: ObjectRecord = {
    cid: value.cid as Cid,
    size: value.size,
    pieceSize: value.pieceSize,
    pieceIds: value.pieceIds.map(pieceIdOf),
    redundancy: value.redundancy,
    owner,
    expiry: value.expiry,
    storedAt: now,
    manifest: sealed,
  };
  await context.index.putObject(record);
  const replicas = value.pieceIds.length === 0 ? copies : fewest;
  return { cid: record.cid, replicas, hotkeys: [...hotkeys].sort() };
}

async function requireObject(context: ApiContext, text: string): Promise<ObjectRecord> {
  const [object] = await context.index.claimsOf(objectCid(text), limits.claimsPerObject);
  if (object === undefined) throw new FileTaoError('not-found', 'no object of this CID is stored here');
  if (object.expiry <= unixSeconds(context.clock))
    throw new FileTaoError('expired', 'the object has expired');
  return object;
}

async function sendObject(
  context: ApiContext,
  object: ObjectRecord,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<unknown> {
  const range = readRange(request.headers.range, object.size);
  reply.header('etag', `"${object.cid}"`).header('accept-ranges', 'bytes').type('application/octet-stream');
  if (range === 'unsatisfiable') {
    return reply.code(416).header('content-range', `bytes */${object.size}`).send();
  }
  const { start, end } = range ?? { start: 0, end: object.size };
  reply.header('content-length', end - start);
  if (range !== null) {
    reply.code(206).header('content-range', `bytes ${start}-${end - 1}/${object.size}`);
  }
  if (request.method === 'HEAD' || start === end) return reply.send();
  const abort = new AbortController();
  reply.raw.once('close', () => abort.abort());
  const parts = objectParts(context, object, start, end, abort.signal);
  // The first piece is fetched before the status goes out, so that a lost object is a clean error.
  const first = await parts.next();
  const body = (async function* () {
    try {
      if (!first.done) yield first.value;
      yield* parts;
    } finally {
      await parts.return(undefined);
    }
  })();
  return reply.send(Readable.from(body, { objectMode: false }));
}

/** Verified bytes [start, end); the next piece is fetched while one is sent. */
async function* objectParts(
  context: ApiContext,
  object: ObjectRecord,
  start: number,
  end: number,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const { pieceSize, pieceIds, size } = object;
  const firstIndex = Math.floor(start / pieceSize);
  const lastIndex = Math.ceil(end / pieceSize) - 1;
  interface Held {
    readonly piece: FetchedPiece;
    readonly leave: () => void;
  }
  const fetch = async (index: number): Promise<Held> => {
    // All pieces of an object in buffers of one size, which serve again.
    const { buffer, leave } = await context.pieceBuffers.take(Math.min(pieceSize, size));
    try {
      signal.throwIfAborted();
      return { piece: await fetchPiece(context, pieceIds[index]!, signal, buffer), leave };
    } catch (error) {
      leave();
      throw error;
    }
  };
  let coming: Promise<Held> | null = fetch(firstIndex);
  try {
    for (let index = firstIndex; index <= lastIndex; index++) {
      const { piece, leave }: Held = await coming!;
      coming = index < lastIndex ? fetch(index + 1) : null;
      coming?.catch(() => {});
      const from = Math.max(0, start - index * pieceSize);
      const to = Math.min(piece.data.length, end - index * pieceSize);
      try {
        // In copied slices: the stream asks for the next one before the last has left.
        for (let at = from; at < to; at += sliceSize) {
          yield piece.data.slice(at, Math.min(to, at + sliceSize));
        }
      } finally {
        leave();
      }
    }
  } finally {
    coming?.then(
      ({ leave }) => leave(),
      () => {},
    );
  }
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
