// The user routes of an API node: what each takes, who may ask, and who does the work.

import { type NodeServer, problemOf } from '../../adapters/rpc/server.js';
import {
  groupedObjectBytesMax,
  groupObjectsMax,
  groupRequestBytesMax,
  objectGroupPath,
  objectGroupType,
} from '../../domain/content/object-group.js';
import { encodeSs58 } from '../../domain/identity/ss58.js';
import { toHex } from '../../domain/model/bytes.js';
import { limits } from '../../domain/model/constants.js';
import { FileTaoError } from '../../domain/model/errors.js';
import { authorise, authoriseBody, authoriseOwner, callerKey, countMore } from './access.js';
import { addAppRoutes } from './app-files.js';
import type { ApiContext } from './context.js';
import { requireObject, sendObject } from './downloads.js';
import { rawBlockType, sendRawBlock } from './ipfs.js';
import { framesOf, storeGroup } from './object-group.js';
import { deleteObject, listObjects, putManifest, renewObject, statusOf } from './objects.js';
import { describeRoutes } from './openapi.js';
import { addPieceRoutes } from './piece-routes.js';
import { provedRange, type WantedChunks } from './proved-range.js';
import { octetStream, readBody } from './request-body.js';
import * as schemas from './route-schemas.js';
import { addUploadRoutes } from './upload-routes.js';
import type { Uploads } from './uploads.js';

const manifestType = 'application/vnd.filetao.manifest';
const jsonBytesMax = 4096;

interface CidRequest {
  Params: { cid: string };
}

export function addUserRoutes({ app }: NodeServer, context: ApiContext, uploads: Uploads): void {
  const openapi = describeRoutes(app, context.version);
  addNodeRoutes(app, context, openapi);
  addPieceRoutes(app, context);
  addObjectRoutes(app, context);
  addOwnerRoutes(app, context);
  addGatewayRoute(app, context);
  addUploadRoutes(app, uploads);
  addAppRoutes(app);
}

type App = NodeServer['app'];

function addNodeRoutes(app: App, context: ApiContext, openapi: () => unknown): void {
  const { chain, party, version, pieceSize, replicas, dataTtl } = context;
  const about = { summary: 'Who the node is and how it stores' };
  app.get('/v1/info', { schema: { response: { 200: schemas.info } }, config: { about } }, async () => ({
    version,
    role: 'api',
    network: chain.network,
    netuid: party.netuid,
    genesis: toHex(party.genesis),
    hotkey: encodeSs58(party.publicKey),
    hotkeyHex: toHex(party.publicKey),
    pieceSize,
    replicas,
    dataTtl,
    blockNumber: (await context.view.head()).number,
  }));
  app.get('/openapi.json', async () => openapi());
}

function addObjectRoutes(app: App, context: ApiContext): void {
  app.post<{ Querystring: { min_copies?: number } }>(
    '/objects',
    {
      schema: { querystring: schemas.objectQuery, response: { 201: schemas.storedObject } },
      config: {
        about: {
          summary: 'Make an object of stored pieces, or renew it',
          description:
            'The body is the manifest as its owner signed it. One with a later expiry renews the object.',
          consumes: manifestType,
        },
      },
    },
    async (request, reply) => {
      const authorised = authorise(context, request);
      const sealed = await readBody(request, limits.manifestBytesMax);
      authoriseBody(context, authorised, sealed);
      const { min_copies: minCopies } = request.query;
      const answer = await putManifest(context, sealed, authorised?.sender ?? null, minCopies);
      return reply.code(201).send(answer);
    },
  );
  app.post(
    objectGroupPath,
    {
      schema: { response: { 200: schemas.objectGroup } },
      config: {
        about: {
          summary: 'Store many small objects in one request',
          description:
            `Up to ${groupObjectsMax} objects of one piece of at most ${groupedObjectBytesMax} bytes, each a frame behind its u32 little-endian length: ` +
            'u32 little-endian length of the manifest, the manifest as its owner signed it, the bytes of the piece. Each is stored and answered, or refused, by itself, in the order they came.',
          consumes: objectGroupType,
        },
      },
    },
    async (request) => {
      const authorised = authorise(context, request);
      const body = await readBody(request, groupRequestBytesMax);
      authoriseBody(context, authorised, body);
      const frames = framesOf(body);
      countMore(context, request, authorised, frames.length - 1);
      const results = await storeGroup(context, frames, authorised?.sender ?? null);
      return {
        objects: results.map((result) => ('stored' in result ? result.stored : problemOf(result.failure))),
      };
    },
  );
  // HEAD is a method of its own: Fastify's own HEAD of a GET says that nothing has 0 bytes.
  app.route<CidRequest>({
    method: ['GET', 'HEAD'],
    url: '/objects/:cid',
    schema: { params: schemas.cidParams },
    config: {
      about: {
        summary: 'The bytes of an object, whole or a range',
        description:
          'Every piece is verified before it is sent, and a whole object against its CID: the end of one that is another is held back.',
        requestHeaders: {
          Range: 'One range of bytes',
          'If-Match': 'ETag the object must have',
          'If-None-Match': 'ETag for which 304 will do',
          'If-Range': 'ETag for which the range is meant',
        },
        produces: [
          [200, octetStream, 'The whole object'],
          [206, octetStream, 'The range'],
          [304, null, 'Not modified'],
        ],
        responseHeaders: { ETag: 'The CID in quotes', 'Accept-Ranges': 'bytes' },
      },
    },
    handler: async (request, reply) => {
      const caller = authorise(context, request)?.sender ?? null;
      return sendObject(context, await requireObject(context, request.params.cid, caller), request, reply);
    },
  });
  app.get<CidRequest>(
    '/objects/:cid/manifest',
    {
      schema: { params: schemas.cidParams },
      config: {
        about: {
          summary: 'The manifest of an object, as its owner signed it',
          produces: [[200, manifestType, 'Signature and DAG-CBOR body']],
        },
      },
    },
    async (request, reply) => {
      const caller = authorise(context, request)?.sender ?? null;
      const { manifest } = await requireObject(context, request.params.cid, caller);
      return reply.type(manifestType).send(Buffer.from(manifest));
    },
  );
  app.get<CidRequest & { Querystring: WantedChunks }>(
    '/objects/:cid/proof',
    {
      schema: { params: schemas.cidParams, querystring: schemas.proofQuery },
      config: {
        about: {
          summary: 'Some bytes of an object with what proves them to the manifest',
          description:
            'Chunks of 1 KiB of one piece, then the BLAKE3 multiproof (32 bytes a node, left before right) by which they lead to its pieceId.',
          produces: [[200, octetStream, 'Chunks and multiproof']],
        },
      },
    },
    async (request, reply) => {
      const caller = authorise(context, request)?.sender ?? null;
      const object = await requireObject(context, request.params.cid, caller);
      const gone = new AbortController();
      reply.raw.once('close', () => gone.abort(new FileTaoError('cancelled', 'the user has gone')));
      const proved = await provedRange(context, object, request.query, gone.signal);
      return reply.type(octetStream).send(Buffer.from(proved.buffer, proved.byteOffset, proved.length));
    },
  );
  app.get<CidRequest>(
    '/objects/:cid/status',
    {
      schema: { params: schemas.cidParams, response: { 200: schemas.status } },
      config: { about: { summary: 'Replicas, proofs and health of an object' } },
    },
    async (request) => {
      const caller = callerKey(context, authorise(context, request));
      return statusOf(context, request.params.cid, caller);
    },
  );
}

function addOwnerRoutes(app: App, context: ApiContext): void {
  app.get<{ Querystring: { cursor?: string; limit: number } }>(
    '/objects',
    {
      schema: { querystring: schemas.listQuery, response: { 200: schemas.listing } },
      config: {
        about: {
          summary: 'The objects of the caller, by CID',
          description:
            'Of the hotkey that signed; of the node itself where an open node is asked without a signature.',
        },
      },
    },
    async (request) => {
      const owner = callerKey(context, authorise(context, request));
      const { cursor = null, limit } = request.query;
      return listObjects(context, owner, cursor, limit);
    },
  );
  app.delete<CidRequest>(
    '/objects/:cid',
    {
      schema: { params: schemas.cidParams, response: { 200: schemas.deleted } },
      config: {
        about: {
          summary: 'Give up an object',
          description:
            'Only its owner may. Replicas that no other object or owner needs are taken off their miners.',
          ownerOnly: true,
        },
      },
    },
    async (request) => {
      const { sender } = authoriseOwner(context, request);
      return deleteObject(context, request.params.cid, sender);
    },
  );
  app.post<CidRequest>(
    '/objects/:cid/renew',
    {
      schema: { params: schemas.cidParams, response: { 200: schemas.renewed } },
      config: {
        about: {
          summary: 'Keep an object longer',
          description:
            'Only its owner may. The body is {"expiry": unix seconds}; an earlier date changes nothing.',
          consumes: 'application/json',
          ownerOnly: true,
        },
      },
    },
    async (request) => {
      const authorised = authoriseOwner(context, request);
      const body = await readBody(request, jsonBytesMax);
      authoriseBody(context, authorised, body);
      return renewObject(context, request.params.cid, authorised.sender, expiryIn(body));
    },
  );
}

function addGatewayRoute(app: App, context: ApiContext): void {
  app.route<{ Params: { cid: string }; Querystring: { format?: string } }>({
    method: ['GET', 'HEAD'],
    url: '/ipfs/:cid',
    schema: { params: schemas.cidParams, querystring: schemas.ipfsQuery },
    config: {
      about: {
        summary: 'An object as the raw block of its CID (IPFS trustless gateway)',
        requestHeaders: { Accept: `${rawBlockType}, where the query does not say format=raw` },
        produces: [
          [200, rawBlockType, 'The block'],
          [206, rawBlockType, 'A range of it'],
          [304, null, 'Not modified'],
        ],
        responseHeaders: { ETag: 'The CID and .raw in quotes', 'X-Ipfs-Roots': 'The CID' },
      },
    },
    handler: (request, reply) => sendRawBlock(context, request, reply),
  });
}

function expiryIn(body: Uint8Array): number {
  let asked: unknown;
  try {
    asked = JSON.parse(new TextDecoder().decode(body));
  } catch (error) {
    throw new FileTaoError('bad-input', 'the body is not JSON', { cause: error });
  }
  const { expiry } = (asked ?? {}) as { expiry?: unknown };
  if (!Number.isSafeInteger(expiry)) throw new FileTaoError('bad-input', 'expiry: expected unix seconds');
  return expiry as number;
}
