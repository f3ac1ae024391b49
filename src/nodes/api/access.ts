// Who may use the API node: everyone on an open node, else those whose signed request is good.

import type { FastifyRequest } from 'fastify';
import { type AuthorisedRequest, checkContent } from '../../domain/identity/request.js';
import type { ApiContext } from './context.js';

/** The checked request, or null on an open node for a request without a signature. */
export function authorise(context: ApiContext, request: FastifyRequest): AuthorisedRequest | null {
  if (context.requests === null) return null;
  return context.requests.check(
    request.headers.authorization,
    request.method,
    request.raw.url ?? '',
    context.clock.now(),
  );
}

/** Compares the body with the signed digest, where the request was signed. */
export function authoriseBody(
  context: ApiContext,
  request: AuthorisedRequest | null,
  body: Uint8Array,
): void {
  if (request !== null) checkContent(request, context.core.hash(body));
}
