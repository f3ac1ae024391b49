// One user at the API nodes of a network: puts and gets with everything remembered that makes the next call easier.
// What was put is recorded under its name with the validator that knows it, its manifest is kept, and an
// interrupted put finds its journal; all of it in one folder.

import { dirname, join } from 'node:path';
import { makePrivateFolder } from '../adapters/system/durable-file.js';
import { objectCid } from '../domain/content/cid.js';
import { type Cid, fromHex } from '../domain/model/bytes.js';
import { FileTaoError, toFileTaoError } from '../domain/model/errors.js';
import type { ListedObject, NodeInfo, ObjectStatus } from './api-answers.js';
import { ApiConnection, type ApiConnectionOptions } from './api-connection.js';
import type { NodeFailure } from './download.js';
import type { StoreInput } from './file-source.js';
import { type HashRecord, HashRecords } from './hash-records.js';
import { KeptManifests } from './kept-manifests.js';
import { nodeRuntime } from './node-runtime.js';
import { outputNameIn } from './output-name.js';
import type { StoreResult } from './put.js';
import { type PutEvent, type PutManyInput, type PutManyOptions, putMany } from './put-many.js';
import { type Renewed, renew } from './renew.js';
import {
  type ByteRange,
  type ObjectFacts,
  type RetrievedObject,
  type RetrievedRange,
  type RetrieveOptions,
  retrieve,
  retrieveRange,
} from './retrieve.js';
import {
  type RetrievedToFile,
  type RetrieveToFileOptions,
  retrieveToFile,
  writeNewFile,
} from './retrieve-to-file.js';
import { defaultRetryPolicy, firstContact, type RetryPolicy, retrying } from './retry.js';
import type { ClientRuntime, UserWallet } from './runtime.js';
import { type StoreOptions, store } from './store.js';

/** An API node and, where the chain has announced it, whose it is. */
export interface NodeUrl {
  readonly url: string;
  /** ss58 of the validator. */
  readonly hotkey?: string;
  /** Throws when the node that answers there is not to be used. */
  readonly accept?: (info: NodeInfo) => void;
}

export interface ClientOptions {
  /** URL of the API node; or several, in the order in which they are tried. */
  readonly url: string | readonly NodeUrl[];
  readonly wallet: UserWallet;
  /** Folder of records, kept manifests and the put journal. */
  readonly hashFolder: string;
  readonly timeouts?: ApiConnectionOptions['timeouts'];
  readonly expect?: ApiConnectionOptions['expect'];
  readonly retry?: RetryPolicy;
  readonly runtime?: ClientRuntime;
  /** Told of every node that failed while another is tried. */
  readonly onNodeFailure?: (failure: NodeFailure) => void;
}

type Shared = 'connection' | 'fallbacks' | 'wallet' | 'runtime' | 'retry' | 'onNodeFailure';

export type PutOptions = Omit<StoreOptions, Shared | 'journalFolder'> & {
  /** Name in the record; the file's own name if not given, else the CID. */
  readonly name?: string;
};
export type GetOptions = Omit<RetrieveOptions, Shared | 'manifest'>;
export type GetToFileOptions = Omit<RetrieveToFileOptions, Shared | 'manifest'>;

export type RetrievedFile = RetrievedToFile & { readonly path: string };

interface Node {
  readonly connection: ApiConnection;
  readonly hotkey: string | null;
}

export class FileTaoClient {
  readonly records: HashRecords;
  readonly #options: ClientOptions;
  readonly #runtime: ClientRuntime;
  readonly #nodes: readonly Node[];
  readonly #manifests: KeptManifests;

  constructor(options: ClientOptions) {
    const { url, wallet, hashFolder, timeouts, expect } = options;
    this.#options = options;
    this.#runtime = options.runtime ?? nodeRuntime();
    const { random, nowMs } = this.#runtime;
    const nodes: readonly NodeUrl[] = typeof url === 'string' ? [{ url }] : url;
    if (nodes.length === 0) throw new FileTaoError('bad-input', 'no API node is named: give its URL');
    this.#nodes = nodes.map(({ url: at, hotkey = null, accept }) => ({
      hotkey,
      connection: new ApiConnection(at, {
        signer: wallet.hotkey,
        random,
        nowMs,
        ...(timeouts === undefined ? {} : { timeouts }),
        ...(expect === undefined ? {} : { expect }),
        ...(accept === undefined ? {} : { accept }),
      }),
    }));
    this.records = new HashRecords(hashFolder, wallet.name);
    this.#manifests = new KeptManifests(hashFolder);
  }

  /** Stores the input and records it. The same input again goes on where an earlier put stopped. */
  async put(input: StoreInput, { name, ...options }: PutOptions = {}): Promise<StoreResult> {
    // A record file that cannot be read is found out now and not when everything has been sent.
    await this.records.list();
    const result = await this.#store(input, options);
    await this.#remember([{ result, name: name ?? result.name ?? result.cid }]);
    return result;
  }

  /** Stores many inputs, several at a time; each is told as it is stored and recorded, or fails. */
  async *putMany(
    inputs: AsyncIterable<PutManyInput>,
    options: PutManyOptions,
  ): AsyncGenerator<PutEvent, void> {
    await this.records.list();
    yield* putMany(inputs, options, {
      store: (input, more) => this.#store(input, more),
      remember: (done) => this.#remember(done),
    });
  }

  /** Opens an object for streaming. */
  async open(cid: string, options: GetOptions = {}): Promise<RetrievedObject> {
    return retrieve(cid, { ...options, ...(await this.#sharedFor(cid)) });
  }

  /** Opens a byte range of an object for streaming. */
  async openRange(cid: string, range: ByteRange, options: GetOptions = {}): Promise<RetrievedRange> {
    return retrieveRange(cid, range, { ...options, ...(await this.#sharedFor(cid)) });
  }

  /** Retrieves into the file `path`, going on where an earlier try stopped. */
  async getToFile(cid: string, path: string, options: GetToFileOptions = {}): Promise<RetrievedFile> {
    return { ...(await retrieveToFile(cid, path, { ...options, ...(await this.#sharedFor(cid)) })), path };
  }

  /** Retrieves a byte range into the file `path`. */
  async getRangeToFile(
    cid: string,
    range: ByteRange,
    path: string,
    { overwrite, ...options }: GetToFileOptions = {},
  ): Promise<Omit<RetrievedRange, 'plaintext'> & { readonly path: string }> {
    const write = { overwrite: overwrite === true, signal: options.signal };
    return writeNewFile(path, write, async (append) => {
      const { plaintext, ...facts } = await this.openRange(cid, range, options);
      for await (const part of plaintext) await append(part);
      return { ...facts, path };
    });
  }

  /** Retrieves into a folder, which is made if need be, under the recorded name or else the CID. */
  async getToFolder(cid: string, folder: string, options: GetToFileOptions = {}): Promise<RetrievedFile> {
    const object = objectCid(cid);
    const record = await this.records.find(object);
    const path = join(folder, await outputNameIn(folder, record?.name ?? null, object));
    await makePrivateFolder(dirname(path));
    return this.getToFile(object, path, options);
  }

  /** How an object is: replicas, proofs, miners. */
  async status(cid: string, signal?: AbortSignal): Promise<ObjectStatus> {
    const object = objectCid(cid);
    return this.#ask(await this.#nodesFor(object), signal, (node) => node.status(object, signal));
  }

  /** All objects of this wallet's hotkey that the first node to answer knows. */
  async *list(signal?: AbortSignal): AsyncGenerator<ListedObject, void> {
    const node = await this.#ask(this.#nodes, signal, async (connection) => {
      await connection.info(signal);
      return connection;
    });
    for (let cursor: string | null = null; ; ) {
      const page = await retrying(this.#retry, signal, () => node.list(cursor, signal));
      yield* page.objects;
      cursor = page.next;
      if (cursor === null) return;
    }
  }

  /** Removes an object of this wallet from the network, and what is remembered of it. */
  async remove(cid: string, signal?: AbortSignal): Promise<Cid> {
    const object = objectCid(cid);
    await this.#ask(await this.#nodesFor(object), signal, (node) => node.remove(object, signal));
    await this.records.remove(object);
    await this.#manifests.remove(object);
    return object;
  }

  /** Keeps an object of this wallet for `ttlSeconds` from now. */
  async renew(cid: string, ttlSeconds: number, signal?: AbortSignal): Promise<Renewed> {
    const object = objectCid(cid);
    const kept = await this.#manifests.load(object);
    const renewed = await this.#ask(await this.#nodesFor(object), signal, (connection) =>
      renew(object, ttlSeconds, {
        connection,
        wallet: this.#options.wallet,
        runtime: this.#runtime,
        kept: kept ?? null,
        signal,
      }),
    );
    await this.#manifests.save(object, renewed.manifest);
    await this.records.renew(object, renewed.expiry);
    return renewed;
  }

  /** The nodes this client works with, for requests of one's own. */
  get connections(): readonly ApiConnection[] {
    return this.#nodes.map(({ connection }) => connection);
  }

  close(): void {
    for (const { connection } of this.#nodes) connection.close();
  }

  get #retry(): RetryPolicy {
    return this.#options.retry ?? defaultRetryPolicy;
  }

  /** Puts to the first node that answers. */
  async #store(input: StoreInput, options: Omit<PutOptions, 'name'>): Promise<StoreResult> {
    const { wallet, hashFolder, retry } = this.#options;
    const { signal } = options;
    const connection =
      this.#nodes.length === 1
        ? this.#nodes[0]!.connection
        : await this.#ask(this.#nodes, signal, async (node) => {
            await node.info(signal);
            return node;
          });
    return store(input, {
      ...options,
      connection,
      wallet,
      runtime: this.#runtime,
      journalFolder: join(hashFolder, 'journal'),
      ...(retry === undefined ? {} : { retry }),
    });
  }

  async #remember(done: readonly { readonly result: StoreResult; readonly name: string }[]): Promise<void> {
    const storedAt = Math.floor(this.#runtime.nowMs() / 1000);
    try {
      await Promise.all(done.map(({ result }) => this.#manifests.save(result.cid, result.manifest)));
      await this.records.add(
        ...done.map(({ result: { cid, size, expiry, hotkeys }, name }): HashRecord => {
          return { name, cid, size, storedAt, expiry, hotkeys };
        }),
      );
    } catch (error) {
      const { message } = toFileTaoError(error);
      const cids = done.map(({ result }) => result.cid).join(', ');
      throw new FileTaoError('partial', `stored as ${cids}, but not recorded: ${message}`, {
        cause: error,
        details: { cid: cids },
      });
    }
  }

  /** Validators that are known to have the object come first. */
  async #nodesFor(cid: Cid): Promise<readonly Node[]> {
    if (this.#nodes.length === 1) return this.#nodes;
    const known = (await this.records.find(cid))?.hotkeys ?? [];
    const knows = ({ hotkey }: Node): boolean => hotkey !== null && known.includes(hotkey);
    return [...this.#nodes.filter(knows), ...this.#nodes.filter((node) => !knows(node))];
  }

  /** The first good answer. Throws what the first node said that said more than "not found". */
  async #ask<Result>(
    nodes: readonly Node[],
    signal: AbortSignal | undefined,
    action: (connection: ApiConnection) => Promise<Result>,
  ): Promise<Result> {
    const failures: FileTaoError[] = [];
    for (const [i, { connection }] of nodes.entries()) {
      try {
        await retrying(firstContact(this.#retry), signal, () => connection.info(signal));
        return await retrying(this.#retry, signal, () => action(connection));
      } catch (thrown) {
        const error = toFileTaoError(thrown);
        if (signal?.aborted === true) throw error;
        failures.push(error);
        if (i + 1 < nodes.length) this.#options.onNodeFailure?.({ node: connection.url, error });
      }
    }
    throw failures.find(({ code }) => code !== 'not-found') ?? failures[0];
  }

  async #sharedFor(cidText: string): Promise<Pick<RetrieveOptions, Shared | 'manifest'>> {
    const { wallet, retry, onNodeFailure } = this.#options;
    const cid = objectCid(cidText);
    const [first, ...others] = (await this.#nodesFor(cid)).map(({ connection }) => connection);
    const manifest = await this.#manifests.load(cid);
    return {
      connection: first!,
      fallbacks: others,
      wallet,
      runtime: this.#runtime,
      ...(retry === undefined ? {} : { retry }),
      ...(onNodeFailure === undefined ? {} : { onNodeFailure }),
      ...(manifest === undefined ? {} : { manifest }),
    };
  }
}

/** ss58 of the owner of an object. */
export const ownerBytes = ({ owner }: ObjectFacts): Uint8Array => fromHex(owner);
