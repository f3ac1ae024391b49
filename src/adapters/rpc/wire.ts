// How messages lie in HTTP bodies between nodes.
//   a request, and an answer with bulk:  u32 little-endian length of the head ‖ head ‖ bulk
//   an answer without bulk:              the head alone
// Small stores go in groups (store-group.ts).
// A head is a signed message (signature ‖ body).

import { concatBytes } from '../../domain/model/bytes.js';
import { limits } from '../../domain/model/constants.js';
import { FileTaoError } from '../../domain/model/errors.js';

export const contentTypes = {
  message: 'application/vnd.filetao',
  group: 'application/vnd.filetao.group',
  refusal: 'application/vnd.filetao.refusal',
  problem: 'application/problem+json',
} as const;

/** Header of an answer whose miner had noted another last link than the one named. */
export const resyncedHeader = 'filetao-resynced';

/** Header of every answer of a miner: the bytes per second it undertakes to prove. */
export const rateHeader = 'filetao-rate';

export function frameHead(head: Uint8Array): Uint8Array {
  const framed = new Uint8Array(4 + head.length);
  new DataView(framed.buffer).setUint32(0, head.length, true);
  framed.set(head, 4);
  return framed;
}

/** Splits an answer that was read whole; throws `bad-message` when it is cut short. */
export function splitFrame(framed: Uint8Array): { readonly head: Uint8Array; readonly bulk: Uint8Array } {
  if (framed.length < 4) throw new FileTaoError('bad-message', 'the answer is too short');
  const length = new DataView(framed.buffer, framed.byteOffset, 4).getUint32(0, true);
  if (length > limits.messageBytesMax || 4 + length > framed.length) {
    throw new FileTaoError('bad-message', 'the answer is cut short');
  }
  return { head: framed.subarray(4, 4 + length), bulk: framed.subarray(4 + length) };
}

/** Reads exact lengths from a stream of parts, and hands over what follows as parts again. */
export class PartReader {
  readonly #source: AsyncIterator<Uint8Array>;
  #rest: Uint8Array = new Uint8Array();

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#source = source[Symbol.asyncIterator]();
  }

  /** Exactly `length` bytes; throws `bad-message` when the stream ends before. */
  async take(length: number): Promise<Uint8Array> {
    const parts: Uint8Array[] = [];
    let missing = length;
    while (missing > 0) {
      const part = await this.#next();
      if (part === null) throw new FileTaoError('bad-message', 'the stream ended early');
      parts.push(part.subarray(0, missing));
      this.#rest = part.subarray(missing);
      missing -= Math.min(missing, part.length);
    }
    return parts.length === 1 ? parts[0]! : concatBytes(...parts);
  }

  /** The signed head that a request or bulk answer begins with. */
  takeHead(): Promise<Uint8Array> {
    return this.takeFrame(limits.messageBytesMax);
  }

  /** Bytes behind their own u32 length; throws `too-large` beyond `max`. */
  async takeFrame(max: number): Promise<Uint8Array> {
    const prefix = await this.take(4);
    const length = new DataView(prefix.buffer, prefix.byteOffset, 4).getUint32(0, true);
    if (length > max) throw new FileTaoError('too-large', `a head of ${length} bytes, at most ${max} here`);
    return this.take(length);
  }

  /** Everything up to `max` bytes until the end; throws `too-large` beyond. */
  async takeRest(max: number): Promise<Uint8Array> {
    const parts: Uint8Array[] = [];
    let total = 0;
    for (let part = await this.#next(); part !== null; part = await this.#next()) {
      total += part.length;
      if (total > max) {
        await this.close();
        throw new FileTaoError('too-large', `more than ${max} bytes`);
      }
      parts.push(part);
    }
    return parts.length === 1 ? parts[0]! : concatBytes(...parts);
  }

  /** The next `length` bytes as they come; throws `bad-message` when the stream ends before. */
  async *stream(length: number): AsyncGenerator<Uint8Array> {
    let missing = length;
    while (missing > 0) {
      const part = await this.#next();
      if (part === null) throw new FileTaoError('bad-message', 'the stream ended early');
      const wanted = part.subarray(0, missing);
      this.#rest = part.subarray(wanted.length);
      missing -= wanted.length;
      yield wanted;
    }
  }

  /** Reads and throws away what was not read, so that the connection can carry the next request. Never throws. */
  async drain(): Promise<void> {
    this.#rest = new Uint8Array();
    try {
      while ((await this.#next()) !== null);
    } catch {
      // the connection has broken: nothing is left to carry
    }
  }

  /** Gives up what was not read; an answer's connection is closed. */
  async close(): Promise<void> {
    await this.#source.return?.();
  }

  async #next(): Promise<Uint8Array | null> {
    if (this.#rest.length > 0) {
      const rest = this.#rest;
      this.#rest = new Uint8Array();
      return rest;
    }
    for (;;) {
      const { done, value } = await this.#source.next();
      if (done) return null;
      if (value.length > 0) return value;
    }
  }
}
