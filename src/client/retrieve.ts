// Getting an object back as a stream, whole or a part of it. Plaintext leaves here only from pieces that verified,
// and the last piece only when the whole object has the CID (download.ts). Into a file: retrieve-to-file.ts.

import { objectCid } from '../domain/content/cid.js';
import { pieceLength } from '../domain/content/manifest.js';
import { AgeChunks, ageChunkSize, isAgeFile, sealedChunkSize } from '../domain/identity/age-envelope.js';
import { type Cid, concatBytes, type PublicKey, publicKeyOf } from '../domain/model/bytes.js';
import { kibibyte, leafSize, mebibyte } from '../domain/model/constants.js';
import { FileTaoError, toFileTaoError } from '../domain/model/errors.js';
import { Download, type DownloadOptions } from './download.js';
import {
  copiesOf,
  headSizeMax,
  openSeal,
  payloadNonceOf,
  refuseForeign,
  type Seal,
  type SealingOptions,
  sizeInside,
  unseal,
} from './sealing.js';

export interface RetrieveProgress {
  /** Bytes of the object (as stored) received and verified, those of an earlier try included. */
  readonly bytes: number;
  readonly bytesTotal: number;
  readonly piecesVerified: number;
  readonly piecesTotal: number;
}

export interface RetrieveOptions extends DownloadOptions, SealingOptions {
  readonly onProgress?: (progress: RetrieveProgress) => void;
}

/** What is known of an object that is being retrieved. */
export interface ObjectFacts {
  readonly cid: Cid;
  /** Hotkey that signed the manifest. */
  readonly owner: PublicKey;
  /** Bytes of the object as stored. */
  readonly storedSize: number;
  /** Bytes of what was put. */
  readonly size: number;
  /** Whether it was stored encrypted; false also with `decrypt: false`, where nobody looks. */
  readonly encrypted: boolean;
  /** Unix seconds. */
  readonly expiry: number;
  /** The sealed manifest, its signature checked. */
  readonly manifest: Uint8Array;
}

export interface RetrievedObject extends ObjectFacts {
  /** The plaintext, once, in buffers that stay as they are. Throws `integrity`. */
  readonly plaintext: AsyncGenerator<Uint8Array, void>;
  /** Drops the connection: for whoever does not read the plaintext to its end. */
  cancel(): Promise<void>;
}

/**
 * Opens an object. When this resolves the wallet can decrypt it; at most its first piece has been downloaded.
 * Throws `bad-cid`, `not-found`, `wrong-wallet`, `integrity`, `unreachable`, ….
 */
export async function retrieve(cidText: string, options: RetrieveOptions): Promise<RetrievedObject> {
  const cid = objectCid(cidText);
  const { runtime, signal } = options;
  try {
    const download = await Download.start(cid, options);
    const digest = runtime.cipher.sha256();
    const { pieceIds } = download.manifest;
    if (pieceIds.length === 0) {
      download.checkCid(digest);
      return { ...factsOf(download, null), plaintext: empty(), cancel: async () => {} };
    }
    const pieces = download.pieces(0, pieceIds.length - 1, digest, (start) =>
      refuseForeign(start, download, options),
    );
    try {
      const first = await pieces.next();
      if (first.done === true) throw download.damaged('it is empty');
      const seal = await openSeal(first.value, download, options);
      return {
        ...factsOf(download, seal),
        plaintext: plaintextOf(first.value, pieces, seal, download, options),
        cancel: async () => {
          await pieces.return();
        },
      };
    } catch (error) {
      await pieces.return();
      throw error;
    }
  } catch (error) {
    throw settle(error, signal);
  }
}

export function factsOf(download: Download, seal: Seal | null): ObjectFacts {
  const { owner, size, expiry } = download.manifest;
  return {
    cid: download.cid,
    owner: publicKeyOf(owner),
    storedSize: size,
    size: sizeInside(seal, size),
    encrypted: seal !== null,
    expiry,
    manifest: download.genuine.sealed,
  };
}

export function reportPiece(download: Download, verified: number, options: RetrieveOptions): void {
  const { size, pieceSize, pieceIds } = download.manifest;
  options.onProgress?.({
    bytes: Math.min(size, verified * pieceSize),
    bytesTotal: size,
    piecesVerified: verified,
    piecesTotal: pieceIds.length,
  });
}

async function* empty(): AsyncGenerator<Uint8Array, void> {}

async function* plaintextOf(
  first: Uint8Array,
  pieces: AsyncGenerator<Uint8Array, void>,
  seal: Seal | null,
  download: Download,
  options: RetrieveOptions,
): AsyncGenerator<Uint8Array, void> {
  const unsealing = unseal(seal, options.runtime);
  let verified = 0;
  try {
    for (let piece: Uint8Array | null = first; piece !== null; ) {
      reportPiece(download, ++verified, options);
      yield* unsealing.push(piece);
      const next: IteratorResult<Uint8Array, void> = await pieces.next();
      piece = next.done === true ? null : next.value;
    }
    const last = unsealing.finish();
    if (last.length > 0) yield last;
  } catch (error) {
    throw settle(error, options.signal);
  } finally {
    await pieces.return();
  }
}

/** Bytes `start` up to `end`, which is not in it; null stands for the end, a negative start counts from there. */
export interface ByteRange {
  readonly start: number;
  readonly end: number | null;
}

/** Reads `0-99`, `100-` or `-100`, counted as in HTTP (RFC 9110, 14.1.2); throws `bad-input`. */
export function parseByteRange(text: string): ByteRange {
  const match = /^(\d{0,15})-(\d{0,15})$/.exec(text.trim());
  const [, from = '', to = ''] = match ?? [];
  if (
    match === null ||
    (from === '' && to === '') ||
    (from !== '' && to !== '' && Number(to) < Number(from))
  ) {
    throw new FileTaoError(
      'bad-input',
      `'${text.slice(0, 50)}' is no byte range: write 0-99, 100- (to the end) or -100 (the last)`,
    );
  }
  if (from === '') return { start: -Number(to), end: null };
  return { start: Number(from), end: to === '' ? null : Number(to) + 1 };
}

/**
 * A part of an object. Every byte is proved to the pieceId of the manifest: by the piece it lies in, or, where little of
 * a large piece is wanted, by a multiproof, so that little more than the range is downloaded.
 */
export interface RetrievedRange extends ObjectFacts {
  /** Bounds within what was put, as far as it goes. */
  readonly start: number;
  readonly end: number;
  readonly plaintext: AsyncGenerator<Uint8Array, void>;
}

/**
 * Opens a byte range of what was put. That the manifest is the one of this CID rests on its owner's signature
 * here: only the whole object has the CID. Throws `bad-input` for a range beyond the end, and as `retrieve`.
 */
export async function retrieveRange(
  cidText: string,
  range: ByteRange,
  options: RetrieveOptions,
): Promise<RetrievedRange> {
  const cid = objectCid(cidText);
  try {
    const download = await Download.start(cid, options);
    const head = await download.start(headSizeMax);
    const seal = await openSeal(head, download, options);
    if (seal === null && options.decrypt !== false) await requireNoSeal(download);
    const facts = factsOf(download, seal);
    const start = Math.max(0, range.start < 0 ? facts.size + range.start : range.start);
    const end = Math.min(facts.size, range.end ?? facts.size);
    if (start >= end) {
      throw new FileTaoError('bad-input', `the object has ${facts.size} bytes: nothing lies in that range`);
    }
    const bytes =
      seal === null
        ? copied(storedBytes(download, start, end, options))
        : openedBytes(download, seal, start, end, options);
    return { ...facts, start, end, plaintext: settled(bytes, options.signal) };
  } catch (error) {
    throw settle(error, options.signal);
  }
}

/**
 * The head is not verified when it is looked at. A false one that is an age header does no harm, since the verified
 * chunks do not open with it; but to call an encrypted object plain takes proof.
 */
async function requireNoSeal(download: Download): Promise<void> {
  if (download.manifest.pieceIds.length === 0) return;
  const length = Math.min(download.manifest.size, download.manifest.pieceSize);
  const proved = length > provedFromBytes ? await download.proved(0, 0, leafSize) : null;
  for await (const start of proved === null ? download.pieces(0, 0, null) : [proved]) {
    if (isAgeFile(start)) throw download.damaged('its beginning is not what its owner stored');
  }
}

async function* settled(
  bytes: AsyncGenerator<Uint8Array, void>,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array, void> {
  try {
    yield* bytes;
  } catch (error) {
    throw settle(error, signal);
  }
}

async function* copied(parts: AsyncGenerator<Uint8Array, void>): AsyncGenerator<Uint8Array, void> {
  for await (const part of parts) yield* copiesOf(part);
}

/** Of pieces above this size a range is proved, where it is at most a quarter of the piece; else the piece is fetched. */
const provedFromBytes = 256 * kibibyte;
/** Bytes proved at once. */
const provedBytesMax = mebibyte;

/** Bytes [start, end) of the object as it is stored, verified; views, valid until the next. */
async function* storedBytes(
  download: Download,
  start: number,
  end: number,
  options: RetrieveOptions,
): AsyncGenerator<Uint8Array, void> {
  const { size, pieceSize } = download.manifest;
  const first = Math.floor(start / pieceSize);
  const last = Math.ceil(end / pieceSize) - 1;
  const wanted = (index: number): readonly [from: number, to: number] => [
    Math.max(0, start - index * pieceSize),
    Math.min(pieceLength(size, pieceSize, index), end - index * pieceSize),
  ];
  const isLittle = (index: number): boolean => {
    const [from, to] = wanted(index);
    const length = pieceLength(size, pieceSize, index);
    return length > provedFromBytes && 4 * (to - from) <= length;
  };
  async function* whole(from: number, to: number): AsyncGenerator<Uint8Array, void> {
    let index = from;
    for await (const piece of download.pieces(from, to, null)) {
      yield piece.subarray(...wanted(index));
      reportPiece(download, ++index, options);
    }
  }
  async function* little(index: number): AsyncGenerator<Uint8Array, void> {
    const [from, to] = wanted(index);
    for (let at = from; at < to; at += provedBytesMax) {
      const part = await download.proved(index, at, Math.min(to, at + provedBytesMax));
      // The node gives no proofs: the whole piece is one.
      if (part === null) {
        for await (const piece of download.pieces(index, index, null)) yield piece.subarray(at, to);
        break;
      }
      yield part;
    }
    reportPiece(download, index + 1, options);
  }
  // Only the first and the last piece can be wanted in part.
  const head = isLittle(first);
  const tail = last > first && isLittle(last);
  if (head) yield* little(first);
  const [from, to] = [head ? first + 1 : first, tail ? last - 1 : last];
  if (from <= to) yield* whole(from, to);
  if (tail) yield* little(last);
}

/** Plaintext bytes [start, end): the chunks they lie in, opened one by one. */
async function* openedBytes(
  download: Download,
  seal: Seal,
  start: number,
  end: number,
  options: RetrieveOptions,
): AsyncGenerator<Uint8Array, void> {
  const { size } = download.manifest;
  const chunks = new AgeChunks(options.runtime.cipher, seal.fileKey, payloadNonceOf(seal));
  const count = Math.max(1, Math.ceil((size - seal.head.length) / sealedChunkSize));
  const first = Math.floor(start / ageChunkSize);
  const last = Math.ceil(end / ageChunkSize) - 1;
  const from = seal.head.length + first * sealedChunkSize;
  const to = Math.min(size, seal.head.length + (last + 1) * sealedChunkSize);
  let index = first;
  let held: Uint8Array = new Uint8Array(0);
  const open = (sealed: Uint8Array): Uint8Array => {
    const chunk = chunks.open(index, sealed, index === count - 1);
    const at = index++ * ageChunkSize;
    return chunk.subarray(Math.max(0, start - at), Math.min(chunk.length, end - at));
  };
  for await (const part of storedBytes(download, from, to, options)) {
    let rest = part;
    while (held.length + rest.length >= sealedChunkSize) {
      const missing = sealedChunkSize - held.length;
      yield open(
        held.length === 0 ? rest.subarray(0, missing) : concatBytes(held, rest.subarray(0, missing)),
      );
      held = new Uint8Array(0);
      rest = rest.subarray(missing);
    }
    held = concatBytes(held, rest);
  }
  if (held.length > 0) yield open(held);
}

export function settle(thrown: unknown, signal: AbortSignal | undefined): FileTaoError {
  if (signal?.aborted === true) return new FileTaoError('cancelled', 'cancelled', { cause: thrown });
  return toFileTaoError(thrown);
}
