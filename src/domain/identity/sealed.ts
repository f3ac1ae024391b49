// Signed messages. On the wire and on disk: signature (64) ‖ canonical body. The signature is sr25519,
// context "substrate", over ASCII "filetao v1 " ‖ type ‖ "\n" followed by hash(body) (PROTOCOL 2).

import { blake3 } from '@noble/hashes/blake3.js';
import { concatBytes, utf8 } from '../model/bytes.js';
import { limits, signatureSize } from '../model/constants.js';
import { FileTaoError } from '../model/errors.js';
import type { Signer, VerifySignature } from '../ports/signer.js';
import { decodeCanonical, encodeCanonical, type Field, type Shape, type StructOf, struct } from './codec.js';

/** A kind of signed message. `type` is part of what is signed, so no message passes as another. */
export interface MessageKind<Value> {
  readonly type: string;
  /** Names of the body's fields. */
  readonly fields: readonly string[];
  readonly body: Field<Value>;
  /** The key that must have signed: a field of the body. */
  signerOf(value: Value): Uint8Array;
  readonly maxBytes: number;
}

/** A message whose signature has been checked. */
export interface Opened<Value> {
  readonly value: Value;
  readonly body: Uint8Array;
  /** hash(body): the message's name. */
  readonly digest: Uint8Array;
  readonly signature: Uint8Array;
  /** signature ‖ body, as received. */
  readonly bytes: Uint8Array;
}

export function defineMessage<const S extends Shape>(
  type: string,
  shape: S,
  signerOf: (value: StructOf<S>) => Uint8Array,
  maxBytes: number = limits.messageBytesMax,
): MessageKind<StructOf<S>> {
  return { type, fields: Object.keys(shape), body: struct(shape), signerOf, maxBytes };
}

/** What is signed for a body of which no more is kept than its digest. */
export const signedDigest = (type: string, digest: Uint8Array): Uint8Array =>
  concatBytes(utf8(`filetao v1 ${type}\n`), digest);

/** What is signed for a body of this type. */
export const signedText = (type: string, body: Uint8Array): Uint8Array => signedDigest(type, blake3(body));

export const sealMessage = <Value>(kind: MessageKind<Value>, value: Value, signer: Signer): Uint8Array =>
  sealOpened(kind, value, signer).bytes;

/** The same with what its receiver reads from it, which its sender need not decode again. */
export function sealOpened<Value>(kind: MessageKind<Value>, value: Value, signer: Signer): Opened<Value> {
  const body = encodeCanonical(kind.body, value, kind.type);
  if (body.length + signatureSize > kind.maxBytes) {
    throw new FileTaoError(
      'too-large',
      `${kind.type}: ${body.length} bytes, at most ${kind.maxBytes} are sent`,
    );
  }
  const digest = blake3(body);
  const bytes = concatBytes(signer.sign(signedDigest(kind.type, digest)), body);
  const signature = bytes.subarray(0, signatureSize);
  return { value, body: bytes.subarray(signatureSize), digest, signature, bytes };
}

/** Decodes without looking at the signature: for reading one's own records. */
export function readSealed<Value>(kind: MessageKind<Value>, sealed: Uint8Array): Opened<Value> {
  if (sealed.length > kind.maxBytes) {
    throw new FileTaoError(
      'too-large',
      `${kind.type}: ${sealed.length} bytes, at most ${kind.maxBytes} are read`,
    );
  }
  if (sealed.length <= signatureSize) throw new FileTaoError('bad-message', `${kind.type}: too short`);
  const body = sealed.subarray(signatureSize);
  const value = decodeCanonical(kind.body, body, kind.type, kind.maxBytes);
  return { value, body, digest: blake3(body), signature: sealed.subarray(0, signatureSize), bytes: sealed };
}

/** Decodes and checks the signature of the key the body names; throws `bad-message` or `bad-signature`. */
export function openSealed<Value>(
  kind: MessageKind<Value>,
  sealed: Uint8Array,
  verify: VerifySignature,
): Opened<Value> {
  const opened = readSealed(kind, sealed);
  if (!verify(signedDigest(kind.type, opened.digest), opened.signature, kind.signerOf(opened.value))) {
    throw new FileTaoError('bad-signature', `${kind.type}: the signature is not of the key it names`);
  }
  return opened;
}
