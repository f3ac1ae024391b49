// How an object's bytes become what the user stored: an age file is decrypted with the wallet's identity, anything
// else was stored as it is (`--no-encrypt`). Told by the first line of the object, never by a node.

import {
  AgeDecryptor,
  ageHeaderLength,
  ageHeaderSizeMax,
  isAgeFile,
  openHeader,
  payloadNonceSize,
  plaintextSize,
} from '../domain/identity/age-envelope.js';
import { encodeSs58 } from '../domain/identity/ss58.js';
import { equalBytes } from '../domain/model/bytes.js';
import { FileTaoError } from '../domain/model/errors.js';
import type { Download } from './download.js';
import type { ClientRuntime, UserWallet } from './runtime.js';

/** The opened head of an age file. */
export interface Seal {
  /** Header and payload nonce, as they stand at the beginning of the object. */
  readonly head: Uint8Array;
  readonly fileKey: Uint8Array;
}

export interface SealingOptions {
  readonly wallet: UserWallet;
  readonly runtime: ClientRuntime;
  /** `false` gives the object as it is stored, encrypted or not. */
  readonly decrypt?: boolean;
}

/** Ciphertext in order → plaintext in order. */
export interface Unsealing {
  push(piece: Uint8Array): Iterable<Uint8Array>;
  /** What is left at the end; throws `integrity` when the end is missing. */
  finish(): Uint8Array;
}

const nothing = new Uint8Array(0);
/** Bytes handed out at once. */
const sliceSize = 256 * 1024;

/** In copies: a piece is a view of a buffer that the next one is read into. */
export function* copiesOf(piece: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < piece.length; at += sliceSize) yield piece.slice(at, at + sliceSize);
}

const asItIs: Unsealing = { push: copiesOf, finish: () => nothing };

export const payloadNonceOf = ({ head }: Seal): Uint8Array => head.subarray(head.length - payloadNonceSize);

/** Passes over the head and decrypts the rest; `null` passes everything on. */
export function unseal(seal: Seal | null, runtime: ClientRuntime): Unsealing {
  if (seal === null) return asItIs;
  const decryptor = new AgeDecryptor(runtime.cipher, seal.fileKey, payloadNonceOf(seal));
  let passed = 0;
  return {
    push(piece) {
      const head = Math.min(piece.length, seal.head.length - passed);
      passed += head;
      return decryptor.push(piece.subarray(head));
    },
    finish: () => decryptor.finish(),
  };
}

/** Bytes of what the user stored. */
export const sizeInside = (seal: Seal | null, storedSize: number): number =>
  seal === null ? storedSize : plaintextSize(seal.head.length - payloadNonceSize, storedSize);

/**
 * The seal of an object that begins with these verified bytes; null for one that is not encrypted or shall not
 * be decrypted. Throws `wrong-wallet`, `integrity`.
 */
export async function openSeal(
  start: Uint8Array,
  download: Download,
  options: SealingOptions,
): Promise<Seal | null> {
  if (options.decrypt === false || !isAgeFile(start)) return null;
  const length = ageHeaderLength(start);
  if (length === null || start.length < length + payloadNonceSize) {
    throw download.damaged('its beginning is too short for an age file');
  }
  const fileKey = await openHeaderOf(start.subarray(0, length), download, options);
  return { head: start.slice(0, length + payloadNonceSize), fileKey };
}

/** For `Download.start`: enough to hold any head. */
export const headSizeMax = ageHeaderSizeMax + payloadNonceSize;

/**
 * Looks at the age header before the first piece is complete, so that somebody else's object is not downloaded
 * first. These bytes are not verified yet: where the manifest is our own, a header that does not open may be
 * damage, and the verified piece decides.
 */
export async function refuseForeign(
  start: Uint8Array,
  download: Download,
  options: SealingOptions,
): Promise<boolean> {
  const ours = equalBytes(download.manifest.owner, options.wallet.hotkey.publicKey);
  if (ours || options.decrypt === false) return true;
  const isShort = start.length < shortest;
  if (!isShort && !isAgeFile(start)) return true;
  const end = isShort ? null : ageHeaderLength(start);
  if (end === null) return false;
  await openHeaderOf(start.subarray(0, end), download, options);
  return true;
}

/** Bytes by which an age file can be told. */
const shortest = 64;

async function openHeaderOf(
  header: Uint8Array,
  { manifest, cid }: Download,
  { wallet }: SealingOptions,
): Promise<Uint8Array> {
  try {
    return await openHeader(header, await wallet.ageIdentity());
  } catch (error) {
    if (!(error instanceof FileTaoError) || error.code !== 'wrong-wallet') throw error;
    const owner = encodeSs58(manifest.owner);
    throw new FileTaoError(
      'wrong-wallet',
      `wallet '${wallet.name}' cannot decrypt ${cid}, which ${owner} put: name the wallet it was put with (--wallet.name), or take it as it is stored (--no-decrypt)`,
      { cause: error, details: { owner } },
    );
  }
}
