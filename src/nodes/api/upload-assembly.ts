// Making an object of an upload: its bytes, as sent, are cut into pieces, and each is stored on miners as soon as it is
// whole, while the rest is still coming; so the last request has little left to wait for. The manifest is signed by the
// node, which is the owner of what came unsigned; what came signed belongs to the signer.

import { createHash, randomUUID } from 'node:crypto';
import { type FileHandle, open, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cidOfDigest } from '../../domain/content/cid.js';
import { manifestKind, pieceCount, pieceLength } from '../../domain/content/manifest.js';
import { openSealed, sealMessage } from '../../domain/identity/sealed.js';
import { fromHex, type PieceId, type PublicKey, pieceIdOf } from '../../domain/model/bytes.js';
import { protocolVersion } from '../../domain/model/constants.js';
import { FileTaoError } from '../../domain/model/errors.js';
import { heldPieceBytesMax } from '../validator/storing.js';
import type { ApiContext } from './context.js';
import { claimObject } from './objects.js';
import { placeReceived } from './pieces.js';
import { Turns } from './turns.js';
import type { UploadRecord, UploadStore } from './upload-store.js';

/** Pieces that may be whole and not yet stored before the sender has to wait. */
const piecesBehindMax = 4;
/** Pieces being stored at once. */
const piecesInFlight = 2;

/** How far an upload is on its way to the miners; made anew, by reading its file again, after a restart. */
class Assembly {
  readonly #context: ApiContext;
  readonly #path: string;
  readonly #record: UploadRecord;
  readonly #sha256 = createHash('sha256');
  readonly pieceIds: PieceId[] = [];
  readonly #storing = new Set<Promise<void>>();
  #running: Promise<void> | null = null;
  /** Bytes that are there to be cut. */
  #available = 0;
  #failure: unknown = null;

  constructor(context: ApiContext, path: string, record: UploadRecord) {
    this.#context = context;
    this.#path = path;
    this.#record = record;
  }

  /** Resolves when not too many pieces wait to be stored. */
  async advance(available: number): Promise<void> {
    this.#available = Math.max(this.#available, available);
    while (this.#failure === null && this.#due() - this.pieceIds.length > piecesBehindMax) await this.#run();
    if (this.#due() > this.pieceIds.length) this.#run().catch(() => {});
  }

  /** Resolves when all pieces are stored; throws what kept one of them from it. */
  async complete(): Promise<Uint8Array> {
    this.#available = this.#record.size;
    while (this.pieceIds.length < this.#due()) await this.#run();
    await Promise.all(this.#storing);
    if (this.#failure !== null) throw this.#failure;
    return this.#sha256.digest();
  }

  /** Pieces that can be cut from what is there. */
  #due(): number {
    const { size } = this.#record;
    const { pieceSize } = this.#context;
    return this.#available >= size ? pieceCount(size, pieceSize) : Math.floor(this.#available / pieceSize);
  }

  #run(): Promise<void> {
    this.#running ??= this.#cut().finally(() => {
      this.#running = null;
    });
    return this.#running;
  }

  async #cut(): Promise<void> {
    const file = await open(this.#path, 'r');
    try {
      while (this.pieceIds.length < this.#due()) {
        while (this.#storing.size >= piecesInFlight) await Promise.race(this.#storing);
        if (this.#failure !== null) throw this.#failure;
        await this.#store(file);
      }
    } finally {
      await file.close();
    }
  }

  async #store(file: FileHandle): Promise<void> {
    const { pieceSize, pieceBuffers, core } = this.#context;
    const { size } = this.#record;
    const index = this.pieceIds.length;
    const length = pieceLength(size, pieceSize, index);
    const { buffer, leave } = await pieceBuffers.take(Math.min(pieceSize, size));
    try {
      const bytes = buffer.subarray(0, length);
      for (let done = 0; done < length; ) {
        const { bytesRead } = await file.read(bytes, done, length - done, index * pieceSize + done);
        if (bytesRead === 0) throw new FileTaoError('io', 'the upload is shorter than its record says');
        done += bytesRead;
      }
      this.#sha256.update(bytes);
      const pieceId = pieceIdOf(core.hash(bytes));
      this.pieceIds.push(pieceId);
      const storing = this.#place(pieceId, bytes)
        .then(() => {})
        .catch((error) => {
          this.#failure ??= error;
        })
        .finally(() => {
          this.#storing.delete(storing);
          leave();
        });
      this.#storing.add(storing);
    } catch (error) {
      leave();
      throw error;
    }
  }

  /** A large piece is put where the workers find it (storing.ts). */
  async #place(pieceId: PieceId, bytes: Uint8Array): Promise<void> {
    const { terms } = this.#record;
    const piece = { pieceId, size: bytes.length, expiry: terms.expiry };
    if (bytes.length <= heldPieceBytesMax) {
      await placeReceived(this.#context, { ...piece, bytes }, terms);
      return;
    }
    const leave = await this.#context.spoolGate.enter(bytes.length);
    const path = join(this.#context.spoolDirectory, `${pieceId}-${randomUUID()}`);
    try {
      await writeFile(path, bytes, { mode: 0o600, flag: 'wx' });
      await placeReceived(this.#context, { ...piece, path }, terms);
    } finally {
      await rm(path, { force: true });
      leave();
    }
  }
}

export class UploadAssemblies {
  readonly #context: ApiContext;
  readonly #store: UploadStore;
  readonly #assemblies = new Map<string, Assembly>();
  readonly #finishing = new Turns();

  constructor(context: ApiContext, store: UploadStore) {
    this.#context = context;
    this.#store = store;
  }

  /** @param available bytes of the upload that are on disk */
  async advance(record: UploadRecord, available: number): Promise<void> {
    await this.#of(record).advance(available);
  }

  /** The object's CID, when it is stored. Fails as often as it is tried without enough miners. */
  finish(id: string): Promise<string> {
    return this.#finishing.take(id, async () => {
      const record = await this.#store.record(id);
      if (record === null) throw new FileTaoError('not-found', 'there is no such upload');
      return record.cid ?? (await this.#finish(record));
    });
  }

  async #finish(record: UploadRecord): Promise<string> {
    const { pieceIds, digest } = await this.#complete(record);
    const { party, signer, verify, pieceSize } = this.#context;
    const { terms } = record;
    const sealed = sealMessage(
      manifestKind,
      {
        version: protocolVersion,
        genesis: party.genesis,
        netuid: party.netuid,
        owner: party.publicKey,
        cid: cidOfDigest(digest),
        size: record.size,
        pieceSize,
        pieceIds: pieceIds.map(fromHex),
        redundancy: { scheme: 'replicate', copies: terms.copies },
        expiry: terms.expiry,
      },
      signer,
    );
    const manifest = openSealed(manifestKind, sealed, verify);
    const { cid } = await claimObject(this.#context, manifest, record.owner as PublicKey, terms.minCopies);
    await this.#store.finish(record, cid);
    return cid;
  }

  forget(id: string): void {
    this.#assemblies.delete(id);
  }

  async #complete(record: UploadRecord) {
    const assembly = this.#of(record);
    try {
      const digest = await assembly.complete();
      return { pieceIds: assembly.pieceIds, digest };
    } finally {
      // Done, or failed: another try begins by looking at what the miners have.
      this.#assemblies.delete(record.id);
    }
  }

  #of(record: UploadRecord): Assembly {
    const known = this.#assemblies.get(record.id);
    if (known !== undefined) return known;
    const made = new Assembly(this.#context, this.#store.dataPath(record.id), record);
    this.#assemblies.set(record.id, made);
    return made;
  }
}
