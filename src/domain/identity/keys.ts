// Key pairs: sr25519 secret keys in their canonical form, and what is derived from them (PROTOCOL 1, 2).
//
// A secret key is scalar (32 bytes) ‖ nonce (32 bytes). Two spellings of the scalar are in use: schnorrkel's
// `SecretKey::to_bytes` writes it as it is, and that is what Bittensor's key files and this protocol hold;
// `to_ed25519_bytes`, which polkadot-js and its WebAssembly use, writes 8 × scalar, as an unreduced integer
// (https://github.com/w3f/schnorrkel/blob/master/src/keys.rs, `multiply_scalar_bytes_by_cofactor`).
// Taken for one another they sign without complaint, and every signature is invalid.

import { blake3 } from '@noble/hashes/blake3.js';
import { concatBytes, toHex, utf8 } from '../model/bytes.js';
import { FileTaoError } from '../model/errors.js';

export const secretKeyLength = 64;
const scalarLength = 32;

/** Order of the ristretto255 group (RFC 9496, section 4). */
const groupOrder = 2n ** 252n + 27742317777372353535851937790883648493n;

export interface KeyPair {
  /** 32 bytes, a ristretto255 element. */
  readonly publicKey: Uint8Array;
  /** Canonical scalar (32) ‖ nonce (32). */
  readonly secretKey: Uint8Array;
}

const readScalar = (bytes: Uint8Array): bigint =>
  BigInt(`0x${toHex(bytes.slice(0, scalarLength).reverse())}`);

function writeScalar(value: bigint): Uint8Array {
  const bytes = new Uint8Array(scalarLength);
  for (let i = 0, rest = value; i < scalarLength; i++, rest >>= 8n) bytes[i] = Number(rest & 0xffn);
  return bytes;
}

function assertLength(secretKey: Uint8Array): void {
  if (secretKey.length !== secretKeyLength) {
    throw new FileTaoError('wrong-wallet', `an sr25519 private key has 64 bytes, not ${secretKey.length}`);
  }
}

/** Whether the first 32 bytes are a non-zero scalar below the group order. */
export function hasCanonicalScalar(secretKey: Uint8Array): boolean {
  const scalar = readScalar(secretKey);
  return secretKey.length === secretKeyLength && scalar > 0n && scalar < groupOrder;
}

/** Canonical form of a secret key whose scalar is written times 8; the division must be exact. */
export function fromExpandedSecret(expanded: Uint8Array): Uint8Array {
  assertLength(expanded);
  const multiple = readScalar(expanded);
  const canonical = concatBytes(writeScalar(multiple >> 3n), expanded.subarray(scalarLength));
  if ((multiple & 7n) !== 0n || !hasCanonicalScalar(canonical)) {
    throw new FileTaoError(
      'wrong-wallet',
      'the private key is not a multiple of 8: not an expanded sr25519 key',
    );
  }
  return canonical;
}

/** The spelling that polkadot-js and its WebAssembly expect: scalar × 8. */
export function toExpandedSecret(secretKey: Uint8Array): Uint8Array {
  assertLength(secretKey);
  if (!hasCanonicalScalar(secretKey)) {
    throw new FileTaoError('wrong-wallet', 'the private key does not begin with a canonical sr25519 scalar');
  }
  return concatBytes(writeScalar(readScalar(secretKey) << 3n), secretKey.subarray(scalarLength));
}

/** derive(context, secretKey) of PROTOCOL 2: 32 bytes, independent for every context. */
export function deriveSecret(context: string, secretKey: Uint8Array): Uint8Array {
  assertLength(secretKey);
  return blake3(secretKey, { context: utf8(context) });
}
