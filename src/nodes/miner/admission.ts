// Who may ask a miner for what (PROTOCOL 5, "Limits"): signature, network, permit, block. All of it is cheap
// and comes before any work proportional to size.

import { type MessageKind, type Opened, openSealed } from '../../domain/identity/sealed.js';
import { type PublicKey, publicKeyOf, rootOf } from '../../domain/model/bytes.js';
import { limits } from '../../domain/model/constants.js';
import { FileTaoError } from '../../domain/model/errors.js';
import type { HeldReplica, ReplicaId } from '../../domain/model/records.js';
import { unixSeconds } from '../../domain/ports/clock.js';
import { checkHeader, type Header } from '../../domain/protocol/messages.js';
import type { MinerContext } from './context.js';

export interface Admitted<Body> {
  readonly request: Opened<Body>;
  readonly validatorKey: PublicKey;
}

/** Checks signature, header, and the operator's access rules: only genuine requests count against a caller. */
export async function admit<Body extends Header>(
  context: MinerContext,
  kind: MessageKind<Body>,
  sealed: Uint8Array,
): Promise<Admitted<Body>> {
  const request = openSealed(kind, sealed, context.verify);
  checkHeader(context.party, request.value);
  const validatorKey = publicKeyOf(request.value.sender);
  await requireAccess(context, validatorKey);
  return { request, validatorKey };
}

/** Throws `forbidden` for a blocked hotkey, `budget` for one without replicas here that calls too often. */
async function requireAccess(
  { access, rates, index, clock }: MinerContext,
  caller: PublicKey,
): Promise<void> {
  if (access.blocked.has(caller))
    throw new FileTaoError('forbidden', 'the operator of this miner does not serve this hotkey');
  if (access.trusted.has(caller) || access.requestsMax === 0) return;
  if ((await index.usedBytesOf(caller)) === 0) rates.count(caller, clock.monotonic());
}

/** Throws `forbidden` unless the hotkey is a validator on this subnet. */
export async function requirePermit(context: MinerContext, validatorKey: PublicKey): Promise<void> {
  if (context.access.trusted.has(validatorKey)) return;
  const neuron = await context.view.neuron(validatorKey);
  if (neuron === null) throw new FileTaoError('forbidden', 'this hotkey is not registered on the subnet');
  if (!neuron.validatorPermit) throw new FileTaoError('forbidden', 'this hotkey has no validator permit');
  const { minimumStake } = context.access;
  if (neuron.stake < minimumStake)
    throw new FileTaoError(
      'forbidden',
      `this miner stores for validators with a stake of ${minimumStake} TAO`,
    );
}

/** Throws `block` when the named block is stale or contradicts the miner's own view of the chain. */
export async function requireBlock(
  context: MinerContext,
  body: { readonly blockNumber: number; readonly blockHash: Uint8Array },
): Promise<void> {
  const judgement = await context.view.judge({ number: body.blockNumber, hash: body.blockHash });
  if (judgement === 'ok') return;
  throw new FileTaoError(
    'block',
    `the block named is ${judgement === 'stale' ? 'too old' : 'not on my chain'}`,
  );
}

/** Throws `bad-message` for an expiry further ahead than anything may be kept. */
export function requireExpiry(context: MinerContext, expiry: number): void {
  if (expiry > unixSeconds(context.clock) + limits.expirySecondsMax + limits.expirySlackSeconds) {
    throw new FileTaoError('bad-message', 'the expiry lies too far ahead');
  }
}

export const replicaIdOf = (context: MinerContext, validatorKey: PublicKey, root: Uint8Array): ReplicaId => ({
  validatorKey,
  minerKey: publicKeyOf(context.party.publicKey),
  root: rootOf(root),
});

/** The replica as held for this validator; throws `unknown-replica`, or `bad-message` for another size. */
export async function requireReplica(
  context: MinerContext,
  id: ReplicaId,
  size?: number,
): Promise<HeldReplica> {
  const held = await context.index.get(id);
  if (held === null) throw new FileTaoError('unknown-replica', 'no such replica of this validator here');
  if (size !== undefined && held.size !== size) {
    throw new FileTaoError('bad-message', `the replica has ${held.size} bytes, not ${size}`);
  }
  return held;
}
