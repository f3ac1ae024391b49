// Replica files that the index does not know: the terms beside each file say whose it is, how long it is to be kept
// and what was signed for it. `rebuildHolding` makes a lost index from them; `adoptLeftovers` puts in order what a crash
// between file and index left, at every start.

import type { PublicKey } from '../../domain/model/bytes.js';
import { publicKeyOf, rootOf } from '../../domain/model/bytes.js';
import { FileTaoError, toFileTaoError } from '../../domain/model/errors.js';
import type { HeldReplica, ReplicaId } from '../../domain/model/records.js';
import type { HoldingIndex } from '../../domain/ports/holding-index.js';
import type { Replicas, StoredReplica } from '../../domain/ports/replicas.js';
import type { VerifySignature } from '../../domain/ports/signer.js';
import { decodeTerms, type OpenedTerms, openTerms, type Terms } from '../../domain/protocol/terms.js';

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
    await index.put(recordOf(stored, terms));
    counts.added++;
  }
  return { ...counts, unproven };
}

export interface AdoptedLeftovers {
  readonly adopted: number;
  /** Files without valid terms, set aside: whoever stored them was told nothing. */
  readonly setAside: number;
}

/**
 * A store that was cut off after its file was in place and before the index knew it was never acknowledged, but its
 * file is whole and would take room for ever. What the index knows is not looked into.
 */
export async function adoptLeftovers(
  replicas: Replicas,
  index: HoldingIndex,
  minerKey: PublicKey,
  verify: VerifySignature,
  signal: AbortSignal,
): Promise<AdoptedLeftovers> {
  let adopted = 0;
  let setAside = 0;
  for await (const stored of replicas.list()) {
    if (signal.aborted) break;
    if ((await index.get(stored.id)) !== null) continue;
    const terms = await provenTerms(replicas, stored, minerKey, verify);
    // It may have been a store under way, or a deletion.
    if ((await index.get(stored.id)) !== null) continue;
    if (terms === null) {
      if ((await replicas.setAside(stored.id)) !== null) setAside++;
      continue;
    }
    await index.put(recordOf(stored, terms));
    const gone = await replicas.path(stored.id).then(
      () => false,
      (error) => toFileTaoError(error).code === 'unknown-replica',
    );
    if (gone) await index.remove(stored.id);
    else adopted++;
  }
  return { adopted, setAside };
}

const recordOf = ({ id, size }: StoredReplica, terms: OpenedTerms): HeldReplica => ({
  ...id,
  size,
  expiry: terms.expiry,
  storedAt: terms.storedAt,
  link: terms.receiptMessage.value.link,
  lastN: 0,
  receipt: terms.receipt,
});

/** The terms beside a file, if all signatures hold and they are about this replica; else null. */
export async function provenTerms(
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

/** The terms as they lie beside a replica, unchecked; null when there are none that can be read. */
export async function readTerms(
  { replicas }: { readonly replicas: Pick<Replicas, 'readTerms'> },
  id: ReplicaId,
): Promise<Terms | null> {
  const encoded = await replicas.readTerms(id);
  if (encoded === null) return null;
  try {
    return decodeTerms(encoded);
  } catch {
    return null; // damaged on this disk: no fault of whoever asks
  }
}
