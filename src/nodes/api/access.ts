// Who may use the API node, and for how long ahead: everyone on an open node, else those whose signed request is
// good.

import type { FastifyRequest } from 'fastify';
import { type AuthorisedRequest, checkContent } from '../../domain/identity/request.js';
import { limits } from '../../domain/model/constants.js';
import { FileTaoError } from '../../domain/model/errors.js';
import { unixSeconds } from '../../domain/ports/clock.js';
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

/**
 * Throws `expired` or `bad-input` for an expiry that no miner would take: miners sign their refusals, and what a
 * user asks for must never count against a miner.
 */
export function requireExpiry(context: ApiContext, expiry: number): void {
  const now = unixSeconds(context.clock);
  if (expiry <= now) throw new FileTaoError('expired', 'the expiry lies in the past');
  if (expiry < now + limits.expirySecondsMin) {
    throw new FileTaoError('bad-input', `the expiry must lie ${limits.expirySecondsMin} s ahead at least`);
  }
  if (expiry > now + limits.expirySecondsMax) {
    throw new FileTaoError('bad-input', `the expiry must lie ${limits.expirySecondsMax} s ahead at most`);
  }
}
