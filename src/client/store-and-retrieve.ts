// The two calls that most programs need: store(data) → { cid, hotkeys }, retrieve(cid) → the data.

import { FileTaoError } from '../domain/model/errors.js';
import type { GetOptions, PutOptions, RetrievedFile } from './client.js';
import type { StoreInput } from './file-source.js';
import type { StoreProgress, StoreResult } from './put.js';
import type { ByteRange, ObjectFacts, RetrieveProgress } from './retrieve.js';
import { openSession, type SdkOptions, withinTime } from './sdk-options.js';

/** Options of {@link store}. */
export interface StoreCallOptions extends SdkOptions {
  /** Default: yes. Without, whoever has the CID can read the object. */
  readonly encrypt?: boolean;
  /** Seconds the object is to be kept; default: as long as the node says. */
  readonly ttl?: number;
  /** Replicas of each piece; default: the node's own. */
  readonly copies?: number;
  /** The input is text in this encoding, not a path. */
  readonly encoding?: BufferEncoding;
  /** Name in the record of what was stored. */
  readonly name?: string;
  readonly onProgress?: (progress: StoreProgress) => void;
}

/**
 * Stores data, a stream, or the file at a path, encrypted for the wallet. Resolves when every piece has its replicas,
 * verified and durable. Called again after an interruption with the same input it goes on where it stopped.
 *
 * @param input bytes, anything that yields bytes (a Node or web stream, a generator), or the path of a file
 * @returns the object's CID, and as `hotkeys` the validators (ss58) whose API nodes know it
 * @throws FileTaoError `partial` or `too-few-miners` when fewer replicas could be made, `unreachable`, `cancelled`,
 * `timeout`, `wallet-not-found`, `bad-input`, …: see `code`
 * @example
 * const { cid, hotkeys } = await store(Buffer.from('Some data!'), { wallet: 'default' });
 */
export async function store(input: StoreInput, options: StoreCallOptions): Promise<StoreResult> {
  const { encrypt, ttl, copies, encoding, name, onProgress } = options;
  const session = await openSession(options);
  const client = session.client();
  const more: PutOptions = {
    ...(encrypt === undefined ? {} : { encrypt }),
    ...(ttl === undefined ? {} : { ttlSeconds: ttl }),
    ...(copies === undefined ? {} : { copies }),
    ...(name === undefined ? {} : { name }),
    ...(onProgress === undefined ? {} : { onProgress }),
    ...(session.signal === undefined ? {} : { signal: session.signal }),
  };
  try {
    return await withinTime(options, () => client.put(asBytes(input, encoding), more));
  } finally {
    client.close();
  }
}

/** Text becomes bytes where an encoding says that it is text. */
export function asBytes(input: StoreInput, encoding: BufferEncoding | undefined): StoreInput {
  if (encoding === undefined || typeof input !== 'string') return input;
  if (!Buffer.isEncoding(encoding))
    throw new FileTaoError('bad-input', `encoding: unknown '${String(encoding)}'`);
  return Buffer.from(input, encoding);
}

/** Options of {@link retrieve}. */
export interface RetrieveCallOptions extends SdkOptions {
  /** `stream` gives the bytes as they are verified, for what does not fit into memory. */
  readonly as?: 'bytes' | 'stream';
  /** Gives text in this encoding. */
  readonly encoding?: BufferEncoding;
  /** Writes into this file, and goes on in its partial file after an interruption. */
  readonly path?: string;
  /** Replace a file that is there. */
  readonly overwrite?: boolean;
  /** Only a part; `parseByteRange('0-99')` makes one. */
  readonly range?: ByteRange;
  /** `false`: the object as it is stored. */
  readonly decrypt?: boolean;
  readonly onProgress?: (progress: RetrieveProgress) => void;
}

/** An object as a stream of verified bytes, with what is known of it. Ends its connections when read to its end. */
export interface RetrievedStream extends ObjectFacts, AsyncIterable<Uint8Array> {
  /** For whoever does not read it to its end. */
  cancel(): Promise<void>;
}

/** Objects up to this are given as bytes. */
const bytesMax = 1024 * 1024 * 1024;

/**
 * Gets an object back, verified against its CID and decrypted: as bytes, as text (`encoding`), as a stream
 * (`as: 'stream'`) or into a file (`path`). A node that sends something else is left for the next one.
 *
 * @throws FileTaoError `not-found`, `bad-cid`, `wrong-wallet`, `integrity`, `unreachable`, `exists`, …
 * @example
 * const data = await retrieve(cid, { wallet: 'default', hotkeys });
 */
export function retrieve(
  cid: string,
  options: RetrieveCallOptions & { readonly as: 'stream' },
): Promise<RetrievedStream>;
export function retrieve(
  cid: string,
  options: RetrieveCallOptions & { readonly path: string },
): Promise<RetrievedFile>;
export function retrieve(
  cid: string,
  options: RetrieveCallOptions & { readonly encoding: BufferEncoding },
): Promise<string>;
export function retrieve(cid: string, options: RetrieveCallOptions): Promise<Uint8Array>;
export async function retrieve(
  cid: string,
  options: RetrieveCallOptions,
): Promise<RetrievedStream | RetrievedFile | string | Uint8Array> {
  const { as, path, range, encoding, overwrite, decrypt, onProgress } = options;
  if (path !== undefined && range !== undefined) {
    throw new FileTaoError('bad-input', 'range: a part goes to bytes or a stream, not to a file');
  }
  const session = await openSession(options);
  const client = session.client();
  const more: GetOptions = {
    ...(decrypt === undefined ? {} : { decrypt }),
    ...(onProgress === undefined ? {} : { onProgress }),
    ...(session.signal === undefined ? {} : { signal: session.signal }),
  };
  let isHandedOver = false;
  try {
    return await withinTime(options, async () => {
      if (path !== undefined)
        return await client.getToFile(cid, path, { ...more, overwrite: overwrite === true });
      const object =
        range === undefined ? await client.open(cid, more) : await client.openRange(cid, range, more);
      if (as === 'stream') {
        isHandedOver = true;
        return streamOf(object, object.plaintext, () => client.close());
      }
      const size = 'start' in object ? object.end - object.start : object.size;
      const bytes = await collect(object.plaintext, size);
      return encoding === undefined ? bytes : bytes.toString(encoding);
    });
  } finally {
    if (!isHandedOver) client.close();
  }
}

async function collect(parts: AsyncGenerator<Uint8Array, void>, size: number): Promise<Buffer> {
  if (size > bytesMax) {
    await parts.return();
    throw new FileTaoError('too-large', `the object has ${size} bytes: take it with as: 'stream' or path`);
  }
  const whole = Buffer.alloc(size);
  let at = 0;
  for await (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function streamOf(
  facts: ObjectFacts,
  plaintext: AsyncGenerator<Uint8Array, void>,
  close: () => void,
): RetrievedStream {
  const { cid, owner, storedSize, size, encrypted, expiry, manifest } = facts;
  const cancel = async (): Promise<void> => {
    await plaintext.return();
    close();
  };
  return {
    cid,
    owner,
    storedSize,
    size,
    encrypted,
    expiry,
    manifest,
    cancel,
    async *[Symbol.asyncIterator]() {
      try {
        yield* plaintext;
      } finally {
        await cancel();
      }
    },
  };
}
