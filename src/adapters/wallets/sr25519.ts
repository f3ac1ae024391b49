// sr25519 (Schnorr over ristretto255, context "substrate"; https://github.com/w3f/schnorrkel) in WebAssembly called
// directly: 0.15 ms to sign and 0.34 ms to verify on the reference machine, where @polkadot/util-crypto 14 takes 1.0 and
// 2.4 ms. The WebAssembly panics on input of wrong shape, so lengths and phrases are checked before every call.

import {
  deriveSecret,
  fromExpandedSecret,
  hasCanonicalScalar,
  type KeyPair,
  secretKeyLength,
  toExpandedSecret,
} from '../../domain/identity/keys.js';
import { concatBytes, utf8 } from '../../domain/model/bytes.js';
import { signatureSize } from '../../domain/model/constants.js';
import { FileTaoError } from '../../domain/model/errors.js';
import type { Signer, VerifySignature } from '../../domain/ports/signer.js';
import {
  bip39Generate,
  bip39ToMiniSecret,
  bip39Validate,
  blake2b,
  sr25519DeriveKeypairHard,
  sr25519DeriveKeypairSoft,
  sr25519KeypairFromSeed,
  sr25519Sign,
  sr25519Verify,
} from './schnorrkel.js';

/** The phrase of Substrate's development accounts (sp-core `DEV_PHRASE`): public, worth nothing. */
export const developmentPhrase = 'bottom drive obey lake curtain smoke basket hold race lonely fit walk';

const keyLength = 32;
const seedLength = 32;

/** Plain sr25519 only: false for wrapped text, other key types and anything malformed; never throws. */
export const verifySr25519: VerifySignature = (message, signature, publicKey) => {
  if (!isBytes(message) || !isBytes(signature) || !isBytes(publicKey)) return false;
  if (signature.length !== signatureSize || publicKey.length !== keyLength) return false;
  // The group's identity: everybody can sign for it, and schnorrkel lets them.
  if (publicKey.every((byte) => byte === 0)) return false;
  try {
    return sr25519Verify(signature, message, publicKey);
  } catch {
    return false;
  }
};

const isBytes = (value: unknown): value is Uint8Array => value instanceof Uint8Array;

/** Signs with a key pair whose secret key is canonical. */
export function signerOf(keyPair: KeyPair): Signer {
  const publicKey = keyPair.publicKey.slice();
  const secretKey = keyPair.secretKey.slice();
  const expanded = toExpandedSecret(secretKey);
  return {
    publicKey,
    sign: (message) => sr25519Sign(publicKey, expanded, message),
    deriveSecret: (context) => deriveSecret(context, secretKey),
  };
}

/** A new phrase of 12 words (BIP 39, English, 128 bits), as the ecosystem's tools make them. */
export const generatePhrase = (): string => bip39Generate(12);

/** The 32-byte mini secret of a phrase: what key files call `secretSeed`. */
export function seedFromPhrase(phrase: string): Uint8Array {
  const words = phrase.trim().split(/\s+/u).join(' ');
  if (!bip39Validate(words)) {
    throw new FileTaoError(
      'wrong-wallet',
      'the secret phrase is not a valid BIP 39 phrase of 12 to 24 words',
    );
  }
  return bip39ToMiniSecret(words, '');
}

export const keyPairFromPhrase = (phrase: string): KeyPair => keyPairFromSeed(seedFromPhrase(phrase));

export function keyPairFromSeed(seed: Uint8Array): KeyPair {
  if (seed.length !== seedLength) {
    throw new FileTaoError('wrong-wallet', `an sr25519 seed has 32 bytes, not ${seed.length}`);
  }
  return fromWasm(sr25519KeypairFromSeed(seed));
}

/**
 * A stored private key with the public key it is said to have. The scalar is canonical in Bittensor's files;
 * a key exported by polkadot-js (scalar × 8) is recognised by which of the two signs for the public key.
 */
export function keyPairFromPrivateKey(privateKey: Uint8Array, publicKey: Uint8Array): KeyPair {
  if (privateKey.length !== secretKeyLength || publicKey.length !== keyLength) {
    throw new FileTaoError('wrong-wallet', 'a stored private key has 64 bytes and its public key 32');
  }
  const candidates: Uint8Array[] = [];
  if (hasCanonicalScalar(privateKey)) candidates.push(privateKey.slice());
  try {
    candidates.push(fromExpandedSecret(privateKey));
  } catch {
    // not a multiple of 8: only the canonical reading is left
  }
  for (const secretKey of candidates) {
    const keyPair = { publicKey: publicKey.slice(), secretKey };
    if (signsForItsPublicKey(keyPair)) return keyPair;
  }
  throw new FileTaoError('wrong-wallet', 'the stored private key does not belong to the stored public key');
}

/** s·B = R + k·A holds only if A is the secret's own public key. */
function signsForItsPublicKey(keyPair: KeyPair): boolean {
  const message = utf8('filetao v1 key check');
  try {
    return verifySr25519(message, signerOf(keyPair).sign(message), keyPair.publicKey);
  } catch {
    return false;
  }
}

/**
 * The key pair of a secret URI, `phrase//hard/soft`, as subkey and polkadot-js read it
 * (https://docs.substrate.io/reference/command-line-tools/subkey/). Without a phrase it is Substrate's public
 * development phrase, so `//Alice` is everybody's Alice. Passwords (`///…`) are refused.
 */
export function keyPairFromUri(uri: string): KeyPair {
  const match = /^([^/]*)((?:\/\/?[^/]+)*)$/u.exec(uri);
  if (match === null)
    throw new FileTaoError('bad-input', 'a secret URI is a phrase followed by //hard or /soft parts');
  let keyPair = keyPairFromPhrase(match[1] === '' ? developmentPhrase : match[1]!);
  for (const [, slashes, name] of match[2]!.matchAll(/(\/\/?)([^/]+)/gu)) {
    const pair = concatBytes(toExpandedSecret(keyPair.secretKey), keyPair.publicKey);
    const derive = slashes === '//' ? sr25519DeriveKeypairHard : sr25519DeriveKeypairSoft;
    keyPair = fromWasm(derive(pair, chainCode(name!)));
  }
  return keyPair;
}

/** SCALE: a number is a little-endian u64, text is length-prefixed; longer than 32 bytes is hashed. */
function chainCode(name: string): Uint8Array {
  const code = new Uint8Array(32);
  if (/^\d+$/u.test(name)) {
    const value = BigInt(name);
    if (value >= 2n ** 64n)
      throw new FileTaoError('bad-input', `the path part ${name} is too large a number`);
    new DataView(code.buffer).setBigUint64(0, value, true);
    return code;
  }
  const text = utf8(name);
  if (text.length > 63) throw new FileTaoError('bad-input', `the path part ${name} is too long`);
  const encoded = concatBytes(Uint8Array.of(text.length << 2), text);
  if (encoded.length > 32) return blake2b(encoded, new Uint8Array(), 32);
  code.set(encoded);
  return code;
}

/** The WebAssembly's 96 bytes: scalar × 8 ‖ nonce ‖ public key. */
function fromWasm(pair: Uint8Array): KeyPair {
  return {
    publicKey: pair.slice(secretKeyLength),
    secretKey: fromExpandedSecret(pair.subarray(0, secretKeyLength)),
  };
}

export const signerFromPhrase = (phrase: string): Signer => signerOf(keyPairFromPhrase(phrase));
export const signerFromSeed = (seed: Uint8Array): Signer => signerOf(keyPairFromSeed(seed));
export const signerFromUri = (uri: string): Signer => signerOf(keyPairFromUri(uri));
export const signerFromPrivateKey = (privateKey: Uint8Array, publicKey: Uint8Array): Signer =>
  signerOf(keyPairFromPrivateKey(privateKey, publicKey));
