// Transcripts (PROTOCOL 7): every message of a store, challenge or retrieve as received, with times and
// verdict, closed by the validator's signature. Bulk bytes (openings, range answers) are signed by digest and
// stand behind the signed head, so pruning them later breaks no signature.
//
// One entry on disk:  u32 length ‖ sealed head ‖ u8 number of bulks ‖ for each: u32 length ‖ bytes
// A pruned bulk has the length 0xffffffff and no bytes. All integers little-endian.

import { bytes, flag, list, oneOf, struct, text, uint } from '../identity/codec.js';
import { defineMessage, type Opened, readSealed } from '../identity/sealed.js';
import { concatBytes } from '../model/bytes.js';
import { kibibyte, limits, mebibyte, nodeSize, protocolVersion, signatureSize } from '../model/constants.js';
import { FileTaoError } from '../model/errors.js';

const bytes32 = bytes(nodeSize);
/** Bytes of an entry's head: messages of one round, well below 10 KiB. */
const headBytesMax = 256 * kibibyte;
/** Resends until the longest deadline, each with a refusal, stay below it. */
const messagesMax = 256;
const bulksMax = 4;
const bulkBytesMax = limits.replicaSizeMax + mebibyte;
const prunedMark = 0xffffffff;

export const outcomes = ['pass', 'fail', 'void'] as const;
export type Outcome = (typeof outcomes)[number];

export const transcriptKind = defineMessage(
  'transcript',
  {
    version: uint(protocolVersion, protocolVersion),
    kind: oneOf('store', 'challenge', 'retrieve', 'range', 'renew', 'delete'),
    genesis: bytes32,
    netuid: uint(0, 65535),
    validatorKey: bytes32,
    minerKey: bytes32,
    root: bytes32,
    size: uint(1, limits.replicaSizeMax),
    /** Round number of a challenge; 0 for the other kinds. */
    n: uint(),
    /** The link the round or retrieval named; 32 zero bytes for store. */
    prevLink: bytes32,
    /** Challenge and retrieve: the receipt given at store (signature ‖ body), so that blame is proved from one entry. */
    receipt: bytes(0, 4096),
    /** ν of a challenge, once released; empty before. */
    nu: bytes(0, nodeSize),
    /** In the order sent and received; `type` is the kind's, `atMs` counts from startedAtMs. */
    messages: list(
      struct({ type: text(32), atMs: uint(), bytes: bytes(1, limits.messageBytesMax) }),
      messagesMax,
    ),
    /** hash of each bulk as it was received, whatever digest the miner signed for it. */
    bulks: list(bytes32, bulksMax),
    startedAtMs: uint(),
    elapsedMs: uint(),
    outcome: oneOf(...outcomes),
    /** Empty for a pass. */
    reason: text(64),
    /** Whether the miner's own signature covers what failed; else it is the validator's word. */
    attributable: flag,
  },
  (entry) => entry.validatorKey,
  headBytesMax,
);

export type TranscriptHead = ReturnType<(typeof transcriptKind.body)['check']>;
export type TranscriptMessage = TranscriptHead['messages'][number];

export interface TranscriptEntry {
  readonly head: Opened<TranscriptHead>;
  /** In the order of `head.value.bulks`; null where pruned. */
  readonly bulks: readonly (Uint8Array | null)[];
}

/** @param sealedHead made by sealMessage(transcriptKind, …) */
export function encodeEntry(sealedHead: Uint8Array, bulks: readonly (Uint8Array | null)[]): Uint8Array {
  const length = 4 + sealedHead.length + 1 + bulks.reduce((sum, bulk) => sum + 4 + (bulk?.length ?? 0), 0);
  const entry = new Uint8Array(length);
  const view = new DataView(entry.buffer);
  view.setUint32(0, sealedHead.length, true);
  entry.set(sealedHead, 4);
  let at = 4 + sealedHead.length;
  entry[at++] = bulks.length;
  for (const bulk of bulks) {
    view.setUint32(at, bulk?.length ?? prunedMark, true);
    at += 4;
    if (bulk !== null) entry.set(bulk, at);
    at += bulk?.length ?? 0;
  }
  return entry;
}

/** One entry as it lies in a file: its framing is whole, nothing in it has been decoded. */
export interface Frame {
  /** Byte at which the entry begins. */
  readonly offset: number;
  readonly length: number;
  readonly sealedHead: Uint8Array;
  /** null where pruned. */
  readonly bulks: readonly (Uint8Array | null)[];
}

/** Decodes a frame; throws `bad-message`. The signature is not checked here. */
export function openFrame({ sealedHead, bulks }: Frame): TranscriptEntry {
  const head = readSealed(transcriptKind, sealedHead);
  if (head.value.bulks.length !== bulks.length)
    throw new FileTaoError('bad-message', 'transcript: bulks do not match');
  return { head, bulks };
}

/**
 * Cuts a stream of bytes into entries, one at a time, in memory bounded by one entry. Throws `bad-message` where
 * the bytes cannot be an entry: where the next one begins is then unknown. `torn` tells of an unfinished last
 * entry, which a crash may leave. What is yielded are views that stay valid.
 */
export class FrameReader {
  #parts: Uint8Array[] = [];
  #held = 0;
  /** Bytes without which nothing can be read on. */
  #needed = 4;
  #offset = 0;

  *push(part: Uint8Array): Generator<Frame> {
    this.#parts.push(part);
    this.#held += part.length;
    if (this.#held < this.#needed) return;
    const joined = this.#parts.length === 1 ? part : concatBytes(...this.#parts);
    let at = 0;
    for (;;) {
      const read = readFrame(joined.subarray(at), this.#offset);
      if (typeof read === 'number') {
        this.#needed = read;
        break;
      }
      at += read.length;
      this.#offset += read.length;
      yield read;
    }
    this.#parts = at === joined.length ? [] : [joined.slice(at)];
    this.#held = joined.length - at;
  }

  /** Bytes read of an entry that is not whole. */
  get torn(): number {
    return this.#held;
  }

  /** Byte at which the next entry begins. */
  get offset(): number {
    return this.#offset;
  }
}

/** The next entry, or how many bytes are needed to know more. */
function readFrame(data: Uint8Array, offset: number): Frame | number {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  if (data.length < 4) return 4;
  const headLength = view.getUint32(0, true);
  if (headLength <= signatureSize || headLength > headBytesMax) {
    throw new FileTaoError('bad-message', `transcript: no entry has a head of ${headLength} bytes`);
  }
  let at = 4 + headLength;
  if (data.length < at + 1) return at + 1;
  const bulkCount = data[at++]!;
  if (bulkCount > bulksMax) throw new FileTaoError('bad-message', 'transcript: too many bulks');
  const bulks: (Uint8Array | null)[] = [];
  for (let i = 0; i < bulkCount; i++) {
    if (data.length < at + 4) return at + 4;
    const length = view.getUint32(at, true);
    at += 4;
    if (length === prunedMark) {
      bulks.push(null);
      continue;
    }
    if (length > bulkBytesMax) throw new FileTaoError('bad-message', 'transcript: a bulk is too large');
    if (data.length < at + length) return at + length;
    bulks.push(data.subarray(at, at + length));
    at += length;
  }
  return { offset, length: at, sealedHead: data.subarray(4, 4 + headLength), bulks };
}
