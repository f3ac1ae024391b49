// Putting an object: plaintext → age ciphertext → pieces → miners, by way of an API node.
//
// The ciphertext streams (piece-sender.ts), so memory does not grow with the object. The CID is
// known, the manifest signed and everything "stored" only when the node has confirmed every piece.

import { cidOfDigest } from '../domain/content/cid.js';
import { type Manifest, manifestKind } from '../domain/content/manifest.js';
import { groupedObjectBytesMax } from '../domain/content/object-group.js';
import { AgeEncryptor, createEnvelope, type Envelope, sealedSize } from '../domain/identity/age-envelope.js';
import { sealMessage } from '../domain/identity/sealed.js';
import { type Cid, equalBytes, joinBytes, pieceIdOf } from '../domain/model/bytes.js';
import { limits, nodeSize, protocolVersion } from '../domain/model/constants.js';
import { FileTaoError, toFileTaoError } from '../domain/model/errors.js';
import type { NodeInfo, StoredObject } from './api-answers.js';
import type { ApiNode } from './api-node.js';
import { assertCopies, PieceSender } from './piece-sender.js';
import type { PutJournal } from './put-journal.js';
import { defaultRetryPolicy, firstContact, type RetryPolicy, retrying } from './retry.js';
import type { ClientRuntime, UserWallet } from './runtime.js';
import type { Source } from './source.js';

export interface StoreProgress {
  /** `fingerprint` is the first pass over a file, `send` the second, `confirm` the manifest. */
  readonly phase: 'fingerprint' | 'send' | 'confirm';
  /** Plaintext bytes of this phase that are done (in `send`: read and encrypted). */
  readonly bytes: number;
  /** null while the end of a stream is not known. */
  readonly bytesTotal: number | null;
  readonly piecesConfirmed: number;
  readonly piecesTotal: number | null;
  /** Ciphertext bytes sent, and those the node had already. */
  readonly bytesSent: number;
  readonly bytesSkipped: number;
}

export interface PutSourceOptions {
  readonly connection: ApiNode;
  readonly wallet: UserWallet;
  readonly runtime: ClientRuntime;
  /** null: an interrupted put of encrypted data starts from the beginning. */
  readonly journal: PutJournal | null;
  /** Default: yes. Without, everybody who has the CID and a node that serves them can read the object. */
  readonly encrypt?: boolean;
  /** Replicas of each piece; the node's own default if not given. */
  readonly copies?: number;
  /** Seconds the object is to be kept; the node's own default if not given. */
  readonly ttlSeconds?: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: StoreProgress) => void;
  readonly retry?: RetryPolicy;
  /** Whether others are put at the same time: small objects share requests then. */
  readonly grouped?: boolean;
}

export interface StoreResult {
  readonly cid: Cid;
  /** File name of the input, if it had one. */
  readonly name: string | null;
  /** Bytes of the plaintext. */
  readonly size: number;
  /** Bytes of the object: the ciphertext. */
  readonly storedSize: number;
  readonly pieces: number;
  /** Verified, durable replicas of the piece that has fewest. */
  readonly replicas: number;
  /** ss58 of the validators whose index knows the object now. */
  readonly hotkeys: readonly string[];
  /** ss58 of the miners that hold some of it. */
  readonly miners: readonly string[];
  readonly encrypted: boolean;
  /** Unix seconds until when it is kept: later than asked for where it was put for longer before. */
  readonly expiry: number;
  readonly bytesSent: number;
  /** Bytes an earlier try had brought there. */
  readonly bytesSkipped: number;
  /** The sealed manifest: with it the object can be verified without trusting any node. */
  readonly manifest: Uint8Array;
}

/** Puts the source; who opened it closes it. */
export async function put(source: Source, options: PutSourceOptions): Promise<StoreResult> {
  try {
    return await new Put(source, options).run();
  } catch (error) {
    if (options.signal?.aborted === true) {
      throw new FileTaoError('cancelled', 'cancelled: the same command goes on where this one stopped', {
        cause: error,
      });
    }
    throw toFileTaoError(error);
  }
}

interface Fingerprint {
  readonly size: number;
  /** 32 bytes per block. */
  readonly digests: Uint8Array;
}

/** What one put encrypts under; null where it does not. */
type MaybeEnvelope = Envelope | null;

interface Terms {
  readonly pieceSize: number;
  readonly copies: number;
  readonly expiry: number;
}

class Put {
  readonly #source: Source;
  readonly #options: PutSourceOptions;
  readonly #runtime: ClientRuntime;
  readonly #retry: RetryPolicy;
  /** Ends all requests of this put: the caller's wish, or the first failure among them. */
  readonly #ended = new AbortController();
  /** Of the pieces so far, in order. */
  readonly #pieceIds: Uint8Array[] = [];
  readonly #pieces: PieceSender;
  #progress: StoreProgress;

  constructor(source: Source, options: PutSourceOptions) {
    this.#source = source;
    this.#options = options;
    this.#runtime = options.runtime;
    this.#retry = options.retry ?? defaultRetryPolicy;
    this.#pieces = new PieceSender({
      connection: options.connection,
      retry: this.#retry,
      ended: this.#ended,
      mayRepeat: options.encrypt === false,
      onConfirmed: ({ sent, skipped }) => {
        const { piecesConfirmed, bytesSent, bytesSkipped } = this.#progress;
        this.#report({
          piecesConfirmed: piecesConfirmed + 1,
          bytesSent: bytesSent + sent,
          bytesSkipped: bytesSkipped + skipped,
        });
      },
    });
    this.#progress = {
      phase: source.replayable && options.encrypt !== false ? 'fingerprint' : 'send',
      bytes: 0,
      bytesTotal: source.size,
      piecesConfirmed: 0,
      piecesTotal: null,
      bytesSent: 0,
      bytesSkipped: 0,
    };
  }

  async run(): Promise<StoreResult> {
    const { signal } = this.#options;
    const stop = (): void => this.#ended.abort();
    signal?.addEventListener('abort', stop, { once: true });
    try {
      signal?.throwIfAborted();
      return await this.#run();
    } catch (error) {
      throw this.#pieces.failure ?? error;
    } finally {
      signal?.removeEventListener('abort', stop);
      this.#ended.abort();
      await this.#pieces.settled();
    }
  }

  async #run(): Promise<StoreResult> {
    const { connection, wallet } = this.#options;
    // Asked first: a wrong address is not worth reading the file for.
    const { signal } = this.#ended;
    const info = await retrying(firstContact(this.#retry), signal, () => connection.info(signal));
    const terms = this.#terms(info);
    const fingerprint = await this.#fingerprint();
    const { envelope, found } = await this.#envelope(fingerprint);
    if (fingerprint !== null) {
      const total = storedSizeOf(envelope, fingerprint.size);
      this.#report({ piecesTotal: Math.ceil(total / terms.pieceSize) });
      assertPieceCount(total, terms.pieceSize);
    }
    const isSmall = this.#isSmall(envelope, terms, fingerprint, found);
    const { digest, size, piece } = isSmall
      ? await this.#encryptSmall(envelope!, fingerprint!)
      : { ...(await this.#send(envelope, terms, fingerprint, found)), piece: null };

    const manifest: Manifest = {
      version: protocolVersion,
      genesis: info.genesis,
      netuid: info.netuid,
      owner: wallet.hotkey.publicKey,
      cid: cidOfDigest(digest),
      size,
      pieceSize: terms.pieceSize,
      pieceIds: this.#pieceIds,
      redundancy: { scheme: 'replicate', copies: terms.copies },
      expiry: terms.expiry,
    };
    this.#report({ phase: 'confirm', piecesTotal: this.#pieceIds.length });
    const sealed = sealMessage(manifestKind, manifest, wallet.hotkey);
    const stored =
      (piece === null ? null : await this.#storeSmall(sealed, piece, terms)) ??
      (await retrying(this.#retry, this.#ended.signal, () =>
        connection.postObject(sealed, this.#ended.signal),
      ));
    if (stored.cid !== manifest.cid) {
      throw new FileTaoError('integrity', `${connection.url} confirmed another object than was put`);
    }
    assertCopies(stored.replicas, terms.copies, connection.url);
    return {
      cid: manifest.cid as Cid,
      name: this.#source.name,
      size: this.#progress.bytes,
      storedSize: size,
      pieces: this.#pieceIds.length,
      replicas: stored.replicas,
      hotkeys: [info.hotkey],
      miners: stored.hotkeys,
      encrypted: envelope !== null,
      expiry: stored.expiry,
      bytesSent: this.#progress.bytesSent,
      bytesSkipped: this.#progress.bytesSkipped,
      manifest: sealed,
    };
  }

  #terms(info: NodeInfo): Terms {
    const copies = this.#options.copies ?? info.replicas;
    const ttl = this.#options.ttlSeconds ?? info.dataTtl;
    if (!Number.isSafeInteger(copies) || copies < 1 || copies > limits.replicasMax) {
      throw new FileTaoError('bad-input', `copies must be a number from 1 to ${limits.replicasMax}`);
    }
    if (!Number.isSafeInteger(ttl) || ttl < 1) {
      throw new FileTaoError('bad-input', 'the time to live must be a whole number of seconds, 1 or more');
    }
    const expiry = Math.floor(this.#runtime.nowMs() / 1000) + ttl;
    return { pieceSize: info.pieceSize, copies, expiry };
  }

  /** First pass: the digest of every block. null for what can be read only once, or need not be read twice. */
  async #fingerprint(): Promise<Fingerprint | null> {
    if (!this.#source.replayable || this.#options.encrypt === false) return null;
    const digests: Uint8Array[] = [];
    let size = 0;
    for await (const block of this.#source.blocks(this.#ended.signal)) {
      digests.push(this.#runtime.hash(block));
      size += block.length;
      this.#report({ bytes: size });
    }
    return { size, digests: joinBytes(digests) };
  }

  async #envelope(
    fingerprint: Fingerprint | null,
  ): Promise<{ readonly envelope: MaybeEnvelope; readonly found: boolean }> {
    const { wallet, journal, encrypt } = this.#options;
    // The same bytes are the same object, whoever has put them before.
    if (encrypt === false) return { envelope: null, found: true };
    const recipients = [await wallet.ageRecipient()];
    const { random, cipher } = this.#runtime;
    const create = async (): Promise<Envelope> => createEnvelope(recipients, random, cipher);
    if (fingerprint === null || journal === null) return { envelope: await create(), found: false };
    const entry = await journal.findOrCreate(fingerprint.digests, recipients, create);
    if (!entry.found) await journal.sweep(this.#runtime.nowMs());
    return entry;
  }

  /** What was begun before may be there already, piece by piece: it goes on as it began. */
  #isSmall(
    envelope: MaybeEnvelope,
    { pieceSize }: Terms,
    fingerprint: Fingerprint | null,
    found: boolean,
  ): boolean {
    if (this.#options.grouped !== true || envelope === null || fingerprint === null || found) return false;
    return storedSizeOf(envelope, fingerprint.size) <= Math.min(groupedObjectBytesMax, pieceSize);
  }

  /** Second pass over a small file: all of its ciphertext, in one piece. */
  async #encryptSmall(
    envelope: Envelope,
    fingerprint: Fingerprint,
  ): Promise<{ readonly digest: Uint8Array; readonly size: number; readonly piece: Uint8Array }> {
    const { cipher, hash } = this.#runtime;
    const encryptor = new AgeEncryptor(cipher, envelope);
    // What the encryptor gives is valid until its next call.
    const parts: Uint8Array[] = [encryptor.start().slice()];
    this.#report({ phase: 'send', bytes: 0 });
    let block = 0;
    for await (const plaintext of this.#source.blocks(this.#ended.signal)) {
      this.#checkUnchanged(plaintext, fingerprint, block++);
      for (const sealed of encryptor.push(plaintext)) parts.push(sealed.slice());
      this.#report({ bytes: this.#progress.bytes + plaintext.length });
    }
    if (this.#progress.bytes !== fingerprint.size) throw changed(this.#source);
    parts.push(encryptor.finish());
    const piece = joinBytes(parts);
    this.#pieceIds.push(hash(piece).slice());
    return { digest: cipher.sha256().update(piece).digest(), size: piece.length, piece };
  }

  /** The object as the node confirmed it together with others; null where only its piece is there, sent by itself. */
  async #storeSmall(sealed: Uint8Array, piece: Uint8Array, terms: Terms): Promise<StoredObject | null> {
    const { connection } = this.#options;
    try {
      const stored = await connection.putObject(sealed, piece, this.#ended.signal);
      this.#report({ bytesSent: piece.length, piecesConfirmed: 1 });
      return stored;
    } catch {
      this.#ended.signal.throwIfAborted();
      // Whatever went wrong in company is tried alone, and then is its own failure; the piece may have been stored.
    }
    await this.#pieces.sendAlone(pieceIdOf(this.#pieceIds[0]!), piece, terms);
    return null;
  }

  /** Second pass: encrypts, cuts into pieces, sends. Resolves when every piece is confirmed. */
  async #send(
    envelope: MaybeEnvelope,
    terms: Terms,
    fingerprint: Fingerprint | null,
    mayBeThere: boolean,
  ): Promise<{ readonly digest: Uint8Array; readonly size: number }> {
    const { cipher } = this.#runtime;
    const encryptor = envelope === null ? null : new AgeEncryptor(cipher, envelope);
    const sha256 = cipher.sha256();
    const known = fingerprint?.size ?? this.#source.size;
    const bufferSize =
      known === null
        ? terms.pieceSize
        : Math.max(1, Math.min(terms.pieceSize, storedSizeOf(envelope, known)));
    let piece = this.#pieces.buffer(bufferSize);
    let filled = 0;
    let size = 0;

    const flush = async (): Promise<void> => {
      const full = piece.subarray(0, filled);
      sha256.update(full);
      size += filled;
      assertPieceCount(size, terms.pieceSize);
      const digest = this.#runtime.hash(full).slice();
      this.#pieceIds.push(digest);
      await this.#pieces.send(pieceIdOf(digest), full, terms, mayBeThere);
      filled = 0;
    };
    const append = async (sealed: Uint8Array): Promise<void> => {
      for (let at = 0; at < sealed.length; ) {
        if (filled === piece.length) {
          await flush();
          piece = this.#pieces.buffer(bufferSize);
        }
        const taken = Math.min(piece.length - filled, sealed.length - at);
        piece.set(sealed.subarray(at, at + taken), filled);
        filled += taken;
        at += taken;
      }
    };

    this.#report({ phase: 'send', bytes: 0 });
    if (encryptor !== null) await append(encryptor.start());
    let block = 0;
    for await (const plaintext of this.#source.blocks(this.#ended.signal)) {
      if (fingerprint !== null) this.#checkUnchanged(plaintext, fingerprint, block++);
      if (encryptor === null) await append(plaintext);
      else for (const sealed of encryptor.push(plaintext)) await append(sealed);
      this.#report({ bytes: this.#progress.bytes + plaintext.length });
    }
    if (fingerprint !== null && this.#progress.bytes !== fingerprint.size) throw changed(this.#source);
    if (encryptor !== null) await append(encryptor.finish());
    // An empty object has no pieces.
    if (filled > 0) await flush();
    await this.#pieces.settled();
    this.#ended.signal.throwIfAborted();
    return { digest: sha256.digest(), size };
  }

  #checkUnchanged(plaintext: Uint8Array, fingerprint: Fingerprint, block: number): void {
    const before = fingerprint.digests.subarray(block * nodeSize, (block + 1) * nodeSize);
    if (!equalBytes(this.#runtime.hash(plaintext), before)) throw changed(this.#source);
  }

  #report(news: Partial<StoreProgress>): void {
    this.#progress = { ...this.#progress, ...news };
    this.#options.onProgress?.(this.#progress);
  }
}

/** Bytes of the object. */
const storedSizeOf = (envelope: MaybeEnvelope, size: number): number =>
  envelope === null ? size : sealedSize(envelope.header.length, size);

function assertPieceCount(size: number, pieceSize: number): void {
  if (size <= pieceSize * limits.piecesPerObjectMax) return;
  throw new FileTaoError(
    'too-large',
    `an object has at most ${limits.piecesPerObjectMax} pieces of ${pieceSize} bytes: put it in parts`,
  );
}

const changed = (source: Source): FileTaoError =>
  new FileTaoError(
    'conflict',
    `${source.name ?? 'the data'} changed while it was being stored: put it again`,
  );
