// The age v1 file an object's plaintext travels in: textual header, 16-byte payload nonce, and the payload
// as a STREAM of ChaCha20-Poly1305 chunks of 64 KiB. Source: https://age-encryption.org/v1
//
// Headers are opened by age-encryption. Making one is left to it no more: 2.7 ms of processor time for each file, against
// 0.2 over the Cipher port of node:crypto, a tenth of all that storing a small file took. Nor is the payload: its pure
// JavaScript stream makes 67 MB/s, this one 580 to 1000 MB/s out and 640 to 1500 MB/s in, on one core whose speed
// varies with its neighbours (`bench/age-envelope.ts`).
//
// Encryptor and decryptor are incremental, hold one chunk at most, and give the same output however the
// input is cut. An encryptor is a function of its Envelope: the same envelope and plaintext give the same
// ciphertext, which is what lets an interrupted put go on (PROTOCOL 6a). An envelope must never meet two
// plaintexts: whoever reuses one makes sure of that first.

import { hkdf } from '@noble/hashes/hkdf.js';
import { hmac } from '@noble/hashes/hmac.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { base64nopad, bech32 } from '@scure/base';
import { concatBytes, equalBytes, utf8 } from '../model/bytes.js';
import { FileTaoError } from '../model/errors.js';
import { type Aead, aeadTagSize, type Cipher } from '../ports/cipher.js';
import type { Random } from '../ports/random.js';
import { isAgeRecipient } from './age-identity.js';

const versionLine = 'age-encryption.org/v1\n';
export const fileKeySize = 16;
export const payloadNonceSize = 16;
/** Plaintext bytes of every chunk but the last. */
export const ageChunkSize = 64 * 1024;
export const sealedChunkSize = ageChunkSize + aeadTagSize;
/** Ours have about 200 bytes; more than this is not looked at. */
export const ageHeaderSizeMax = 16 * 1024;

/** What fixes a ciphertext, given the plaintext. `header` and `payloadNonce` are public, `fileKey` is not. */
export interface Envelope {
  /** From "age-encryption.org/v1" to the MAC line, with its newline. */
  readonly header: Uint8Array;
  /** 16 bytes. */
  readonly payloadNonce: Uint8Array;
  /** 16 bytes. */
  readonly fileKey: Uint8Array;
}

/** A new envelope for these recipients (`age1…`, X25519); throws `bad-input` for text that is not one. */
export function createEnvelope(recipients: readonly string[], random: Random, cipher: Cipher): Envelope {
  if (recipients.length === 0) throw new FileTaoError('bad-input', 'encrypting needs an age recipient');
  const fileKey = random.bytes(fileKeySize);
  const stanzas = recipients.map((recipient) => x25519Stanza(fileKey, recipientBytes(recipient), cipher));
  const unsigned = `${versionLine}${stanzas.join('')}---`;
  const mac = hmac(sha256, hkdf(sha256, fileKey, undefined, utf8('header'), 32), utf8(unsigned));
  return {
    header: utf8(`${unsigned} ${base64nopad.encode(mac)}\n`),
    payloadNonce: random.bytes(payloadNonceSize),
    fileKey,
  };
}

/** https://age-encryption.org/v1, "The X25519 recipient type". The body has 32 bytes, so one line. */
function x25519Stanza(fileKey: Uint8Array, recipient: Uint8Array, cipher: Cipher): string {
  const { share, shared } = cipher.ephemeralX25519(recipient);
  const salt = concatBytes(share, recipient);
  const key = hkdf(sha256, shared, salt, utf8('age-encryption.org/v1/X25519'), 32);
  // The key is used once, so the nonce is zero.
  const body = cipher.chacha20Poly1305(key).seal(new Uint8Array(12), fileKey);
  return `-> X25519 ${base64nopad.encode(share)}\n${base64nopad.encode(body)}\n`;
}

function recipientBytes(recipient: string): Uint8Array {
  if (!isAgeRecipient(recipient))
    throw new FileTaoError('bad-input', "an age recipient begins with 'age1' and has 62 characters");
  return bech32.decodeToBytes(recipient).bytes;
}

/**
 * Length of the header that `start` begins with, or null when its end is not in `start` yet. Throws
 * `integrity` when this is no age file. A MAC line is the only one that begins with "---".
 */
export function ageHeaderLength(start: Uint8Array): number | null {
  const version = utf8(versionLine);
  for (let i = 0; i < Math.min(version.length, start.length); i++) {
    if (start[i] !== version[i]) throw new FileTaoError('integrity', 'this is not an age v1 file');
  }
  const dash = 0x2d;
  const newline = 0x0a;
  const limit = Math.min(start.length, ageHeaderSizeMax);
  for (let i = version.length - 1; i + 4 < limit; i++) {
    if (start[i] !== newline || start[i + 1] !== dash || start[i + 2] !== dash || start[i + 3] !== dash)
      continue;
    const end = start.subarray(0, limit).indexOf(newline, i + 4);
    if (end >= 0) return end + 1;
    break;
  }
  if (start.length >= ageHeaderSizeMax) {
    throw new FileTaoError('integrity', `the age header has no end within ${ageHeaderSizeMax} bytes`);
  }
  return null;
}

/** Whether bytes begin as an age v1 file does; fewer bytes than its first line has never do. */
export function isAgeFile(start: Uint8Array): boolean {
  const version = utf8(versionLine);
  return start.length >= version.length && equalBytes(start.subarray(0, version.length), version);
}

/**
 * The file key of a header, for an identity (`AGE-SECRET-KEY-1…`). Throws `wrong-wallet` when no stanza is
 * for this identity, `integrity` when the header is damaged.
 */
export async function openHeader(header: Uint8Array, identity: string): Promise<Uint8Array> {
  const { Decrypter } = await import('./age-decrypter.js');
  const decrypter = new Decrypter();
  try {
    decrypter.addIdentity(identity);
  } catch (error) {
    throw new FileTaoError('bad-input', "an age identity begins with 'AGE-SECRET-KEY-1'", { cause: error });
  }
  try {
    return await decrypter.decryptHeader(header);
  } catch (error) {
    if (error instanceof Error && error.message.startsWith('no identity matched')) {
      throw new FileTaoError('wrong-wallet', 'the object is encrypted for another wallet', { cause: error });
    }
    throw new FileTaoError('integrity', 'the age header is damaged', { cause: error });
  }
}

/** Bytes of the ciphertext of `plaintextSize` bytes under a header of `headerLength` bytes. */
export const sealedSize = (headerLength: number, plaintextSize: number): number =>
  headerLength +
  payloadNonceSize +
  plaintextSize +
  aeadTagSize * Math.max(1, Math.ceil(plaintextSize / ageChunkSize));

/** Bytes of the plaintext in a ciphertext; throws `integrity` for a size no plaintext gives. */
export function plaintextSize(headerLength: number, ciphertextSize: number): number {
  const payload = ciphertextSize - headerLength - payloadNonceSize;
  const size = payload - aeadTagSize * Math.ceil(payload / sealedChunkSize);
  if (size < 0 || sealedSize(headerLength, size) !== ciphertextSize) {
    throw new FileTaoError('integrity', `no age file has ${ciphertextSize} bytes: it was cut or added to`);
  }
  return size;
}

/** Nonce of the STREAM construction: 11-byte big-endian counter, then 1 for the final chunk. */
class StreamNonce {
  readonly bytes = new Uint8Array(12);

  next(): void {
    for (let i = 10; i >= 0; i--) {
      this.bytes[i] = (this.bytes[i]! + 1) & 255;
      if (this.bytes[i] !== 0) return;
    }
  }

  final(): Uint8Array {
    this.bytes[11] = 1;
    return this.bytes;
  }

  /** The nonce of chunk `index`, which a safe integer holds for any file. */
  static at(index: number, isLast = false): StreamNonce {
    const nonce = new StreamNonce();
    for (let i = 10, rest = index; rest > 0; i--, rest = Math.floor(rest / 256)) nonce.bytes[i] = rest % 256;
    if (isLast) nonce.final();
    return nonce;
  }
}

const payloadAead = (cipher: Cipher, fileKey: Uint8Array, payloadNonce: Uint8Array): Aead =>
  cipher.chacha20Poly1305(hkdf(sha256, fileKey, payloadNonce, utf8('payload'), 32));

/**
 * Cuts a stream into parts of `size`, holding the last one back until it is known whether it is the last.
 * Parts are views of the input where that is possible, valid until the next call.
 */
class Chunker {
  readonly #held: Uint8Array;
  #length = 0;

  constructor(size: number) {
    this.#held = new Uint8Array(size);
  }

  *push(data: Uint8Array): Generator<Uint8Array> {
    const size = this.#held.length;
    let at = 0;
    while (at < data.length) {
      if (this.#length === size) {
        this.#length = 0;
        yield this.#held;
      }
      if (this.#length === 0) {
        for (; data.length - at > size; at += size) yield data.subarray(at, at + size);
      }
      const taken = Math.min(size - this.#length, data.length - at);
      this.#held.set(data.subarray(at, at + taken), this.#length);
      this.#length += taken;
      at += taken;
    }
  }

  last(): Uint8Array {
    return this.#held.subarray(0, this.#length);
  }
}

/** Plaintext in, ciphertext out: `start`, then `push` for all data in order, then `finish`. */
export class AgeEncryptor {
  readonly #aead: Aead;
  readonly #chunks = new Chunker(ageChunkSize);
  readonly #nonce = new StreamNonce();
  readonly #envelope: Envelope;

  constructor(cipher: Cipher, envelope: Envelope) {
    this.#envelope = envelope;
    this.#aead = payloadAead(cipher, envelope.fileKey, envelope.payloadNonce);
  }

  /** What the ciphertext begins with: header and payload nonce. */
  start(): Uint8Array {
    return concatBytes(this.#envelope.header, this.#envelope.payloadNonce);
  }

  *push(data: Uint8Array): Generator<Uint8Array> {
    for (const chunk of this.#chunks.push(data)) {
      const sealed = this.#aead.seal(this.#nonce.bytes, chunk);
      this.#nonce.next();
      yield sealed;
    }
  }

  finish(): Uint8Array {
    return this.#aead.seal(this.#nonce.final(), this.#chunks.last());
  }
}

/** Single chunks of a payload in any order, for whoever goes on in the middle of a file. */
export class AgeChunks {
  readonly #aead: Aead;

  constructor(cipher: Cipher, fileKey: Uint8Array, payloadNonce: Uint8Array) {
    this.#aead = payloadAead(cipher, fileKey, payloadNonce);
  }

  /** The ciphertext of a chunk that is not the last. */
  seal(index: number, chunk: Uint8Array): Uint8Array {
    return this.#aead.seal(StreamNonce.at(index).bytes, chunk);
  }

  /** Throws `integrity`. */
  open(index: number, sealed: Uint8Array, isLast: boolean): Uint8Array {
    const chunk = this.#aead.open(StreamNonce.at(index, isLast).bytes, sealed);
    if (chunk === null) throw damagedChunk(index);
    return chunk;
  }
}

const damagedChunk = (index: number): FileTaoError =>
  new FileTaoError('integrity', `the age payload is damaged, cut or reordered in chunk ${index}`);

/**
 * Ciphertext after header and payload nonce in, plaintext out. Every chunk is authentic when it is given out;
 * that the file is whole is only known when `finish` returns. Throws `integrity`.
 */
export class AgeDecryptor {
  readonly #aead: Aead;
  readonly #chunks = new Chunker(sealedChunkSize);
  readonly #nonce: StreamNonce;
  #opened: number;

  /** `opened` chunks are done already: what is pushed begins with the next one. */
  constructor(cipher: Cipher, fileKey: Uint8Array, payloadNonce: Uint8Array, opened = 0) {
    this.#aead = payloadAead(cipher, fileKey, payloadNonce);
    this.#nonce = StreamNonce.at(opened);
    this.#opened = opened;
  }

  /** Chunks given out so far. */
  get opened(): number {
    return this.#opened;
  }

  /** Ciphertext of the chunk that is not given out yet; a view. */
  get pending(): Uint8Array {
    return this.#chunks.last();
  }

  *push(data: Uint8Array): Generator<Uint8Array> {
    for (const sealed of this.#chunks.push(data)) {
      const chunk = this.#open(this.#nonce.bytes, sealed);
      this.#nonce.next();
      this.#opened++;
      yield chunk;
    }
  }

  finish(): Uint8Array {
    const chunk = this.#open(this.#nonce.final(), this.#chunks.last());
    if (chunk.length === 0 && this.#opened > 0) {
      throw new FileTaoError('integrity', 'the age payload ends in an empty chunk: it was added to');
    }
    return chunk;
  }

  #open(nonce: Uint8Array, sealed: Uint8Array): Uint8Array {
    const chunk = this.#aead.open(nonce, sealed);
    if (chunk === null) throw damagedChunk(this.#opened);
    return chunk;
  }
}
