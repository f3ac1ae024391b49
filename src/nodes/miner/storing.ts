// Receiving a replica (PROTOCOL 4): hashed while it arrives, durable before the receipt is signed.

import { sealMessage } from '../../domain/identity/sealed.js';
import { equalBytes, fromHex } from '../../domain/model/bytes.js';
import { leafSize, nodeSize } from '../../domain/model/constants.js';
import { FileTaoError, toFileTaoError } from '../../domain/model/errors.js';
import type { HeldReplica } from '../../domain/model/records.js';
import { unixSeconds } from '../../domain/ports/clock.js';
import type { ReplicaWriter } from '../../domain/ports/replicas.js';
import { receiptKind, storeKind } from '../../domain/protocol/messages.js';
import { receiptBody } from '../../domain/protocol/store.js';
import { encodeTerms } from '../../domain/protocol/terms.js';
import { admit, replicaIdOf, requireBlock, requireExpiry, requirePermit } from './admission.js';
import type { MinerContext } from './context.js';

/** Bytes gathered before they are hashed and written: whole leaves, few system calls. */
const batchSize = 256 * 1024;

export async function storeReplica(
  context: MinerContext,
  sealed: Uint8Array,
  bodyLength: number,
  body: AsyncIterable<Uint8Array>,
): Promise<Uint8Array> {
  const { core, index, replicas, clock } = context;
  const { request, validatorKey } = await admit(context, storeKind, sealed);
  const { root, size, seed, expiry } = request.value;
  if (bodyLength !== size) {
    throw new FileTaoError('bad-message', `the header promises ${size} bytes, the body has ${bodyLength}`);
  }
  const now = unixSeconds(clock);
  if (expiry <= now) throw new FileTaoError('expired', 'the replica would expire before it is stored');
  requireExpiry(context, expiry);
  if (context.leaving.isLeaving)
    throw new FileTaoError('leaving', 'this miner is leaving the network and takes nothing new');
  await requirePermit(context, validatorKey);
  await requireBlock(context, request.value);
  const id = replicaIdOf(context, validatorKey, root);

  return context.budget.spend(validatorKey, size, async () => {
    const held = await index.get(id);
    context.carriedOut.refuseReplay(request.digest, held === null);
    // Storing again is idempotent: the bytes are checked, expiry may grow, n and link stay. Only a file that was
    // lost or damaged is written again: no receipt without the bytes.
    const writer =
      held !== null && (await hasWholeFile(context, held)) ? null : await replicas.create(id, size);
    try {
      const received = await receive(context, seed, size, body, writer);
      if (!equalBytes(received.root, root)) {
        throw new FileTaoError('root-mismatch', 'the bytes do not have the root that the header names');
      }
      const inForce = Math.max(expiry, held?.expiry ?? 0);
      const receipt = receiptBody(core, context.party, context.secret, request, received.keyedRoot, inForce);
      const answer = sealMessage(receiptKind, receipt, context.signer);
      // The file, and beside it what rebuilds the index's record of it, are durable before the receipt leaves.
      const terms = encodeTerms({ store: sealed, receipt: answer, renew: new Uint8Array(), storedAt: now });
      if (writer !== null) await writer.commit(keepsOutboard(size) ? received.outboard : null, terms);
      else if (expiry > (held?.expiry ?? 0)) await replicas.writeTerms(id, terms);
      if (held !== null) {
        if ((await index.renew(id, expiry)) === null)
          throw new FileTaoError('busy', 'the replica was removed meanwhile: store it again');
      } else {
        await index.put({
          ...id,
          size,
          expiry,
          storedAt: now,
          link: receipt.link,
          lastN: 0,
          receipt: answer,
        });
      }
      context.carriedOut.note(request.digest, request.value.blockNumber);
      return answer;
    } catch (error) {
      await writer?.abort();
      throw error;
    }
  });
}

/** A small replica is hashed in less time than a file of its nodes is opened, and storing it costs a third less without. */
const outboardFromBytes = 16 * 1024;

export const keepsOutboard = (size: number): boolean => size > outboardFromBytes;

/** Whether the bytes on this disk are those of the replica: read again, because only they can tell. */
async function hasWholeFile({ replicas, prover }: MinerContext, held: HeldReplica): Promise<boolean> {
  try {
    const path = await replicas.path(held);
    const { root } = await prover.digest({ path, size: held.size, keys: [], outboard: false });
    return equalBytes(root, fromHex(held.root));
  } catch (error) {
    const { code } = toFileTaoError(error);
    if (code === 'unknown-replica' || code === 'damaged' || code === 'io') return false;
    throw error;
  }
}

interface Received {
  readonly root: Uint8Array;
  readonly keyedRoot: Uint8Array;
  /** Content values of all leaves. */
  readonly outboard: Uint8Array;
}

/** Hashes (and writes) the stream. The content root comes from the outboard: one pass serves both. */
async function receive(
  { core }: MinerContext,
  seed: Uint8Array,
  size: number,
  body: AsyncIterable<Uint8Array>,
  writer: ReplicaWriter | null,
): Promise<Received> {
  const keyed = core.createHasher({ kind: 'keyed', key: seed });
  const outboard = new Uint8Array(nodeSize * Math.ceil(size / leafSize));
  const batch = new Uint8Array(Math.min(batchSize, size));
  let filled = 0;
  let done = 0;
  let root: Uint8Array | null = null;
  const flush = async (): Promise<void> => {
    const data = batch.subarray(0, filled);
    keyed.update(data);
    outboard.set(core.chunkNodes(null, data, done / leafSize, leafSize), nodeSize * (done / leafSize));
    if (size <= leafSize) root = core.hash(data);
    await writer?.write(data);
    done += filled;
    filled = 0;
  };
  for await (const part of body) {
    for (let at = 0; at < part.length; ) {
      const take = Math.min(part.length - at, batch.length - filled);
      if (done + filled + take > size)
        throw new FileTaoError('bad-message', 'more bytes than the header promises');
      batch.set(part.subarray(at, at + take), filled);
      filled += take;
      at += take;
      if (filled === batch.length) await flush();
    }
  }
  if (filled > 0) await flush();
  if (done !== size) throw new FileTaoError('bad-message', `the stream ended after ${done} of ${size} bytes`);
  return {
    root: root ?? core.treeRoot({ kind: 'content' }, outboard),
    keyedRoot: keyed.digest(),
    outboard,
  };
}
