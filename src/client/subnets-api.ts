// The subnets API: a request is prepared once, asked of the API nodes of validators, and their responses are made into
// a result. Two hooks, prepareSynapse and processResponses, are all that a new kind of request needs; choosing nodes,
// stake limit, time limit and signatures are done here. After bittensor's SubnetsAPI
// (https://github.com/opentensor/bittensor, bittensor/subnets.py), which FileTAO's users know.

import type { RequestMethod } from '../domain/identity/request.js';
import { FileTaoError, toFileTaoError } from '../domain/model/errors.js';
import type { FileTaoClient } from './client.js';
import type { StoreInput } from './file-source.js';
import {
  type CallOptions,
  type NetworkOptions,
  type NodeOptions,
  openSession,
  type WalletOption,
  withinTime,
} from './sdk-options.js';
import { asBytes } from './store-and-retrieve.js';

/** One API node, for the length of a query. */
export interface SubnetNode {
  readonly url: string;
  /** A client of this node alone. */
  readonly client: FileTaoClient;
  readonly signal: AbortSignal | undefined;
  /** A signed request of any route; throws the error that the node answers. */
  request(method: RequestMethod, route: string, body?: unknown): Promise<Readonly<Record<string, unknown>>>;
}

/** What is asked of each node. */
export interface Synapse<Response> {
  /** For messages. */
  readonly name: string;
  ask(node: SubnetNode): Promise<Response>;
}

/** One node's response: a value, or why there is none. */
export type SubnetResponse<Response> =
  | { readonly url: string; readonly value: Response; readonly error: null }
  | { readonly url: string; readonly value: null; readonly error: FileTaoError };

export interface QueryOptions extends NodeOptions, NetworkOptions, CallOptions {
  /** Nodes that must answer well; others are asked until as many have, or none is left. Default 1. */
  readonly nodes?: number;
}

/**
 * Base of every kind of request.
 *
 * @typeParam Arguments what `query` takes besides the options
 * @typeParam Response what one node answers
 * @typeParam Result what `query` gives
 */
export abstract class SubnetsAPI<Arguments extends object, Response, Result> {
  readonly wallet: WalletOption;

  /** @param wallet signs the requests, and encrypts and decrypts */
  constructor(wallet: WalletOption) {
    this.wallet = wallet;
  }

  /** The request that goes to every node. */
  abstract prepareSynapse(args: Arguments): Synapse<Response> | Promise<Synapse<Response>>;

  /** The result, from all responses in the order of the nodes. At least one was asked. */
  abstract processResponses(responses: readonly SubnetResponse<Response>[]): Result | Promise<Result>;

  /** Asks nodes one after another until `nodes` of them have answered well. Throws what the hooks throw. */
  async query(options: Arguments & QueryOptions): Promise<Result> {
    const given: QueryOptions = options;
    const wanted = given.nodes ?? 1;
    if (!Number.isSafeInteger(wanted) || wanted < 1) {
      throw new FileTaoError('bad-input', 'nodes: a whole number above 0');
    }
    const synapse = await this.prepareSynapse(options);
    const session = await openSession({ ...given, wallet: this.wallet });
    return withinTime(options, async () => {
      const responses: SubnetResponse<Response>[] = [];
      for (const node of session.nodes) {
        const good = responses.filter(({ error }) => error === null).length;
        if (good >= wanted || session.signal?.aborted === true) break;
        const client = session.client([node]);
        const [connection] = client.connections;
        try {
          const value = await synapse.ask({
            url: node.url,
            client,
            signal: session.signal,
            request: (method, route, body) => connection!.request(method, route, body, session.signal),
          });
          responses.push({ url: node.url, value, error: null });
        } catch (thrown) {
          const error = toFileTaoError(thrown);
          responses.push({ url: node.url, value: null, error });
          options.onNodeFailure?.({ node: node.url, error });
        } finally {
          client.close();
        }
      }
      return await this.processResponses(responses);
    });
  }
}

/** The first value; throws what the first node said when there is none, "not found" last. */
export function firstValue<Response>(responses: readonly SubnetResponse<Response>[]): Response {
  for (const response of responses) if (response.error === null) return response.value;
  const errors = responses.map(({ error }) => error).filter((error) => error !== null);
  throw (
    errors.find(({ code }) => code !== 'not-found') ??
    errors[0] ??
    new FileTaoError('not-found', 'no API node was asked')
  );
}

/** What StoreUserAPI takes besides {@link QueryOptions}. */
export interface StoreUserArguments {
  /** Bytes or a stream; text with `encoding`. */
  readonly data: StoreInput;
  /** Default: yes. */
  readonly encrypt?: boolean;
  /** Seconds; default: as long as the node says. */
  readonly ttl?: number;
  /** Of `data`, where that is text; default utf-8. */
  readonly encoding?: BufferEncoding;
}

/**
 * Stores data and gives its CID.
 *
 * @example
 * const cid = await new StoreUserAPI(wallet).query({ metagraph, data: Buffer.from('some data') });
 */
export class StoreUserAPI extends SubnetsAPI<StoreUserArguments, string, string> {
  override prepareSynapse({ data, encrypt, ttl, encoding }: StoreUserArguments): Synapse<string> {
    const input = asBytes(data, encoding ?? 'utf-8');
    return {
      name: 'StoreUser',
      async ask({ client, signal }) {
        const { cid } = await client.put(input, {
          ...(encrypt === undefined ? {} : { encrypt }),
          ...(ttl === undefined ? {} : { ttlSeconds: ttl }),
          ...(signal === undefined ? {} : { signal }),
        });
        return cid;
      },
    };
  }

  override processResponses(responses: readonly SubnetResponse<string>[]): string {
    return firstValue(responses);
  }
}

/** What RetrieveUserAPI takes besides {@link QueryOptions}. */
export interface RetrieveUserArguments {
  readonly cid: string;
}

/**
 * Gets the data of a CID back, verified and decrypted.
 *
 * @example
 * const data = await new RetrieveUserAPI(wallet).query({ metagraph, cid });
 */
export class RetrieveUserAPI extends SubnetsAPI<RetrieveUserArguments, Uint8Array, Uint8Array> {
  override prepareSynapse({ cid }: RetrieveUserArguments): Synapse<Uint8Array> {
    return {
      name: 'RetrieveUser',
      async ask({ client, signal }) {
        const { plaintext } = await client.open(cid, signal === undefined ? {} : { signal });
        const parts: Uint8Array[] = [];
        for await (const part of plaintext) parts.push(part);
        return Buffer.concat(parts);
      },
    };
  }

  override processResponses(responses: readonly SubnetResponse<Uint8Array>[]): Uint8Array {
    return firstValue(responses);
  }
}
