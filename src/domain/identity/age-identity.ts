// The wallet's age identity (PROTOCOL 6a): an X25519 secret scalar derived from the coldkey, spelled as the
// age tools spell it: Bech32 (BIP 173) with the prefixes AGE-SECRET-KEY- and age
// (https://c2sp.org/age, "The X25519 recipient type"; the scalar is clamped where it is used, RFC 7748).

import { bech32 } from '@scure/base';
import { contexts } from '../model/constants.js';
import { FileTaoError } from '../model/errors.js';
import type { Signer } from '../ports/signer.js';

const scalarLength = 32;
const identityPrefix = 'age-secret-key-';

/** `AGE-SECRET-KEY-1…`: a secret. With it the stock age tool opens every object of the wallet. */
export function ageIdentityOf(coldkey: Pick<Signer, 'deriveSecret'>): string {
  return encodeAgeIdentity(coldkey.deriveSecret(contexts.ageIdentity));
}

export function encodeAgeIdentity(scalar: Uint8Array): string {
  if (scalar.length !== scalarLength) throw new RangeError('an X25519 secret has 32 bytes');
  return bech32.encodeFromBytes(identityPrefix, scalar).toUpperCase();
}

/**
 * The recipient `age1…` of an identity: what files are encrypted to. Public. Spelled here and not by age-encryption, which
 * every command of a wallet would load for it: 130 ms of processor time, against 35 for the curve.
 */
export async function ageRecipientOf(identity: string): Promise<string> {
  const { x25519PublicKey } = await import('./x25519.js');
  const { prefix, bytes } = bech32.decodeToBytes(identity);
  if (prefix.toLowerCase() !== identityPrefix) throw new FileTaoError('wrong-wallet', 'no age identity');
  return bech32.encodeFromBytes('age', x25519PublicKey(bytes));
}

/** Whether the text is a well-formed X25519 recipient. */
export function isAgeRecipient(text: string): boolean {
  try {
    const { prefix, bytes } = bech32.decodeToBytes(text);
    return prefix === 'age' && bytes.length === scalarLength && text === text.toLowerCase();
  } catch {
    return false;
  }
}

/** Throws `wrong-wallet` unless the text is a well-formed X25519 recipient. */
export function assertAgeRecipient(text: string, where: string): void {
  if (isAgeRecipient(text)) return;
  throw new FileTaoError('wrong-wallet', `${where} does not hold an age recipient (age1…)`);
}
