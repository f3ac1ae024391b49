// Where resumable uploads lie until they are objects: the data store behind the tus library. Each upload is a file of its
// bytes and beside it a record. What is acknowledged is on disk: bytes are synced before their offset is answered, records
// are replaced whole. Bytes that came with a checksum count only when all of it has been compared; a crash in between takes
// them back.

import { type FileHandle, open, readdir, readFile, rm, stat, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { DataStore, ERRORS, Upload } from '@tus/server';
import { makePrivateFolder, replaceFile } from '../../adapters/system/durable-file.js';
import { FileTaoError, toFileTaoError } from '../../domain/model/errors.js';
import type { PieceTerms } from './pieces.js';

/** What is kept of an upload beside its bytes. */
export interface UploadRecord {
  readonly id: string;
  readonly size: number;
  readonly metadata: Readonly<Record<string, string | null>>;
  /** Unix milliseconds of the last acknowledged change: expiration runs from here. */
  readonly changedAtMs: number;
  /** 64 hex digits: whose object it becomes, and who may go on with it. */
  readonly owner: string;
  /** Whether requests about it must be signed by the owner. */
  readonly signed: boolean;
  /** How it is to be stored, as settled when it was created. */
  readonly terms: PieceTerms;
  /** Offset from which bytes are not compared with their checksum yet; null where all are. */
  readonly uncheckedFrom: number | null;
  /** The object it became, whose bytes are no longer kept here. */
  readonly cid: string | null;
}

export interface UploadStoreOptions {
  readonly directory: string;
  /** Milliseconds an upload is kept that does not go on. */
  readonly expiryMs: number;
  /** Bytes that all uploads under way may come to. */
  readonly bytesMax: number;
  /** Unix milliseconds. */
  readonly now: () => number;
}

/** Ids are ours: nothing a caller writes becomes part of a path. */
const isId = (text: string): boolean => /^[0-9a-f]{32}$/.test(text);
const recordEnding = '.json';

export class UploadStore extends DataStore {
  readonly #directory: string;
  readonly #expiryMs: number;
  readonly #bytesMax: number;
  readonly #now: () => number;
  /** Bytes that each upload under way may come to. */
  readonly #sizes = new Map<string, number>();
  /** Called with each acknowledged offset. */
  onProgress: (record: UploadRecord, offset: number) => Promise<void> = async () => {};
  /** Owner and terms of uploads that are being created, by id. */
  readonly creating = new Map<string, Pick<UploadRecord, 'owner' | 'signed' | 'terms'>>();
  /** Uploads whose next bytes come with a checksum, which is compared at their end. */
  readonly checked = new Set<string>();

  private constructor({ directory, expiryMs, bytesMax, now }: UploadStoreOptions) {
    super();
    this.#directory = directory;
    this.#expiryMs = expiryMs;
    this.#bytesMax = bytesMax;
    this.#now = now;
    this.extensions = ['creation', 'creation-with-upload', 'expiration', 'termination', 'checksum'];
  }

  static async open(options: UploadStoreOptions): Promise<UploadStore> {
    await makePrivateFolder(options.directory);
    const store = new UploadStore(options);
    for await (const { id, size, cid } of store.#records()) if (cid === null) store.#sizes.set(id, size);
    return store;
  }

  dataPath(id: string): string {
    return join(this.#directory, id);
  }

  /** null for an id that names no upload. */
  async record(id: string): Promise<UploadRecord | null> {
    if (!isId(id)) return null;
    try {
      return JSON.parse(await readFile(this.dataPath(id) + recordEnding, 'utf8')) as UploadRecord;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
      throw error;
    }
  }

  async save(record: UploadRecord): Promise<void> {
    await replaceFile(this.dataPath(record.id) + recordEnding, JSON.stringify(record));
  }

  /** The upload has become an object: its bytes go, its record tells the CID until it expires. */
  async finish(record: UploadRecord, cid: string): Promise<void> {
    await this.save({ ...record, cid, changedAtMs: this.#now() });
    await rm(this.dataPath(record.id), { force: true });
    this.#sizes.delete(record.id);
  }

  override async create(upload: Upload): Promise<Upload> {
    const owner = this.creating.get(upload.id);
    if (owner === undefined || upload.size === undefined) throw ERRORS.UNKNOWN_ERROR;
    const promised = [...this.#sizes.values()].reduce((sum, size) => sum + size, 0);
    if (promised + upload.size > this.#bytesMax)
      throw new FileTaoError('full', 'uploads under way fill the space this node has for them: try later');
    this.#sizes.set(upload.id, upload.size);
    const file = await open(this.dataPath(upload.id), 'wx', 0o600);
    await file.sync().finally(() => file.close());
    // The record makes the upload: replacing it syncs the folder, and with it the data file's name.
    await this.save({
      id: upload.id,
      size: upload.size,
      metadata: upload.metadata ?? {},
      changedAtMs: this.#now(),
      ...owner,
      uncheckedFrom: null,
      cid: null,
    });
    return upload;
  }

  /** Appends at `offset`; resolves with the offset that is on disk. What came before a broken connection counts. */
  override async write(stream: Readable, id: string, offset: number): Promise<number> {
    let record = await this.record(id);
    if (record === null) throw ERRORS.FILE_NOT_FOUND;
    if (record.cid !== null) return record.size;
    const isChecked = this.checked.has(id);
    // Only the tus library's locks keep another request from writing here at the same time.
    if (isChecked) {
      record = { ...record, uncheckedFrom: offset };
      await this.save(record);
    }
    const file = await open(this.dataPath(id), 'r+');
    let at = offset;
    let failure: unknown = null;
    try {
      try {
        for await (const part of stream as AsyncIterable<Uint8Array>) {
          await writeAll(file, part, at);
          at += part.length;
        }
      } catch (error) {
        failure = error;
        if (isChecked) at = offset;
      }
      await file.truncate(at);
      await file.sync();
    } catch (error) {
      throw toFileTaoError(error);
    } finally {
      await file.close();
    }
    record = { ...record, changedAtMs: this.#now(), uncheckedFrom: null };
    await this.save(record);
    if (failure !== null) throw failure;
    await this.onProgress(record, at);
    return at;
  }

  override async getUpload(id: string): Promise<Upload> {
    const record = await this.record(id);
    if (record === null) throw ERRORS.FILE_NOT_FOUND;
    if (this.#isExpired(record)) throw ERRORS.FILE_NO_LONGER_EXISTS;
    return new Upload({
      id,
      size: record.size,
      offset: await this.offset(record),
      metadata: { ...record.metadata },
      // The library counts an upload's time from here.
      creation_date: new Date(record.changedAtMs).toISOString(),
    });
  }

  /** Bytes acknowledged; takes back those whose checksum a crash kept from being compared. */
  async offset(record: UploadRecord): Promise<number> {
    if (record.cid !== null) return record.size;
    const path = this.dataPath(record.id);
    if (record.uncheckedFrom !== null) {
      await truncate(path, record.uncheckedFrom);
      await this.save({ ...record, uncheckedFrom: null });
      return record.uncheckedFrom;
    }
    return (await stat(path)).size;
  }

  override async remove(id: string): Promise<void> {
    if ((await this.record(id)) === null) throw ERRORS.FILE_NOT_FOUND;
    await this.#forget(id);
  }

  async #forget(id: string): Promise<void> {
    await rm(this.dataPath(id) + recordEnding, { force: true });
    await rm(this.dataPath(id), { force: true });
    this.#sizes.delete(id);
  }

  override getExpiration(): number {
    return this.#expiryMs;
  }

  /** Also removes what a crash left without a record. */
  override async deleteExpired(): Promise<number> {
    let removed = 0;
    const names = await readdir(this.#directory);
    for (const name of names) {
      const id = name.replace(recordEnding, '');
      if (!isId(id)) continue;
      const record = await this.record(id);
      if (record !== null && !this.#isExpired(record)) continue;
      if (record === null && this.creating.has(id)) continue;
      await this.#forget(id);
      if (record !== null) removed++;
    }
    return removed;
  }

  /** Uploads that are all there and not yet objects. */
  async *complete(): AsyncGenerator<UploadRecord> {
    for await (const record of this.#records()) {
      if (record.cid !== null || this.#isExpired(record)) continue;
      if ((await this.offset(record)) === record.size) yield record;
    }
  }

  /** Uploads that are not objects yet, and how far they are; at most so many, in no order. */
  async underWay(max: number): Promise<readonly { record: UploadRecord; received: number }[]> {
    const found: { record: UploadRecord; received: number }[] = [];
    for await (const record of this.#records()) {
      if (found.length >= max) break;
      if (record.cid !== null || this.#isExpired(record)) continue;
      const received = await stat(this.dataPath(record.id)).catch(() => null);
      if (received !== null) found.push({ record, received: received.size });
    }
    return found;
  }

  async *#records(): AsyncGenerator<UploadRecord> {
    for (const name of await readdir(this.#directory)) {
      if (!name.endsWith(recordEnding)) continue;
      const record = await this.record(name.slice(0, -recordEnding.length));
      if (record !== null) yield record;
    }
  }

  #isExpired({ changedAtMs }: UploadRecord): boolean {
    return this.#now() > changedAtMs + this.#expiryMs;
  }
}

async function writeAll(file: FileHandle, data: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < data.length; ) {
    const { bytesWritten } = await file.write(data, done, data.length - done, position + done);
    done += bytesWritten;
  }
}
