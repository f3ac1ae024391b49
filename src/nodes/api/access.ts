// Who may use the API node. On an open node everyone, signed or not; else the node's own hotkey and those listed,
// each request signed. Blacklisted hotkeys are refused everywhere, as far as they sign.

import type { FastifyRequest } from 'fastify';
import { type AuthorisedRequest, checkContent } from '../../domain/identity/request.js';
import { publicKeyOf } from '../../domain/model/bytes.js';
import { limits } from '../../domain/model/constants.js';
import { FileTaoError } from '../../domain/model/errors.js';
import { unixSeconds } from '../../domain/ports/clock.js';
import type { ApiContext } from './context.js';

/** The checked request, or null for one without a signature on an open node. */
export function authorise(context: ApiContext, request: FastifyRequest): AuthorisedRequest | null {
  const { open, allowed, blocked, verifier } = context.access;
  const { authorization } = request.headers;
  if (open && authorization === undefined) return null;
  const checked = verifier.check(authorization, request.method, request.raw.url ?? '', context.clock.now());
  if (blocked.has(checked.sender)) throw new FileTaoError('forbidden', 'this hotkey is not served here');
  const own = publicKeyOf(context.party.publicKey);
  if (!open && checked.sender !== own && !allowed.has(checked.sender)) {
    throw new FileTaoError(
      'forbidden',
      'this hotkey is not on the list of this API node: ask its operator, or use another node',
    );
  }
  return checked;
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
