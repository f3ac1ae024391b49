// Renewing and deleting replicas on their validator's word, and dropping the expired ones.

import { sealMessage } from '../../domain/identity/sealed.js';
import { FileTaoError } from '../../domain/model/errors.js';
import { unixSeconds } from '../../domain/ports/clock.js';
import { acknowledgementKind, deleteKind, headerTo, renewKind } from '../../domain/protocol/messages.js';
import { encodeTerms } from '../../domain/protocol/terms.js';
import { admit, replicaIdOf, requireBlock, requireExpiry } from './admission.js';
import { readTerms } from './adopting.js';
import type { MinerContext } from './context.js';

/** Replicas looked up at once. */
const expiredPerPage = 100;
/** Seconds a replica is kept beyond its expiry: a validator's clock may be behind, and its last round under way. */
const graceSeconds = 600;

export async function renewReplica(context: MinerContext, sealed: Uint8Array): Promise<Uint8Array> {
  const { request, validatorKey } = await admit(context, renewKind, sealed);
  requireExpiry(context, request.value.expiry);
  await requireBlock(context, request.value);
  const id = replicaIdOf(context, validatorKey, request.value.root);
  const held = await context.index.get(id);
  if (held === null) throw new FileTaoError('unknown-replica', 'no such replica of this validator here');
  // Beside the file first: an index rebuilt from the files alone must not expire it earlier.
  const terms = await readTerms(context, id);
  if (terms !== null && request.value.expiry > held.expiry)
    await context.replicas.writeTerms(id, encodeTerms({ ...terms, renew: sealed }));
  const renewed = await context.index.renew(id, request.value.expiry);
  if (renewed === null) throw new FileTaoError('unknown-replica', 'no such replica of this validator here');
  return acknowledge(context, request, renewed.expiry);
}

/** Idempotent: deleting what is not there is acknowledged too. */
export async function deleteReplica(context: MinerContext, sealed: Uint8Array): Promise<Uint8Array> {
  const { request, validatorKey } = await admit(context, deleteKind, sealed);
  await requireBlock(context, request.value);
  const id = replicaIdOf(context, validatorKey, request.value.root);
  context.carriedOut.refuseReplay(request.digest, (await context.index.get(id)) !== null);
  // The file first: a crash in between leaves a record without a file, which the repeated message or its expiry
  // removes, and never a file that nothing knows.
  await context.replicas.remove(id);
  await context.index.remove(id);
  context.carriedOut.note(request.digest, request.value.blockNumber);
  return acknowledge(context, request, 0);
}

function acknowledge(
  context: MinerContext,
  request: {
    readonly digest: Uint8Array;
    readonly value: { readonly sender: Uint8Array; readonly root: Uint8Array };
  },
  expiry: number,
): Uint8Array {
  const body = {
    ...headerTo(context.party, request.value.sender),
    requestDigest: request.digest,
    root: request.value.root,
    expiry,
  };
  return sealMessage(acknowledgementKind, body, context.signer);
}

/** Drops replicas whose expiry has passed; returns how many. */
export async function dropExpired(context: MinerContext, signal?: AbortSignal): Promise<number> {
  const { clock, index, log, replicas } = context;
  const before = unixSeconds(clock) - graceSeconds;
  let dropped = 0;
  for (let page = await index.expired(before, expiredPerPage); page.length > 0; ) {
    for (const id of page) {
      if (signal?.aborted) return dropped;
      // It may have been renewed since the page was read.
      const held = await index.get(id);
      if (held === null || held.expiry > before) continue;
      await replicas.remove(id);
      await index.remove(id);
      dropped++;
    }
    page = page.length < expiredPerPage ? [] : await index.expired(before, expiredPerPage);
  }
  if (dropped > 0) log.info({ replicas: dropped }, 'dropped expired replicas');
  return dropped;
}
