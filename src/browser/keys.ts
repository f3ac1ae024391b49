// The keys of a user in a browser: a hotkey, which signs requests and owns what it puts, and an age identity, which
// decrypts. The coldkey's own secret is never kept: from its phrase only the age identity is taken, which is all that
// reading needs and which moves no funds.

import type { UserWallet } from '../client/runtime.js';
import { ageIdentityOf, ageRecipientOf } from '../domain/identity/age-identity.js';
import type { KeyPair } from '../domain/identity/keys.js';
import { fromHex } from '../domain/model/bytes.js';
import { FileTaoError } from '../domain/model/errors.js';
import type { KeptKeys } from './database.js';
import { browserRandom } from './runtime.js';
import { generatePhrase, keyPairFromPhrase, keyPairFromSeed, signerOf } from './sr25519.js';

/** New keys and the phrases they come from, which are shown once and kept nowhere. */
export interface CreatedKeys {
  readonly keys: KeptKeys;
  readonly hotkeyPhrase: string;
  readonly coldkeyPhrase: string;
}

export function createKeys(): CreatedKeys {
  const hotkeyPhrase = generatePhrase(browserRandom);
  const coldkeyPhrase = generatePhrase(browserRandom);
  return { keys: importKeys(hotkeyPhrase, coldkeyPhrase), hotkeyPhrase, coldkeyPhrase };
}

/**
 * @param hotkey its phrase, or its seed in hex
 * @param reading the age identity (`filetao wallet age-identity`), or the coldkey's phrase or seed. Throws `wrong-wallet`.
 */
export function importKeys(hotkey: string, reading: string): KeptKeys {
  const { publicKey, secretKey } = keyPairOf(hotkey, 'hotkey');
  return { id: 'keys', publicKey, secretKey, ageIdentity: identityOf(reading) };
}

function identityOf(reading: string): string {
  const text = reading.trim();
  if (/^AGE-SECRET-KEY-1[0-9A-Z]+$/iu.test(text)) return text.toUpperCase();
  return ageIdentityOf(signerOf(keyPairOf(text, 'coldkey')));
}

function keyPairOf(secret: string, which: string): KeyPair {
  const text = secret.trim();
  if (text === '') throw new FileTaoError('wrong-wallet', `the ${which} is missing`);
  const hex = text.replace(/^0x/u, '');
  return /^[0-9a-f]{64}$/iu.test(hex) ? keyPairFromSeed(fromHex(hex)) : keyPairFromPhrase(text);
}

/** Throws `wrong-wallet` where the age identity is none. */
export async function walletOf({ publicKey, secretKey, ageIdentity }: KeptKeys): Promise<UserWallet> {
  let recipient: string;
  try {
    recipient = await ageRecipientOf(ageIdentity);
  } catch (error) {
    throw new FileTaoError('wrong-wallet', 'the decryption key is damaged: check every character', {
      cause: error,
    });
  }
  return {
    name: 'this browser',
    hotkey: signerOf({ publicKey, secretKey }),
    ageRecipient: async () => recipient,
    ageIdentity: async () => ageIdentity,
  };
}
