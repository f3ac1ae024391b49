// Byte strings and the branded ids made of them. Ids are lower-case hex text, so that they can be map
// keys, file names and JSON; messages carry the raw bytes.

declare const brand: unique symbol;
type Branded<Name extends string> = string & { readonly [brand]: Name };

/** Public key of an sr25519 hotkey, 64 hex digits. */
export type PublicKey = Branded<'PublicKey'>;
/** hash(E) of a replica, 64 hex digits. */
export type Root = Branded<'Root'>;
/** hash(P) of a piece, 64 hex digits. */
export type PieceId = Branded<'PieceId'>;
/** CIDv1, raw, sha2-256, base32 text of an object's ciphertext. */
export type Cid = Branded<'Cid'>;

const digits: readonly string[] = Array.from({ length: 256 }, (_, byte) =>
  byte.toString(16).padStart(2, '0'),
);

export function toHex(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += digits[byte];
  return text;
}

/** Reads lower- or upper-case hex; throws a RangeError on anything else. */
export function fromHex(text: string): Uint8Array {
  if (text.length % 2 !== 0 || /[^0-9a-fA-F]/.test(text)) throw new RangeError('not hexadecimal text');
  const bytes = new Uint8Array(text.length / 2);
  for (let i = 0; i < bytes.length; i++) bytes[i] = Number.parseInt(text.slice(2 * i, 2 * i + 2), 16);
  return bytes;
}

export const isHex32 = (text: string): boolean => /^[0-9a-f]{64}$/.test(text);

/** Compares public values; the running time depends on them. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

export const concatBytes = (...parts: readonly Uint8Array[]): Uint8Array => joinBytes(parts);

/** The same for any number of parts: arguments of a call are limited by the stack. */
export function joinBytes(parts: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += part.length;
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

export const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

export const publicKeyOf = (bytes: Uint8Array): PublicKey => toHex(bytes) as PublicKey;
export const rootOf = (bytes: Uint8Array): Root => toHex(bytes) as Root;
export const pieceIdOf = (bytes: Uint8Array): PieceId => toHex(bytes) as PieceId;
