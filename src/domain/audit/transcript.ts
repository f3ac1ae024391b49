// Transcripts (PROTOCOL 7): every message of a store, challenge or retrieve as received, with times and
// verdict, closed by the validator's signature. Bulk bytes (openings, range answers) are signed by digest and
// stand behind the signed head, so pruning them later breaks no signature.
//
// One entry on disk:  u32 length ‖ sealed head ‖ u8 number of bulks ‖ for each: u32 length ‖ bytes
// A pruned bulk has the length 0xffffffff and no bytes. All integers little-endian.

import { bytes, flag, list, oneOf, struct, text, uint } from '../identity/codec.js';
import { defineMessage, type Opened, readSealed } from '../identity/sealed.js';
import { limits, mebibyte, nodeSize, protocolVersion } from '../model/constants.js';
import { FileTaoError } from '../model/errors.js';

const bytes32 = bytes(nodeSize);
/** Bytes of an entry's head: messages of one round, well below 10 KiB. */
const headBytesMax = 256 * 1024;
const bulksMax = 4;
/** Different messages of one exchange; resends of the same body are kept once. */
export const transcriptMessagesMax = 16;
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
    /** The receipt given at store (signature ‖ body), so that blame can be proved from one entry. */
    receipt: bytes(0, 4096),
    /** ν of a challenge, once released; empty before. */
    nu: bytes(0, nodeSize),
    /** In the order sent and received; `type` is the kind's, `atMs` counts from startedAtMs. */
    messages: list(
      struct({ type: text(32), atMs: uint(), bytes: bytes(1, limits.messageBytesMax) }),
      transcriptMessagesMax,
    ),
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

/**
 * Reads entries from a stream of bytes, one at a time, in memory bounded by one entry. Throws `bad-message`
 * for bytes that are no entry. The signature is not checked here. A torn last entry, which a crash may leave,
 * is reported by `torn`.
 */
export class TranscriptReader {
  #buffered: Uint8Array = new Uint8Array();

  /** Entries completed by this part of the stream. */
  *push(part: Uint8Array): Generator<TranscriptEntry> {
    const joined = new Uint8Array(this.#buffered.length + part.length);
    joined.set(this.#buffered);
    joined.set(part, this.#buffered.length);
    let at = 0;
    for (;;) {
      const read = readEntry(joined.subarray(at));
      if (read === null) break;
      at += read.length;
      yield read.entry;
    }
    this.#buffered = joined.slice(at);
  }

  /** Bytes after the last whole entry. */
  get torn(): number {
    return this.#buffered.length;
  }
}

function readEntry(data: Uint8Array): { readonly entry: TranscriptEntry; readonly length: number } | null {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  if (data.length < 4) return null;
  const headLength = view.getUint32(0, true);
  if (headLength > headBytesMax) throw new FileTaoError('bad-message', 'transcript: an entry is too large');
  let at = 4 + headLength;
  if (data.length < at + 1) return null;
  const bulkCount = data[at++]!;
  if (bulkCount > bulksMax) throw new FileTaoError('bad-message', 'transcript: too many bulks');
  const bulks: (Uint8Array | null)[] = [];
  for (let i = 0; i < bulkCount; i++) {
    if (data.length < at + 4) return null;
    const length = view.getUint32(at, true);
    at += 4;
    if (length === prunedMark) {
      bulks.push(null);
      continue;
    }
    if (length > 65 * mebibyte) throw new FileTaoError('bad-message', 'transcript: a bulk is too large');
    if (data.length < at + length) return null;
    bulks.push(data.slice(at, at + length));
    at += length;
  }
  const head = readSealed(transcriptKind, data.slice(4, 4 + headLength));
  if (head.value.bulks.length !== bulkCount)
    throw new FileTaoError('bad-message', 'transcript: bulks do not match');
  return { entry: { head, bulks }, length: at };
}
