// Putting an object: plaintext → age ciphertext → pieces → miners, by way of an API node.
//
// The ciphertext streams: at most `piecesInFlight` pieces are on their way while the next one is filled, so
// memory does not grow with the object. A piece the node has already confirmed is not sent again. The CID is
// known, the manifest signed and everything "stored" only when the node has confirmed every piece.

import { cidOfDigest } from '../domain/content/cid.js';
import { type Manifest, manifestKind } from '../domain/content/manifest.js';
import { AgeEncryptor, createEnvelope, type Envelope, sealedSize } from '../domain/identity/age-envelope.js';
import { sealMessage } from '../domain/identity/sealed.js';
import { type Cid, equalBytes, pieceIdOf } from '../domain/model/bytes.js';
import { defaults, limits, nodeSize, protocolVersion } from '../domain/model/constants.js';
import { FileTaoError, toFileTaoError } from '../domain/model/errors.js';
import type { ApiConnection, NodeInfo } from './api-connection.js';
import { PutJournal } from './put-journal.js';
import { defaultRetryPolicy, firstContact, type RetryPolicy, retrying } from './retry.js';
import type { ClientRuntime, UserWallet } from './runtime.js';
import { openSource, type Source, type StoreInput } from './source.js';

/** Pieces on their way at once. With the one being filled this bounds memory: 4 × 16 MiB by default. */
export const piecesInFlight = 3;

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

export interface StoreOptions {
  readonly connection: ApiConnection;
  readonly wallet: UserWallet;
  readonly runtime: ClientRuntime;
  /** Folder of the put journal; null: an interrupted put starts from the beginning. */
  readonly journalFolder: string | null;
  /** Replicas of each piece; the node's own default if not given. */
  readonly copies?: number;
  /** Seconds the object is to be kept. */
  readonly ttlSeconds?: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: StoreProgress) => void;
  readonly retry?: RetryPolicy;
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
  /** ss58 of the miners that hold some of it. */
  readonly hotkeys: readonly string[];
  /** Unix seconds. */
  readonly expiry: number;
  readonly bytesSent: number;
  /** Bytes an earlier try had brought there. */
  readonly bytesSkipped: number;
  /** The sealed manifest: with it the object can be verified without trusting any node. */
  readonly manifest: Uint8Array;
}

export async function store(input: StoreInput, options: StoreOptions): Promise<StoreResult> {
  const source = await openSource(input);
  try {
    return await new Put(source, options).run();
  } catch (error) {
    if (options.signal?.aborted === true) {
      throw new FileTaoError('cancelled', 'cancelled: the same command goes on where this one stopped', {
        cause: error,
      });
    }
    throw toFileTaoError(error);
  } finally {
    await source.close();
  }
}

interface Fingerprint {
  readonly size: number;
  /** 32 bytes per block. */
  readonly digests: Uint8Array;
}

interface Terms {
  readonly pieceSize: number;
  readonly copies: number;
  readonly expiry: number;
}

class Put {
  readonly #source: Source;
  readonly #options: StoreOptions;
  readonly #runtime: ClientRuntime;
  readonly #retry: RetryPolicy;
  /** Ends all requests of this put: the caller's wish, or the first failure among them. */
  readonly #ended = new AbortController();
  readonly #pieceIds: Uint8Array[] = [];
  readonly #inFlight = new Set<Promise<void>>();
  readonly #idleBuffers: Uint8Array[] = [];
  /** What went wrong first; what is cancelled because of it is no news. */
  #failure: unknown = null;
  #progress: StoreProgress;

  constructor(source: Source, options: StoreOptions) {
    this.#source = source;
    this.#options = options;
    this.#runtime = options.runtime;
    this.#retry = options.retry ?? defaultRetryPolicy;
    this.#progress = {
      phase: source.replayable ? 'fingerprint' : 'send',
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
      throw this.#failure ?? error;
    } finally {
      signal?.removeEventListener('abort', stop);
      this.#ended.abort();
      await Promise.allSettled(this.#inFlight);
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
      const total = sealedSize(envelope.header.length, fingerprint.size);
      this.#report({ piecesTotal: Math.ceil(total / terms.pieceSize) });
      assertPieceCount(total, terms.pieceSize);
    }
    const { digest, size } = await this.#send(envelope, terms, fingerprint, found);

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
    const stored = await this.#call(() => connection.postObject(sealed, this.#ended.signal));
    if (stored.cid !== manifest.cid) {
      throw new FileTaoError('integrity', `${connection.url} confirmed another object than was put`);
    }
    this.#assertCopies(stored.replicas, terms.copies);
    return {
      cid: manifest.cid as Cid,
      name: this.#source.name,
      size: this.#progress.bytes,
      storedSize: size,
      pieces: this.#pieceIds.length,
      replicas: stored.replicas,
      hotkeys: stored.hotkeys,
      expiry: terms.expiry,
      bytesSent: this.#progress.bytesSent,
      bytesSkipped: this.#progress.bytesSkipped,
      manifest: sealed,
    };
  }

  #terms(info: NodeInfo): Terms {
    const copies = this.#options.copies ?? info.replicas;
    const ttl = this.#options.ttlSeconds ?? defaults.userDataSeconds;
    if (!Number.isSafeInteger(copies) || copies < 1 || copies > limits.replicasMax) {
      throw new FileTaoError('bad-input', `copies must be a number from 1 to ${limits.replicasMax}`);
    }
    if (!Number.isSafeInteger(ttl) || ttl < 1) {
      throw new FileTaoError('bad-input', 'the time to live must be a whole number of seconds, 1 or more');
    }
    const expiry = Math.floor(this.#runtime.nowMs() / 1000) + ttl;
    return { pieceSize: info.pieceSize, copies, expiry };
  }

  /** First pass: the digest of every block. null for what can be read only once. */
  async #fingerprint(): Promise<Fingerprint | null> {
    if (!this.#source.replayable) return null;
    const digests: Uint8Array[] = [];
    let size = 0;
    for await (const block of this.#source.blocks(this.#ended.signal)) {
      digests.push(this.#runtime.hash(block));
      size += block.length;
      this.#report({ bytes: size });
    }
    return { size, digests: Buffer.concat(digests) };
  }

  async #envelope(
    fingerprint: Fingerprint | null,
  ): Promise<{ readonly envelope: Envelope; readonly found: boolean }> {
    const { wallet, journalFolder } = this.#options;
    const { cipher, random } = this.#runtime;
    const recipients = [await wallet.ageRecipient()];
    const create = (): Promise<Envelope> => createEnvelope(recipients, random);
    if (fingerprint === null || journalFolder === null) return { envelope: await create(), found: false };
    const journal = new PutJournal(journalFolder, wallet.hotkey, cipher, random);
    const entry = await journal.findOrCreate(fingerprint.digests, recipients, create);
    if (!entry.found) await journal.sweep(this.#runtime.nowMs());
    return entry;
  }

  /** Second pass: encrypts, cuts into pieces, sends. Resolves when every piece is confirmed. */
  async #send(
    envelope: Envelope,
    terms: Terms,
    fingerprint: Fingerprint | null,
    mayBeThere: boolean,
  ): Promise<{ readonly digest: Uint8Array; readonly size: number }> {
    const encryptor = new AgeEncryptor(this.#runtime.cipher, envelope);
    const sha256 = this.#runtime.cipher.sha256();
    const bufferSize =
      fingerprint === null
        ? terms.pieceSize
        : Math.min(terms.pieceSize, sealedSize(envelope.header.length, fingerprint.size));
    let piece = this.#buffer(bufferSize);
    let filled = 0;
    let size = 0;

    const flush = async (): Promise<void> => {
      const full = piece.subarray(0, filled);
      sha256.update(full);
      size += filled;
      assertPieceCount(size, terms.pieceSize);
      await this.#dispatch(full, terms, mayBeThere);
      filled = 0;
    };
    const append = async (sealed: Uint8Array): Promise<void> => {
      for (let at = 0; at < sealed.length; ) {
        if (filled === piece.length) {
          await flush();
          piece = this.#buffer(bufferSize);
        }
        const taken = Math.min(piece.length - filled, sealed.length - at);
        piece.set(sealed.subarray(at, at + taken), filled);
        filled += taken;
        at += taken;
      }
    };

    this.#report({ phase: 'send', bytes: 0 });
    await append(encryptor.start());
    let block = 0;
    for await (const plaintext of this.#source.blocks(this.#ended.signal)) {
      if (fingerprint !== null) this.#checkUnchanged(plaintext, fingerprint, block++);
      for (const sealed of encryptor.push(plaintext)) await append(sealed);
      this.#report({ bytes: this.#progress.bytes + plaintext.length });
    }
    if (fingerprint !== null && this.#progress.bytes !== fingerprint.size) throw changed(this.#source);
    await append(encryptor.finish());
    await flush();
    await Promise.allSettled(this.#inFlight);
    this.#ended.signal.throwIfAborted();
    return { digest: sha256.digest(), size };
  }

  #checkUnchanged(plaintext: Uint8Array, fingerprint: Fingerprint, block: number): void {
    const before = fingerprint.digests.subarray(block * nodeSize, (block + 1) * nodeSize);
    if (!equalBytes(this.#runtime.hash(plaintext), before)) throw changed(this.#source);
  }

  /** Starts sending a piece; waits while `piecesInFlight` others are on their way. */
  async #dispatch(piece: Uint8Array, terms: Terms, mayBeThere: boolean): Promise<void> {
    const digest = this.#runtime.hash(piece).slice();
    this.#pieceIds.push(digest);
    while (this.#inFlight.size >= piecesInFlight) await Promise.race(this.#inFlight);
    this.#ended.signal.throwIfAborted();
    const sending = this.#sendPiece(digest, piece, terms, mayBeThere)
      .catch((error) => {
        this.#failure ??= error;
        this.#ended.abort();
      })
      .finally(() => {
        this.#inFlight.delete(sending);
        this.#idleBuffers.push(new Uint8Array(piece.buffer));
      });
    this.#inFlight.add(sending);
  }

  async #sendPiece(digest: Uint8Array, piece: Uint8Array, terms: Terms, mayBeThere: boolean): Promise<void> {
    const { connection } = this.#options;
    const pieceId = pieceIdOf(digest);
    await this.#call(async (attempt) => {
      // After a failed attempt too: the node may have stored it and only the answer was lost.
      if (mayBeThere || attempt > 1) {
        const replicas = await connection.confirmedReplicas(pieceId, terms.copies, this.#ended.signal);
        if (replicas !== null) {
          this.#report({ bytesSkipped: this.#progress.bytesSkipped + piece.length });
          return;
        }
      }
      const { replicas } = await connection.putPiece(pieceId, piece, terms, this.#ended.signal);
      this.#assertCopies(replicas, terms.copies);
      this.#report({ bytesSent: this.#progress.bytesSent + piece.length });
    });
    this.#report({ piecesConfirmed: this.#progress.piecesConfirmed + 1 });
  }

  #assertCopies(replicas: number, copies: number): void {
    if (replicas >= copies) return;
    throw new FileTaoError(
      'partial',
      `${this.#options.connection.url} made ${replicas} of ${copies} replicas: put it again`,
    );
  }

  #call<Result>(action: (attempt: number) => Promise<Result>): Promise<Result> {
    return retrying(this.#retry, this.#ended.signal, action);
  }

  #buffer(size: number): Uint8Array {
    // Its own ArrayBuffer, so that a view leads back to the whole of it.
    return this.#idleBuffers.pop() ?? new Uint8Array(size);
  }

  #report(news: Partial<StoreProgress>): void {
    this.#progress = { ...this.#progress, ...news };
    this.#options.onProgress?.(this.#progress);
  }
}

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
