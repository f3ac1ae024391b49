// sr25519 in a browser: @scure/sr25519, which shares its curve code with age-encryption and so costs 9 KB, where the
// WebAssembly that Node uses (src/adapters/wallets/sr25519.ts) would cost 170. The tests hold the two together.

import { pbkdf2 } from '@noble/hashes/pbkdf2.js';
import { sha512 } from '@noble/hashes/sha2.js';
import { entropyToMnemonic, mnemonicToEntropy } from '@scure/bip39';
import { wordlist } from '@scure/bip39/wordlists/english.js';
import { getPublicKey, secretFromSeed, sign, verify } from '@scure/sr25519';
import { deriveSecret, fromExpandedSecret, type KeyPair, toExpandedSecret } from '../domain/identity/keys.js';
import { signatureSize } from '../domain/model/constants.js';
import { FileTaoError } from '../domain/model/errors.js';
import type { Random } from '../domain/ports/random.js';
import type { Signer, VerifySignature } from '../domain/ports/signer.js';

const keyLength = 32;
const seedLength = 32;

/** Plain sr25519 only; false for anything malformed, never throws. */
export const verifySr25519: VerifySignature = (message, signature, publicKey) => {
  if (signature.length !== signatureSize || publicKey.length !== keyLength) return false;
  try {
    return verify(message, signature, publicKey);
  } catch {
    return false;
  }
};

/** Signs with a key pair whose secret key is canonical. */
export function signerOf({ publicKey, secretKey }: KeyPair): Signer {
  const own = secretKey.slice();
  const expanded = toExpandedSecret(own);
  return {
    publicKey: publicKey.slice(),
    sign: (message) => sign(expanded, message),
    deriveSecret: (context) => deriveSecret(context, own),
  };
}

/** A new phrase of 12 words (BIP 39, English, 128 bits). */
export const generatePhrase = (random: Random): string => entropyToMnemonic(random.bytes(16), wordlist);

/**
 * The 32-byte mini secret of a phrase, as Substrate derives it: from the entropy, not from the words
 * (https://github.com/paritytech/substrate-bip39). Throws `wrong-wallet` for what is no phrase.
 */
export function seedFromPhrase(phrase: string): Uint8Array {
  const words = phrase.trim().toLowerCase().split(/\s+/u).join(' ');
  let entropy: Uint8Array;
  try {
    entropy = mnemonicToEntropy(words, wordlist);
  } catch (error) {
    throw new FileTaoError(
      'wrong-wallet',
      'the secret phrase is not a valid BIP 39 phrase of 12 to 24 words: check its words and their order',
      { cause: error },
    );
  }
  return pbkdf2(sha512, entropy, 'mnemonic', { c: 2048, dkLen: 64 }).slice(0, seedLength);
}

export function keyPairFromSeed(seed: Uint8Array): KeyPair {
  if (seed.length !== seedLength) {
    throw new FileTaoError('wrong-wallet', `an sr25519 seed has 32 bytes, not ${seed.length}`);
  }
  const expanded = secretFromSeed(seed);
  return { publicKey: getPublicKey(expanded), secretKey: fromExpandedSecret(expanded) };
}

export const keyPairFromPhrase = (phrase: string): KeyPair => keyPairFromSeed(seedFromPhrase(phrase));
