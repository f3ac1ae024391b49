// The terms of a replica: the signed messages a miner was given and gave about it, kept beside its file. They rebuild
// the miner's index, and a validator that lost its own finds its replicas by them (PROTOCOL 4).

import { bytes, decodeCanonical, encodeCanonical, struct, uint } from '../identity/codec.js';
import { type Opened, openSealed } from '../identity/sealed.js';
import { equalBytes } from '../model/bytes.js';
import { limits } from '../model/constants.js';
import { FileTaoError } from '../model/errors.js';
import type { VerifySignature } from '../ports/signer.js';
import {
  type ReceiptBody,
  type RenewBody,
  receiptKind,
  renewKind,
  type StoreBody,
  storeKind,
} from './messages.js';

const sealed = bytes(0, limits.messageBytesMax);

const termsField = struct({
  version: uint(1, 1),
  /** Sealed messages; `renew` is empty until the first renewal. */
  store: sealed,
  receipt: sealed,
  renew: sealed,
  storedAt: uint(),
});

export const termsBytesMax = 3 * limits.messageBytesMax + 128;

export interface Terms {
  readonly store: Uint8Array;
  readonly receipt: Uint8Array;
  readonly renew: Uint8Array;
  /** Unix seconds. */
  readonly storedAt: number;
}

export interface OpenedTerms extends Terms {
  readonly storeMessage: Opened<StoreBody>;
  readonly receiptMessage: Opened<ReceiptBody>;
  /** The latest of all three. */
  readonly expiry: number;
}

export const encodeTerms = (terms: Terms): Uint8Array =>
  encodeCanonical(termsField, { version: 1, ...terms }, 'terms');

export function decodeTerms(encoded: Uint8Array): Terms {
  const { store, receipt, renew, storedAt } = decodeCanonical(termsField, encoded, 'terms', termsBytesMax);
  return { store, receipt, renew, storedAt };
}

/** Checks every signature and that all messages are about one replica; throws `bad-message` or `bad-signature`. */
export function openTerms(terms: Terms, verify: VerifySignature): OpenedTerms {
  const storeMessage = openSealed(storeKind, terms.store, verify);
  const receiptMessage = openSealed(receiptKind, terms.receipt, verify);
  const [store, receipt] = [storeMessage.value, receiptMessage.value];
  const agree =
    equalBytes(receipt.storeDigest, storeMessage.digest) &&
    equalBytes(receipt.root, store.root) &&
    receipt.size === store.size &&
    equalBytes(receipt.sender, store.receiver) &&
    equalBytes(receipt.receiver, store.sender);
  if (!agree) throw new FileTaoError('bad-message', 'the receipt is not for this store');
  const renewed = terms.renew.length === 0 ? null : openSealed(renewKind, terms.renew, verify).value;
  if (renewed !== null && !isOf(renewed, store))
    throw new FileTaoError('bad-message', 'the renewal is not of this replica');
  return {
    ...terms,
    storeMessage,
    receiptMessage,
    expiry: Math.max(store.expiry, receipt.expiry, renewed?.expiry ?? 0),
  };
}

const isOf = (renew: RenewBody, store: StoreBody): boolean =>
  equalBytes(renew.root, store.root) &&
  equalBytes(renew.sender, store.sender) &&
  equalBytes(renew.receiver, store.receiver);
