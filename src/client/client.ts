// One user at one API node: puts and gets with everything remembered that makes the next call easier. What
// was put is recorded under its name, its manifest is kept, and an interrupted put finds its journal; all of
// it in one folder.

import { join } from 'node:path';
import { makePrivateFolder } from '../adapters/system/durable-file.js';
import { objectCid } from '../domain/content/cid.js';
import { FileTaoError, toFileTaoError } from '../domain/model/errors.js';
import { ApiConnection, type ApiConnectionOptions } from './api-connection.js';
import { HashRecords } from './hash-records.js';
import { KeptManifests } from './kept-manifests.js';
import { nodeRuntime } from './node-runtime.js';
import { outputName } from './output-name.js';
import {
  type RetrievedObject,
  type RetrieveOptions,
  type RetrieveToFileOptions,
  retrieve,
  retrieveToFile,
} from './retrieve.js';
import type { RetryPolicy } from './retry.js';
import type { ClientRuntime, UserWallet } from './runtime.js';
import type { StoreInput } from './source.js';
import { type StoreOptions, type StoreResult, store } from './store.js';

export interface ClientOptions {
  /** URL of the API node. */
  readonly url: string;
  readonly wallet: UserWallet;
  /** Folder of records, kept manifests and the put journal. */
  readonly hashFolder: string;
  readonly timeouts?: ApiConnectionOptions['timeouts'];
  readonly expect?: ApiConnectionOptions['expect'];
  readonly retry?: RetryPolicy;
  readonly runtime?: ClientRuntime;
}

type Shared = 'connection' | 'wallet' | 'runtime' | 'retry';

export type PutOptions = Omit<StoreOptions, Shared | 'journalFolder'> & {
  /** Name in the record; the file's own name if not given, else the CID. */
  readonly name?: string;
};
export type GetOptions = Omit<RetrieveOptions, Shared | 'manifest'>;
export type GetToFileOptions = Omit<RetrieveToFileOptions, Shared | 'manifest'>;

export type RetrievedFile = Omit<RetrievedObject, 'plaintext' | 'cancel'> & { readonly path: string };

export class FileTaoClient {
  readonly records: HashRecords;
  readonly #options: ClientOptions;
  readonly #runtime: ClientRuntime;
  readonly #connection: ApiConnection;
  readonly #manifests: KeptManifests;

  constructor(options: ClientOptions) {
    const { url, wallet, hashFolder, timeouts, expect } = options;
    this.#options = options;
    this.#runtime = options.runtime ?? nodeRuntime();
    const { random, nowMs } = this.#runtime;
    this.#connection = new ApiConnection(url, {
      signer: wallet.hotkey,
      random,
      nowMs,
      ...(timeouts === undefined ? {} : { timeouts }),
      ...(expect === undefined ? {} : { expect }),
    });
    this.records = new HashRecords(hashFolder, wallet.name);
    this.#manifests = new KeptManifests(hashFolder);
  }

  /** Stores the input and records it. The same input again goes on where an earlier put stopped. */
  async put(input: StoreInput, { name, ...options }: PutOptions = {}): Promise<StoreResult> {
    const journalFolder = join(this.#options.hashFolder, 'journal');
    // A record file that cannot be read is found out now and not when everything has been sent.
    await this.records.list();
    const result = await store(input, { ...options, ...this.#shared(), journalFolder });
    const { cid, size, expiry, hotkeys, manifest } = result;
    const storedAt = Math.floor(this.#runtime.nowMs() / 1000);
    try {
      await this.#manifests.save(cid, manifest);
      await this.records.add({ name: name ?? result.name ?? cid, cid, size, storedAt, expiry, hotkeys });
    } catch (error) {
      const { message } = toFileTaoError(error);
      throw new FileTaoError('partial', `stored as ${cid}, but not recorded: ${message}`, {
        cause: error,
        details: { cid },
      });
    }
    return result;
  }

  /** Opens an object for streaming. */
  async open(cid: string, options: GetOptions = {}): Promise<RetrievedObject> {
    return retrieve(cid, { ...options, ...this.#shared(), ...(await this.#manifestOf(cid)) });
  }

  /** Retrieves into the file `path`. */
  async getToFile(cid: string, path: string, options: GetToFileOptions = {}): Promise<RetrievedFile> {
    const all = { ...options, ...this.#shared(), ...(await this.#manifestOf(cid)) };
    return { ...(await retrieveToFile(cid, path, all)), path };
  }

  /** Retrieves into a folder, which is made if need be, under the recorded name or else the CID. */
  async getToFolder(cid: string, folder: string, options: GetToFileOptions = {}): Promise<RetrievedFile> {
    const object = objectCid(cid);
    const record = await this.records.find(object);
    await makePrivateFolder(folder);
    return this.getToFile(object, join(folder, outputName(record?.name ?? null, object)), options);
  }

  close(): void {
    this.#connection.close();
  }

  async #manifestOf(cid: string): Promise<{ readonly manifest?: Uint8Array }> {
    const manifest = await this.#manifests.load(cid);
    return manifest === undefined ? {} : { manifest };
  }

  #shared(): Pick<StoreOptions, Shared> {
    const { wallet, retry } = this.#options;
    return {
      connection: this.#connection,
      wallet,
      runtime: this.#runtime,
      ...(retry === undefined ? {} : { retry }),
    };
  }
}
