// The encryption payload of the reference implementation of FileTAO (Python), read only: JSON
// {"nonce", "ciphertext"} in hexadecimal, a secretbox of JSON {"aes_key", "nonce", "tag"} in hexadecimal. Its
// key is derived, as for key files, from the coldkey's private key: 128 hexadecimal digits as text. The object
// itself is AES-256-GCM with a nonce of 16 bytes and nothing around it.

import type { KeyPair } from '../../domain/identity/keys.js';
import { fromHex, toHex } from '../../domain/model/bytes.js';
import { FileTaoError } from '../../domain/model/errors.js';
import type { AesGcmSecret } from '../cipher/aes-gcm-file.js';
import { type DerivationWatch, deriveKey } from './argon2-key.js';

export interface ReferencePayload {
  readonly nonce: Uint8Array;
  readonly ciphertext: Uint8Array;
}

const secretboxNonceSize = 24;
/** Written by the reference it is 445 characters long. */
const payloadLengthMax = 64 * 1024;

const malformed = (why: string): FileTaoError =>
  new FileTaoError('bad-input', `the payload is not one of the reference's encryption scheme: ${why}`);

/** Reads a payload as the reference prints it; also where it was put into JSON once more, as text. */
export function parseReferencePayload(text: string): ReferencePayload {
  if (text.length > payloadLengthMax) throw malformed(`it has ${text.length} characters`);
  let value = parseJson(text);
  if (typeof value === 'string') value = parseJson(value);
  const fields = objectOf(value);
  if (fields === null) throw malformed('it is not a JSON object with nonce and ciphertext');
  const nonce = hexOf(fields.nonce);
  const ciphertext = hexOf(fields.ciphertext);
  if (nonce === null || nonce.length !== secretboxNonceSize) {
    throw malformed(`its nonce is not ${secretboxNonceSize} bytes of hexadecimal`);
  }
  if (ciphertext === null) throw malformed('its ciphertext is not hexadecimal');
  return { nonce, ciphertext };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw malformed('it is not JSON');
  }
}

const objectOf = (value: unknown): Readonly<Record<string, unknown>> | null =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Readonly<Record<string, unknown>>)
    : null;

const hexOf = (value: unknown): Uint8Array | null =>
  typeof value === 'string' && value.length % 2 === 0 && /^[0-9a-fA-F]*$/u.test(value)
    ? fromHex(value)
    : null;

/** What opens the object. Throws `wrong-wallet` when the payload is not for this coldkey. */
export async function openReferencePayload(
  { nonce, ciphertext }: ReferencePayload,
  coldkey: KeyPair,
  watch?: DerivationWatch,
): Promise<AesGcmSecret> {
  const { openSecretbox } = await import('./secretbox.js');
  const key = await deriveKey(toHex(coldkey.secretKey), watch);
  const opened = openSecretbox(key, nonce, ciphertext);
  if (opened === null) {
    throw new FileTaoError('wrong-wallet', 'the payload was made for another coldkey, or is damaged');
  }
  const fields = objectOf(parseJson(new TextDecoder().decode(opened)));
  const secret = {
    key: hexOf(fields?.aes_key),
    nonce: hexOf(fields?.nonce),
    tag: hexOf(fields?.tag),
  };
  if (secret.key?.length !== 32 || secret.nonce?.length !== 16 || secret.tag?.length !== 16) {
    throw malformed('it holds no AES-256-GCM key, nonce and tag');
  }
  return secret as AesGcmSecret;
}
