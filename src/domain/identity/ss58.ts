// SS58 addresses: base58 of prefix ‖ public key ‖ checksum, the first two bytes of BLAKE2b-512 over
// "SS58PRE" ‖ prefix ‖ key. Format: https://docs.substrate.io/reference/address-formats/ and the registry
// https://github.com/paritytech/ss58-registry. Bittensor uses prefix 42, Substrate's generic one.

import { blake2b } from '@noble/hashes/blake2.js';
import { base58 } from '@scure/base';
import { concatBytes, equalBytes, utf8 } from '../model/bytes.js';
import { FileTaoError } from '../model/errors.js';

/** The prefix of Bittensor, and of Substrate chains in general. */
export const bittensorPrefix = 42;

const keyLength = 32;
const checksumLength = 2;
/** 14 bits of prefix; 46 and 47 are reserved (https://github.com/paritytech/ss58-registry). */
const prefixMax = 16383;
const reservedPrefixes: readonly number[] = [46, 47];
const longestAddress = 64;

/** Names of well-known prefixes, for the explanation of an address from another network. */
const networkNames: Readonly<Record<number, string>> = {
  0: 'Polkadot',
  2: 'Kusama',
  5: 'Astar',
  10: 'Acala',
  13: 'Bittensor (registered prefix, not in use)',
  1284: 'Moonbeam',
};

export interface Ss58Address {
  readonly prefix: number;
  /** 32 bytes. */
  readonly publicKey: Uint8Array;
}

/** One byte below 64, else two with the bits shuffled as the format defines. */
function prefixBytes(prefix: number): Uint8Array {
  if (!Number.isInteger(prefix) || prefix < 0 || prefix > prefixMax || reservedPrefixes.includes(prefix)) {
    throw new RangeError(`${prefix} is not an SS58 prefix`);
  }
  if (prefix < 64) return Uint8Array.of(prefix);
  return Uint8Array.of(((prefix & 0xfc) >> 2) | 0x40, (prefix >> 8) | ((prefix & 0x03) << 6));
}

const checksum = (body: Uint8Array): Uint8Array =>
  blake2b(concatBytes(utf8('SS58PRE'), body), { dkLen: 64 }).subarray(0, checksumLength);

/** The address of a 32-byte public key. */
export function encodeSs58(publicKey: Uint8Array, prefix: number = bittensorPrefix): string {
  if (publicKey.length !== keyLength) throw new RangeError('a public key has 32 bytes');
  const body = concatBytes(prefixBytes(prefix), publicKey);
  return base58.encode(concatBytes(body, checksum(body)));
}

const refuse = (text: string, why: string): FileTaoError =>
  new FileTaoError(
    'bad-input',
    `${JSON.stringify(text.slice(0, longestAddress))} is not an ss58 address: ${why}`,
  );

/** Reads an address of any network; throws `bad-input` with the reason. */
export function decodeSs58(text: string): Ss58Address {
  if (text.length > longestAddress) throw refuse(text, 'it is too long');
  let bytes: Uint8Array;
  try {
    bytes = base58.decode(text);
  } catch {
    throw refuse(text, 'it has characters outside the base58 alphabet');
  }
  const first = bytes[0];
  if (first === undefined || first >= 128) throw refuse(text, 'its prefix is reserved');
  const prefixLength = first < 64 ? 1 : 2;
  if (bytes.length !== prefixLength + keyLength + checksumLength) {
    throw refuse(text, 'it does not hold a 32-byte public key');
  }
  const second = bytes[1]!;
  const prefix = prefixLength === 1 ? first : ((first & 0x3f) << 2) | (second >> 6) | ((second & 0x3f) << 8);
  const body = bytes.subarray(0, prefixLength + keyLength);
  if (!equalBytes(checksum(body), bytes.subarray(body.length))) {
    throw refuse(text, 'its checksum does not match, so a character is wrong');
  }
  // A small prefix written in two bytes, or a reserved one, has no encoding of its own.
  if ((prefixLength === 2 && prefix < 64) || reservedPrefixes.includes(prefix)) {
    throw refuse(text, 'its prefix is reserved');
  }
  return { prefix, publicKey: body.slice(prefixLength) };
}

/** Reads a Bittensor address; for another network's address the error names the equal one here. */
export function publicKeyFromSs58(text: string): Uint8Array {
  const { prefix, publicKey } = decodeSs58(text);
  if (prefix === bittensorPrefix) return publicKey;
  const network = networkNames[prefix];
  throw new FileTaoError(
    'bad-input',
    `"${text}" is an address for ${network ?? 'another network'} (prefix ${prefix}); ` +
      `the same key is ${encodeSs58(publicKey)} on Bittensor`,
    { details: { prefix } },
  );
}
