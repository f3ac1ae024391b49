// Objects by the trustless gateway specification (https://specs.ipfs.tech/http-gateways/trustless-gateway/): the raw
// block that a CID names. An object is one raw block of its own CID, whatever its size, so a client verifies it by one
// SHA-256. Blocks below an object, and CAR files, are not to be had here.

import type { FastifyReply, FastifyRequest } from 'fastify';
import { decodeCid, objectCid, rawCodec } from '../../domain/content/cid.js';
import { FileTaoError } from '../../domain/model/errors.js';
import { authorise } from './access.js';
import type { ApiContext } from './context.js';
import { requireObject, sendObject } from './downloads.js';

export const rawBlockType = 'application/vnd.ipld.raw';
/** A block never changes: what the specification asks for. */
const cacheControl = 'public, max-age=29030400, immutable';

export async function sendRawBlock(
  context: ApiContext,
  request: FastifyRequest<{ Params: { cid: string }; Querystring: { format?: string } }>,
  reply: FastifyReply,
): Promise<unknown> {
  const caller = authorise(context, request)?.sender ?? null;
  // The format in the query has precedence over the Accept header.
  const { format } = request.query;
  if (format !== undefined ? format !== 'raw' : !accepts(request.headers.accept))
    throw new FileTaoError(
      'not-acceptable',
      `only raw blocks are served: ?format=raw or Accept: ${rawBlockType}`,
    );
  const text = request.params.cid;
  if (decodeCid(text).codec !== rawCodec)
    throw new FileTaoError('not-acceptable', 'only CIDs of the codec raw (bafkrei…) name objects here');
  const cid = objectCid(text);
  const object = await requireObject(context, cid, caller);
  reply
    .type(rawBlockType)
    .header('x-content-type-options', 'nosniff')
    .header('cache-control', cacheControl)
    .header('content-disposition', `attachment; filename="${cid}.bin"`)
    .header('x-ipfs-path', `/ipfs/${cid}`)
    .header('x-ipfs-roots', cid)
    .header('vary', 'Accept');
  return sendObject(context, object, request, reply, `"${cid}.raw"`);
}

/** RFC 9110, section 12.5.1, as far as one type needs it: named, and not with a weight of 0. */
const accepts = (header: string | undefined): boolean =>
  (header ?? '').split(',').some((entry) => {
    const [type = '', ...parameters] = entry.split(';').map((part) => part.trim().toLowerCase());
    return type === rawBlockType && !parameters.some((parameter) => /^q=0(\.0*)?$/.test(parameter));
  });
