// Who may use the API node. On an open node everyone, signed or not; else the node's own hotkey and those listed,
// each request signed. Blacklisted hotkeys are refused everywhere, as far as they sign. Every caller has a rate.

import type { FastifyRequest } from 'fastify';
import { type AuthorisedRequest, checkContent } from '../../domain/identity/request.js';
import { type PublicKey, publicKeyOf } from '../../domain/model/bytes.js';
import { limits } from '../../domain/model/constants.js';
import { FileTaoError } from '../../domain/model/errors.js';
import { unixSeconds } from '../../domain/ports/clock.js';
import type { ApiContext } from './context.js';

/** The checked request, or null for one without a signature on an open node. */
export function authorise(context: ApiContext, request: FastifyRequest): AuthorisedRequest | null {
  const { open, allowed, blocked, verifier, rates } = context.access;
  const { authorization } = request.headers;
  const now = context.clock.monotonic();
  if (open && authorization === undefined) {
    rates.count(request.ip, now);
    return null;
  }
  const checked = verifier.check(authorization, request.method, request.raw.url ?? '', context.clock.now());
  if (blocked.has(checked.sender)) throw new FileTaoError('forbidden', 'this hotkey is not served here');
  if (!open && checked.sender !== ownKey(context) && !allowed.has(checked.sender)) {
    throw new FileTaoError(
      'forbidden',
      'this hotkey is not on the list of this API node: ask its operator, or use another node',
    );
  }
  rates.count(checked.sender, now);
  return checked;
}

/** Counts a request that holds several for as many. */
export function countMore(
  { access: { rates }, clock }: ApiContext,
  request: FastifyRequest,
  checked: AuthorisedRequest | null,
  more: number,
): void {
  for (let i = 0; i < more; i++) rates.count(checked?.sender ?? request.ip, clock.monotonic());
}

/** The same for what only an owner may do: who does not sign cannot be told from anybody else. */
export function authoriseOwner(context: ApiContext, request: FastifyRequest): AuthorisedRequest {
  const checked = authorise(context, request);
  if (checked === null)
    throw new FileTaoError('unauthorised', 'only the owner may do this: sign the request with its hotkey');
  return checked;
}

/** Whose objects a request is about: the signer's; on an open node without signature the node's own. */
export const callerKey = (context: ApiContext, request: AuthorisedRequest | null): PublicKey =>
  request?.sender ?? ownKey(context);

export const ownKey = (context: ApiContext): PublicKey => publicKeyOf(context.party.publicKey);

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
    throw new FileTaoError(
      'bad-input',
      `nothing is kept for longer than ${limits.expirySecondsMax / 86_400} days`,
    );
  }
}

/** Throws `too-large` for an object above the limit, `full` where the owner would have more than its quota. */
export async function requireQuota(context: ApiContext, owner: PublicKey, size: number): Promise<void> {
  const { objectBytesMax, ownedBytesMax, ownedObjectsMax } = context.quotas;
  if (size > objectBytesMax)
    throw new FileTaoError('too-large', `this node takes objects of at most ${objectBytesMax} bytes`);
  if (ownedBytesMax === 0 && ownedObjectsMax === 0) return;
  const owned = await context.index.ownedBy(owner);
  if (ownedObjectsMax > 0 && owned.objects >= ownedObjectsMax)
    throw new FileTaoError('full', `this hotkey has its ${ownedObjectsMax} objects: delete some`);
  if (ownedBytesMax > 0 && owned.bytes + size > ownedBytesMax) {
    const rest = Math.max(0, ownedBytesMax - owned.bytes);
    throw new FileTaoError('full', `this hotkey may store ${rest} more bytes: delete something`);
  }
}
