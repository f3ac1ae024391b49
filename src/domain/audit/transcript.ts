// Transcripts (PROTOCOL 7): every message of a store, challenge or retrieve as received, with times and
// verdict, closed by the validator's signature. Bulk bytes (openings, range answers) are signed by digest and
// stand behind the signed head, so pruning them later breaks no signature.
//
// One entry on disk:  u32 length ‖ sealed head ‖ u8 number of bulks ‖ for each: u32 length ‖ bytes
// A pruned bulk has the length 0xffffffff and no bytes. All integers little-endian.

import { bytes, flag, list, oneOf, struct, text, uint } from '../identity/codec.js';
import { defineMessage, type Opened, readSealed } from '../identity/sealed.js';
import { joinBytes } from '../model/bytes.js';
import { limits, mebibyte, nodeSize, protocolVersion, signatureSize } from '../model/constants.js';
import { FileTaoError, toFileTaoError } from '../model/errors.js';

const bytes32 = bytes(nodeSize);
/** Bytes of an entry's head: messages of one round, some KiB, or with all the repeats below about 150 KiB. */
const headBytesMax = 256 * 1024;
/** Messages of an entry. Whoever repeats questions must stay below it, or the entry cannot be written. */
export const messagesMax = 128;
const bulksMax = 4;
/** Bytes of all bulks of an entry: a replica read as one range, and the proof behind it. */
const entryBulkBytesMax = 65 * mebibyte;
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
    /** Challenge and retrieve: the receipt given at store (signature ‖ body), so that one entry proves blame. */
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
  const bulkBytes = bulks.reduce((sum, bulk) => sum + (bulk?.length ?? 0), 0);
  if (sealedHead.length > headBytesMax || bulks.length > bulksMax || bulkBytes > entryBulkBytesMax) {
    throw new FileTaoError('too-large', 'transcript: the entry is larger than what is read back');
  }
  const entry = new Uint8Array(4 + sealedHead.length + 1 + 4 * bulks.length + bulkBytes);
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
export const openFrame = ({ sealedHead, bulks }: Frame): TranscriptEntry => ({
  head: openHead(sealedHead, bulks.length),
  bulks,
});

function openHead(sealedHead: Uint8Array, bulkCount: number): Opened<TranscriptHead> {
  const head = readSealed(transcriptKind, sealedHead);
  if (head.value.bulks.length !== bulkCount)
    throw new FileTaoError('bad-message', 'transcript: bulks do not match');
  return head;
}

/** Whether an entry's head can have this many bytes. */
export const isHeadLength = (length: number): boolean => length > signatureSize && length <= headBytesMax;

/**
 * Cuts a stream of bytes into entries, one at a time, in memory bounded by one entry and one part. Throws
 * `bad-message` for bytes that cannot be an entry, and from then on for all that follows: where the next entry
 * would begin is not known. A torn last entry, which a crash may leave, is reported by `torn`.
 */
export class FrameReader {
  /** Bytes of the entry under way; joined only when it may be whole, so no byte is moved again and again. */
  #parts: Uint8Array[] = [];
  #length = 0;
  /** Bytes without which the entry cannot be read any further. */
  #needed = 4;
  #offset = 0;
  #damaged: FileTaoError | null = null;
  readonly #judgeHead: (sealedHead: Uint8Array, bulkCount: number) => void;

  /** @param judgeHead throws for a head behind which nothing is worth waiting for */
  constructor(judgeHead: (sealedHead: Uint8Array, bulkCount: number) => void = () => {}) {
    this.#judgeHead = judgeHead;
  }

  /** Entries completed by this part of the stream; all of it is taken, whether they are read or not. */
  push(part: Uint8Array): Generator<Frame> {
    if (this.#damaged === null && part.length > 0) {
      // The caller may use its buffer again. (A Buffer's own slice() would share it.)
      this.#parts.push(Uint8Array.from(part));
      this.#length += part.length;
    }
    return this.#read();
  }

  /** Bytes after the last whole entry. */
  get torn(): number {
    return this.#length;
  }

  /** Byte at which the next entry begins. */
  get offset(): number {
    return this.#offset;
  }

  *#read(): Generator<Frame> {
    if (this.#damaged !== null) throw this.#damaged;
    while (this.#length >= this.#needed) {
      const joined = this.#parts.length === 1 ? this.#parts[0]! : joinBytes(this.#parts);
      let read: Frame | number;
      try {
        read = readFrame(joined, this.#offset, this.#judgeHead);
      } catch (error) {
        this.#damaged = toFileTaoError(error);
        this.#parts = [];
        throw this.#damaged;
      }
      if (typeof read === 'number') {
        this.#parts = [joined];
        this.#needed = read;
        continue;
      }
      const rest = joined.subarray(read.length);
      this.#parts = rest.length === 0 ? [] : [rest];
      this.#length = rest.length;
      this.#offset += read.length;
      this.#needed = 4;
      yield read;
    }
  }
}

/** The next entry, or how many bytes are needed to know more. What they announce is judged before it is waited for. */
function readFrame(
  data: Uint8Array,
  offset: number,
  judgeHead: (sealedHead: Uint8Array, bulkCount: number) => void,
): Frame | number {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  if (data.length < 4) return 4;
  const headLength = view.getUint32(0, true);
  if (!isHeadLength(headLength)) {
    throw new FileTaoError('bad-message', `transcript: no entry has a head of ${headLength} bytes`);
  }
  let at = 4 + headLength;
  if (data.length < at + 1) return at + 1;
  const bulkCount = data[at++]!;
  if (bulkCount > bulksMax) throw new FileTaoError('bad-message', 'transcript: too many bulks');
  const sealedHead = data.subarray(4, 4 + headLength);
  judgeHead(sealedHead, bulkCount);
  const bulks: (Uint8Array | null)[] = [];
  let bulkBytes = 0;
  for (let i = 0; i < bulkCount; i++) {
    if (data.length < at + 4) return at + 4;
    const length = view.getUint32(at, true);
    at += 4;
    if (length === prunedMark) {
      bulks.push(null);
      continue;
    }
    bulkBytes += length;
    if (bulkBytes > entryBulkBytesMax)
      throw new FileTaoError('bad-message', 'transcript: a bulk is too large');
    if (data.length < at + length) return at + length;
    bulks.push(data.subarray(at, at + length));
    at += length;
  }
  return { offset, length: at, sealedHead, bulks };
}

/** A FrameReader whose entries are decoded; throws, once and for all, at the first that cannot be. */
export class TranscriptReader {
  readonly #frames = new FrameReader((sealedHead, bulkCount) => openHead(sealedHead, bulkCount));

  /** Entries completed by this part of the stream; all of it is taken, whether they are read or not. */
  push(part: Uint8Array): Generator<TranscriptEntry> {
    return opened(this.#frames.push(part));
  }

  /** Bytes after the last whole entry. */
  get torn(): number {
    return this.#frames.torn;
  }
}

function* opened(frames: Iterable<Frame>): Generator<TranscriptEntry> {
  for (const frame of frames) yield openFrame(frame);
}
