// What a browser remembers for this page's origin, in IndexedDB: the keys, the put journal, what was put, and puts that
// are not finished. "Resolved" means that the browser calls it durable.

import { type JournalEntries, journalEntryBytesMax, journalKeptMs } from '../client/put-journal.js';
import { FileTaoError } from '../domain/model/errors.js';

/** The keys, by which everything else of a user is signed and read. Secrets. */
export interface KeptKeys {
  readonly id: 'keys';
  /** Canonical scalar ‖ nonce, 64 bytes. */
  readonly secretKey: Uint8Array;
  /** 32 bytes. */
  readonly publicKey: Uint8Array;
  /** AGE-SECRET-KEY-1… */
  readonly ageIdentity: string;
}

/** An object that was put from here. */
export interface KeptObject {
  readonly cid: string;
  readonly name: string;
  /** Bytes of the plaintext. */
  readonly size: number;
  /** Unix seconds. */
  readonly storedAt: number;
  readonly expiry: number;
  readonly replicas: number;
  /** The sealed manifest. */
  readonly manifest: Uint8Array;
}

/** A put that was begun here; gone when it is finished. */
export interface UnfinishedPut {
  /** Name, size and date of the file. */
  readonly id: string;
  readonly name: string;
  readonly size: number;
  readonly begunAt: number;
  readonly piecesConfirmed: number;
  readonly piecesTotal: number | null;
}

interface JournalRecord {
  readonly name: string;
  readonly content: Uint8Array;
  readonly usedAtMs: number;
}

interface Tables {
  keys: KeptKeys;
  journal: JournalRecord;
  objects: KeptObject;
  unfinished: UnfinishedPut;
}

const keyPaths: Readonly<Record<keyof Tables, string>> = {
  keys: 'id',
  journal: 'name',
  objects: 'cid',
  unfinished: 'id',
};

const databaseName = 'filetao';
const formatVersion = 1;

const settled = <Value>(request: IDBRequest<Value>): Promise<Value> =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });

const failed = (error: unknown): FileTaoError => {
  const { name, message } = (error ?? {}) as { name?: string; message?: string };
  return new FileTaoError(
    name === 'QuotaExceededError' ? 'full' : 'io',
    `the browser's storage for this page failed: ${message ?? name ?? 'unknown'}`,
    { cause: error },
  );
};

export class Database {
  readonly #database: IDBDatabase;

  private constructor(database: IDBDatabase) {
    this.#database = database;
    // Another tab with a newer page must not wait for this one.
    database.onversionchange = () => database.close();
  }

  /** Throws `io` where the browser keeps nothing, as in some private windows. */
  static async open(): Promise<Database> {
    try {
      const request = indexedDB.open(databaseName, formatVersion);
      request.onupgradeneeded = () => {
        for (const [table, keyPath] of Object.entries(keyPaths))
          request.result.createObjectStore(table, { keyPath });
      };
      return new Database(await settled(request));
    } catch (error) {
      throw failed(error);
    }
  }

  close(): void {
    this.#database.close();
  }

  async get<Table extends keyof Tables>(table: Table, key: string): Promise<Tables[Table] | null> {
    const found: unknown = await this.#run(table, 'readonly', (store) => store.get(key));
    return (found as Tables[Table] | undefined) ?? null;
  }

  async all<Table extends keyof Tables>(table: Table): Promise<readonly Tables[Table][]> {
    return (await this.#run(table, 'readonly', (store) => store.getAll())) as Tables[Table][];
  }

  async put<Table extends keyof Tables>(table: Table, record: Tables[Table]): Promise<void> {
    await this.#run(table, 'readwrite', (store) => store.put(record));
  }

  /** false when its key is taken. */
  async add<Table extends keyof Tables>(table: Table, record: Tables[Table]): Promise<boolean> {
    try {
      await this.#run(table, 'readwrite', (store) => store.add(record));
      return true;
    } catch (error) {
      if (((error as FileTaoError).cause as DOMException | undefined)?.name === 'ConstraintError')
        return false;
      throw error;
    }
  }

  async remove(table: keyof Tables, key: string): Promise<void> {
    await this.#run(table, 'readwrite', (store) => store.delete(key));
  }

  /** One request in a transaction of its own; resolves when that is complete. */
  async #run<Value>(
    table: keyof Tables,
    mode: 'readonly' | 'readwrite',
    act: (store: IDBObjectStore) => IDBRequest<Value>,
  ): Promise<Value> {
    try {
      // strict: complete means on disk, and not in a buffer of the system.
      const transaction = this.#database.transaction(table, mode, { durability: 'strict' });
      const complete = new Promise<void>((resolve, reject) => {
        transaction.oncomplete = () => resolve();
        transaction.onabort = () => reject(transaction.error);
      });
      const [value] = await Promise.all([settled(act(transaction.objectStore(table))), complete]);
      return value;
    } catch (error) {
      throw failed(error);
    }
  }
}

/** The put journal's entries (put-journal.ts) in the database. */
export class JournalTable implements JournalEntries {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async read(name: string): Promise<Uint8Array | null> {
    const record = await this.#database.get('journal', name);
    if (record === null || record.content.length > journalEntryBytesMax) return null;
    await this.#database.put('journal', { ...record, usedAtMs: Date.now() });
    return record.content;
  }

  add(name: string, content: Uint8Array): Promise<boolean> {
    return this.#database.add('journal', { name, content, usedAtMs: Date.now() });
  }

  replace(name: string, content: Uint8Array): Promise<void> {
    return this.#database.put('journal', { name, content, usedAtMs: Date.now() });
  }

  async sweep(nowMs: number): Promise<void> {
    for (const { name, usedAtMs } of await this.#database.all('journal'))
      if (nowMs - usedAtMs > journalKeptMs) await this.#database.remove('journal', name);
  }
}
