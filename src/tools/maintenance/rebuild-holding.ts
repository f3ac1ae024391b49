// A miner's index from its replica files alone: the terms beside each file say whose it is, how long it is to be kept
// and what was signed for it. What the index already has stays; nothing is removed.

import type { PublicKey } from '../../domain/model/bytes.js';
import { publicKeyOf, rootOf } from '../../domain/model/bytes.js';
import { FileTaoError } from '../../domain/model/errors.js';
import type { HoldingIndex } from '../../domain/ports/holding-index.js';
import type { Replicas, StoredReplica } from '../../domain/ports/replicas.js';
import type { VerifySignature } from '../../domain/ports/signer.js';
import { decodeTerms, type OpenedTerms, openTerms } from '../../domain/protocol/terms.js';

export interface RebuiltHolding {
  /** Replica files seen. */
  readonly files: number;
  readonly added: number;
  /** In the index already; those whose expiry the terms move on are renewed. */
  readonly known: number;
  /** Files whose terms are missing, damaged or of something else: kept, but not in the index. */
  readonly unproven: readonly string[];
}

const unprovenListed = 1000;

export async function rebuildHolding(
  replicas: Pick<Replicas, 'list' | 'readTerms'>,
  index: HoldingIndex,
  minerKey: PublicKey,
  verify: VerifySignature,
  signal?: AbortSignal,
): Promise<RebuiltHolding> {
  const counts = { files: 0, added: 0, known: 0 };
  const unproven: string[] = [];
  for await (const stored of replicas.list()) {
    signal?.throwIfAborted();
    counts.files++;
    const terms = await provenTerms(replicas, stored, minerKey, verify);
    if (terms === null) {
      if (unproven.length < unprovenListed) unproven.push(stored.id.root);
      continue;
    }
    if ((await index.renew(stored.id, terms.expiry)) !== null) {
      counts.known++;
      continue;
    }
    await index.put({
      ...stored.id,
      size: stored.size,
      expiry: terms.expiry,
      storedAt: terms.storedAt,
      link: terms.receiptMessage.value.link,
      lastN: 0,
      receipt: terms.receipt,
    });
    counts.added++;
  }
  return { ...counts, unproven };
}

async function provenTerms(
  replicas: Pick<Replicas, 'readTerms'>,
  { id, size }: StoredReplica,
  minerKey: PublicKey,
  verify: VerifySignature,
): Promise<OpenedTerms | null> {
  const encoded = await replicas.readTerms(id);
  if (encoded === null) return null;
  try {
    const terms = openTerms(decodeTerms(encoded), verify);
    const { sender, receiver, root, size: agreed } = terms.storeMessage.value;
    const same =
      id.minerKey === minerKey &&
      publicKeyOf(receiver) === minerKey &&
      publicKeyOf(sender) === id.validatorKey &&
      rootOf(root) === id.root &&
      agreed === size;
    return same ? terms : null;
  } catch (error) {
    if (error instanceof FileTaoError && error.code !== 'internal') return null;
    throw error;
  }
}
