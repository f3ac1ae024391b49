// Storing a replica (PROTOCOL 4), both sides: what the miner signs for and what the validator checks.

import type { ProofCore } from '../core/proof-core.js';
import type { Opened } from '../identity/sealed.js';
import { equalBytes } from '../model/bytes.js';
import type { BlockRef } from '../ports/chain.js';
import { genesisLink, storeBlinding } from './derivations.js';
import { headerTo, type Party, type ReceiptBody, type StoreBody } from './messages.js';

export interface StoreTerms {
  readonly root: Uint8Array;
  readonly size: number;
  /** s_0 */
  readonly seed: Uint8Array;
  readonly expiry: number;
  readonly block: BlockRef;
}

export const storeBody = (validator: Party, minerKey: Uint8Array, terms: StoreTerms): StoreBody => ({
  ...headerTo(validator, minerKey),
  root: terms.root,
  size: terms.size,
  seed: terms.seed,
  expiry: terms.expiry,
  blockNumber: terms.block.number,
  blockHash: terms.block.hash,
});

/**
 * The miner's receipt for a replica whose root it has checked.
 * @param keyedRoot K_0 = keyed(s_0, E)
 * @param expiry the one now in force: the later of the stored and the asked one
 */
export function receiptBody(
  core: ProofCore,
  miner: Party,
  secret: Uint8Array,
  store: Opened<StoreBody>,
  keyedRoot: Uint8Array,
  expiry: number,
): ReceiptBody {
  const { sender, root, size, seed } = store.value;
  const blinding = storeBlinding(core, secret, store.digest);
  return {
    ...headerTo(miner, sender),
    storeDigest: store.digest,
    root,
    size,
    keyedRoot,
    commitment: core.commit(keyedRoot, blinding),
    blinding,
    link: genesisLink(core, seed, keyedRoot, root, sender, miner.publicKey),
    expiry,
  };
}

/** What is wrong with a receipt, or null. The validator holds E, so it knows K_0 and recomputes everything. */
export function receiptFault(
  core: ProofCore,
  store: Opened<StoreBody>,
  keyedRoot: Uint8Array,
  receipt: ReceiptBody,
): string | null {
  const { sender, receiver, root, size, seed, expiry } = store.value;
  if (!equalBytes(receipt.storeDigest, store.digest)) return 'store-digest';
  if (!equalBytes(receipt.root, root) || receipt.size !== size) return 'root';
  if (receipt.expiry < expiry) return 'expiry';
  if (!equalBytes(receipt.keyedRoot, keyedRoot)) return 'keyed-root';
  if (!core.isCanonicalScalar(receipt.blinding)) return 'blinding-range';
  if (!equalBytes(receipt.commitment, core.commit(keyedRoot, receipt.blinding))) return 'commitment';
  const link = genesisLink(core, seed, keyedRoot, root, sender, receiver);
  return equalBytes(receipt.link, link) ? null : 'link';
}
