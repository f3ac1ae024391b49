// The routes of pieces: what `filetao store put` sends before the manifest.

import type { FastifyRequest } from 'fastify';
import { bodyParts, type NodeServer } from '../../adapters/rpc/server.js';
import type { PieceId } from '../../domain/model/bytes.js';
import { limits } from '../../domain/model/constants.js';
import { FileTaoError } from '../../domain/model/errors.js';
import { unixSeconds } from '../../domain/ports/clock.js';
import { authorise, callerKey, requireExpiry, requireQuota } from './access.js';
import type { ApiContext } from './context.js';
import { activeReplicas, hotkeysOf, type PieceTerms, receivePiece } from './pieces.js';
import { octetStream, requireLength } from './request-body.js';
import * as schemas from './route-schemas.js';

const replicasHeader = 'Filetao-Replicas';

interface PieceRequest {
  Params: { pieceId: PieceId };
  Querystring: { copies?: number; min_copies?: number; expiry?: number };
}

export function addPieceRoutes(app: NodeServer['app'], context: ApiContext): void {
  const terms = ({ query }: FastifyRequest<PieceRequest>): PieceTerms => {
    const copies = query.copies ?? context.replicas;
    return {
      copies,
      minCopies: Math.min(copies, query.min_copies ?? copies),
      expiry: query.expiry ?? unixSeconds(context.clock) + context.dataTtl,
    };
  };
  app.head<PieceRequest>(
    '/pieces/:pieceId',
    {
      schema: { params: schemas.pieceParams, querystring: schemas.pieceQuery },
      config: {
        about: {
          summary: 'Whether a piece is stored, as often as wanted',
          produces: [[200, null, 'It is; 404 where it is not']],
          responseHeaders: { [replicasHeader]: 'Verified, durable replicas there are' },
        },
      },
    },
    async (request, reply) => {
      authorise(context, request);
      const replicas = await activeReplicas(context, request.params.pieceId);
      if (replicas.length < terms(request).minCopies)
        throw new FileTaoError('not-found', 'the piece is not stored that often');
      return reply.header(replicasHeader, String(replicas.length)).send();
    },
  );
  app.put<PieceRequest>(
    '/pieces/:pieceId',
    {
      schema: {
        params: schemas.pieceParams,
        querystring: schemas.pieceQuery,
        response: { 200: schemas.storedPiece },
      },
      config: {
        about: {
          summary: 'Store a piece of an object',
          description:
            'Answered when its replicas are verified and durable. The same piece again changes nothing.',
          consumes: octetStream,
        },
      },
    },
    async (request) => {
      const authorised = authorise(context, request);
      const { pieceId } = request.params;
      const wanted = terms(request);
      requireExpiry(context, wanted.expiry);
      const size = requireLength(request);
      if (size < 1 || size > limits.replicaSizeMax) {
        throw new FileTaoError(
          'too-large',
          `a piece has 1 byte to ${limits.replicaSizeMax} bytes, not ${size}`,
        );
      }
      await requireQuota(context, callerKey(context, authorised), size);
      const replicas = await receivePiece(context, pieceId, size, wanted, bodyParts(request));
      return { pieceId, replicas: replicas.length, hotkeys: hotkeysOf(replicas) };
    },
  );
}
