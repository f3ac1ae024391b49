// The content of one key file in Bittensor's format: JSON with accountId, publicKey, privateKey,
// secretPhrase, secretSeed and ss58Address, hex with 0x; secrets are read in the order phrase, seed, private
// key (https://github.com/opentensor/btwallet, src/keyfile.rs). A public key file is the same without secrets;
// the oldest hold nothing but 0x and the public key.

import type { KeyPair } from '../../domain/identity/keys.js';
import { encodeSs58, publicKeyFromSs58 } from '../../domain/identity/ss58.js';
import { equalBytes, fromHex, toHex } from '../../domain/model/bytes.js';
import { FileTaoError } from '../../domain/model/errors.js';
import { isNaclKeyfile } from './encrypted-keyfile.js';

export interface Keyfile {
  readonly publicKey: Uint8Array;
  readonly privateKey: Uint8Array | null;
  readonly secretPhrase: string | null;
  readonly secretSeed: Uint8Array | null;
}

/** The two formats that Bittensor's tools wrote before NaCl. */
const legacyFormats: readonly { readonly start: string; readonly name: string }[] = [
  { start: '$ANSIBLE_VAULT', name: 'Ansible Vault' },
  { start: 'gAAAAA', name: 'Fernet' },
];

const startsWith = (data: Uint8Array, text: string): boolean =>
  equalBytes(data.subarray(0, text.length), new TextEncoder().encode(text));

/** Reads a key file; `where` names it in errors. Throws `wallet-locked` or `wrong-wallet`. */
export function parseKeyfile(data: Uint8Array, where: string): Keyfile {
  if (isNaclKeyfile(data)) {
    throw new FileTaoError('wallet-locked', `${where} is encrypted with a password`);
  }
  const legacy = legacyFormats.find(({ start }) => startsWith(data, start));
  if (legacy !== undefined) {
    throw new FileTaoError(
      'wallet-locked',
      `${where} is encrypted in the old ${legacy.name} format: rewrite it with the Python tools (btcli), or move it away and make it anew from its phrase with filetao wallet regenerate`,
    );
  }
  const text = new TextDecoder().decode(data).trim();
  if (/^0x[0-9a-fA-F]{64}$/u.test(text)) {
    return { publicKey: fromHex(text.slice(2)), privateKey: null, secretPhrase: null, secretSeed: null };
  }
  const fields = fieldsOf(text, where);
  const publicKey =
    bytesOf(fields, 'publicKey', [32], where) ??
    bytesOf(fields, 'accountId', [32], where) ??
    (fields.ss58Address === undefined ? null : publicKeyFromSs58(fields.ss58Address));
  if (publicKey === null) throw corrupt(where, 'it has neither publicKey nor ss58Address');
  if (fields.ss58Address !== undefined && !equalBytes(publicKeyFromSs58(fields.ss58Address), publicKey)) {
    throw corrupt(where, 'its ss58Address and publicKey are different keys');
  }
  return {
    publicKey,
    privateKey: bytesOf(fields, 'privateKey', [64], where),
    secretPhrase: fields.secretPhrase ?? null,
    secretSeed: bytesOf(fields, 'secretSeed', [32], where),
  };
}

const fieldNames = [
  'accountId',
  'publicKey',
  'privateKey',
  'secretPhrase',
  'secretSeed',
  'ss58Address',
] as const;
type FieldName = (typeof fieldNames)[number];
type Fields = Partial<Record<FieldName, string>>;

const corrupt = (where: string, why: string): FileTaoError =>
  new FileTaoError('wrong-wallet', `${where} is not a usable key file: ${why}`);

function fieldsOf(text: string, where: string): Fields {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    throw corrupt(where, 'it is not JSON');
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    throw corrupt(where, 'it is not a JSON object');
  }
  const fields: Fields = {};
  for (const name of fieldNames) {
    const value = (parsed as Record<string, unknown>)[name];
    if (value === undefined || value === null || value === '') continue;
    if (typeof value !== 'string') throw corrupt(where, `its ${name} is not text`);
    fields[name] = value;
  }
  return fields;
}

function bytesOf(
  fields: Fields,
  name: FieldName,
  lengths: readonly number[],
  where: string,
): Uint8Array | null {
  const text = fields[name];
  if (text === undefined) return null;
  const digits = text.startsWith('0x') ? text.slice(2) : text;
  if (!/^[0-9a-fA-F]*$/u.test(digits) || !lengths.includes(digits.length / 2)) {
    throw corrupt(where, `its ${name} is not ${lengths.join(' or ')} bytes of hexadecimal`);
  }
  return fromHex(digits);
}

/** The key pair of a file that holds a secret; throws `wrong-wallet` when secret and public key differ. */
export async function keyPairOf(keyfile: Keyfile, where: string): Promise<KeyPair> {
  const { keyPairFromPhrase, keyPairFromPrivateKey, keyPairFromSeed } = await import('./sr25519.js');
  let keyPair: KeyPair;
  try {
    if (keyfile.secretPhrase !== null) keyPair = keyPairFromPhrase(keyfile.secretPhrase);
    else if (keyfile.secretSeed !== null) keyPair = keyPairFromSeed(keyfile.secretSeed);
    else if (keyfile.privateKey !== null) {
      keyPair = keyPairFromPrivateKey(keyfile.privateKey, keyfile.publicKey);
    } else throw new FileTaoError('wrong-wallet', 'it holds a public key only');
  } catch (error) {
    throw corrupt(where, error instanceof Error ? error.message : String(error));
  }
  if (!equalBytes(keyPair.publicKey, keyfile.publicKey)) {
    throw corrupt(where, 'its secret and its publicKey are different keys');
  }
  return keyPair;
}

const hex = (bytes: Uint8Array): string => `0x${toHex(bytes)}`;

/** What a key was made from, as far as it is known. */
export interface KeySource {
  readonly phrase: string | null;
  readonly seed: Uint8Array | null;
}

/** The text of a file with secrets; Bittensor's tools leave out what is not known. */
export function formatKeyfile(keyPair: KeyPair, { phrase, seed }: KeySource): string {
  return JSON.stringify({
    accountId: hex(keyPair.publicKey),
    publicKey: hex(keyPair.publicKey),
    privateKey: hex(keyPair.secretKey),
    ...(phrase === null ? {} : { secretPhrase: phrase }),
    ...(seed === null ? {} : { secretSeed: hex(seed) }),
    ss58Address: encodeSs58(keyPair.publicKey),
  });
}

/** The text of a public key file. */
export function formatPublicKeyfile(publicKey: Uint8Array): string {
  return JSON.stringify({
    accountId: hex(publicKey),
    publicKey: hex(publicKey),
    ss58Address: encodeSs58(publicKey),
  });
}
