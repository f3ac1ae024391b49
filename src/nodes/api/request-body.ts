// Bodies of requests: their length is told beforehand and bounded before anything is read.

import type { FastifyRequest } from 'fastify';
import { bodyParts, contentLength } from '../../adapters/rpc/server.js';
import { PartReader } from '../../adapters/rpc/wire.js';
import { FileTaoError } from '../../domain/model/errors.js';

/** Media type of bytes that are nothing but bytes. */
export const octetStream = 'application/octet-stream';

/** Bytes of the body; throws `length-required`. */
export function requireLength(request: FastifyRequest): number {
  const length = contentLength(request);
  if (length === null) throw new FileTaoError('length-required', 'Content-Length is missing');
  return length;
}

/** All of the body; throws `too-large` for more than `bytesMax`. */
export async function readBody(request: FastifyRequest, bytesMax: number): Promise<Uint8Array> {
  const length = requireLength(request);
  if (length > bytesMax) throw new FileTaoError('too-large', `the body has at most ${bytesMax} bytes here`);
  return new PartReader(bodyParts(request)).takeRest(length);
}
