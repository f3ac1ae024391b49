// Streaming BLAKE3. Source: BLAKE3 paper, section 5.1.2 (incremental hashing).
// A hasher's state lives in JavaScript and enters the core only for the length of a call, so any number can be alive at once.
import { CoreInputError } from './core-input-error.js';
import { type Instance, OUTPUT_BYTES, ROW_MAX, STEP_BYTES } from './instance.js';
import { LEAF_BYTES, NODE_BYTES } from './limits.js';
import { keyingOf, PARENT } from './modes.js';

/** A message taken in pieces. Reading a result does not end it: more may be added afterwards. */
export interface Hasher {
  /** Adds bytes. Throws `bad-data-length` beyond 4 TiB in all. */
  update(data: Uint8Array): this;
  /** The 32-byte digest of what was added so far. */
  digest(): Uint8Array;
  /** `length` bytes of extendable output from byte `seek` (default 0). Throws `bad-range` unless both are safe integers >= 0. */
  xof(length: number, seek?: number): Uint8Array;
}

// Full subtrees of this size are merged as they fill; 16 KiB keeps a hasher small and all four lanes busy.
const BLOCK_BYTES = 16 * 1024;
const BLOCK_LEVELS = Math.log2(BLOCK_BYTES / LEAF_BYTES);
const BLOCKS_MAX = 2 ** 32 / 2 ** BLOCK_LEVELS;

/** Reads output of the message whose last compression is pending in the core. */
export function readOutput(instance: Instance, length: number, seek: number): Uint8Array {
  if (!Number.isSafeInteger(length) || length < 0 || !Number.isSafeInteger(seek) || seek < 0) {
    throw new CoreInputError('bad-range', `output of ${length} bytes from ${seek}`);
  }
  if (!Number.isSafeInteger(seek + length)) {
    throw new CoreInputError('bad-range', `output ends beyond 2^53: ${length} bytes from ${seek}`);
  }
  const { exports, regions } = instance;
  const out = new Uint8Array(length);
  let at = 0;
  while (at < length) {
    const group = Math.floor((seek + at) / 256);
    const skip = (seek + at) % 256;
    const size = Math.min(OUTPUT_BYTES - skip, length - at); // OUTPUT_BYTES is a multiple of 256
    const block = group * 4;
    exports.output(
      block % 2 ** 32,
      Math.floor(block / 2 ** 32),
      Math.ceil((skip + size) / 256),
      regions.output.at,
    );
    out.set(regions.output.bytes.subarray(skip, skip + size), at);
    at += size;
  }
  return out;
}

/** The digest of the message whose last compression is pending in the core. */
export function readDigest({ exports, regions }: Instance): Uint8Array {
  exports.digest(regions.result.at);
  return regions.result.bytes.slice();
}

/** Puts a message of any length before the core and leaves its last compression pending. */
export function readMessage(instance: Instance, key: Uint8Array, flags: number, data: Uint8Array): void {
  const { exports, regions } = instance;
  if (data.length <= STEP_BYTES) {
    regions.message.bytes.set(data);
    const keying = keyingOf(instance, key, flags);
    exports.rootOf(regions.message.at, data.length, keying.key, keying.flags);
  } else {
    new StreamingHasher(instance, key, flags).update(data).pend();
  }
}

export class StreamingHasher implements Hasher {
  readonly #instance: Instance;
  readonly #key: Uint8Array;
  readonly #flags: number;
  readonly #buffer = new Uint8Array(BLOCK_BYTES);
  #buffered = 0;
  /** Full subtrees so far, from left to right; one per bit of the number of blocks. */
  readonly #row = new Uint8Array(ROW_MAX * NODE_BYTES);
  #rowLength = 0;
  #blocks = 0;

  constructor(instance: Instance, key: Uint8Array, flags: number) {
    this.#instance = instance;
    this.#key = key.slice();
    this.#flags = flags;
  }

  update(data: Uint8Array): this {
    let at = 0;
    while (at < data.length) {
      // A full block is absorbed only once it is known not to be the message's end: the last merge is the root's.
      if (this.#buffered === BLOCK_BYTES) {
        this.#absorb(this.#buffer);
        this.#buffered = 0;
      }
      if (this.#buffered === 0 && data.length - at > BLOCK_BYTES) {
        this.#absorb(data.subarray(at, at + BLOCK_BYTES));
        at += BLOCK_BYTES;
        continue;
      }
      const size = Math.min(BLOCK_BYTES - this.#buffered, data.length - at);
      this.#buffer.set(data.subarray(at, at + size), this.#buffered);
      this.#buffered += size;
      at += size;
    }
    return this;
  }

  digest(): Uint8Array {
    this.pend();
    return readDigest(this.#instance);
  }

  xof(length: number, seek = 0): Uint8Array {
    this.pend();
    return readOutput(this.#instance, length, seek);
  }

  /** Leaves the last compression of the message so far pending in the core. */
  pend(): void {
    const { exports, regions } = this.#instance;
    const { key, flags } = keyingOf(this.#instance, this.#key, this.#flags);
    regions.message.bytes.set(this.#buffer.subarray(0, this.#buffered));
    if (this.#rowLength === 0) {
      exports.rootOf(regions.message.at, this.#buffered, key, flags);
      return;
    }
    regions.row.bytes.set(this.#row.subarray(0, this.#rowLength * NODE_BYTES));
    const tail = regions.row.at + this.#rowLength * NODE_BYTES;
    this.#subtree(key, flags, this.#buffered);
    exports.copyNode(regions.levels.at, tail);
    exports.rootOfRow(regions.row.at, this.#rowLength + 1, key, flags);
  }

  // The node of the `length` bytes in the message region, which start at the current block, to the levels region.
  #subtree(key: number, flags: number, length: number): void {
    const { exports, regions } = this.#instance;
    const first = this.#blocks * 2 ** BLOCK_LEVELS;
    const nodes = regions.levels.at;
    const count = exports.leafNodes(regions.message.at, length, first, 0, 0, key, flags, nodes);
    exports.fold(nodes, count, BLOCK_LEVELS, key, flags | PARENT);
  }

  #absorb(block: Uint8Array): void {
    if (this.#blocks + 1 >= BLOCKS_MAX)
      throw new CoreInputError('bad-data-length', 'a message is below 4 TiB');
    const { exports, regions } = this.#instance;
    const { key, flags } = keyingOf(this.#instance, this.#key, this.#flags);
    regions.message.bytes.set(block);
    this.#subtree(key, flags, BLOCK_BYTES);
    this.#blocks++;
    // Carry as in a binary counter: two subtrees of one size become one of twice the size.
    for (let n = this.#blocks; n % 2 === 0; n /= 2) {
      const left = this.#row.subarray((this.#rowLength - 1) * NODE_BYTES, this.#rowLength * NODE_BYTES);
      regions.row.bytes.set(left);
      exports.copyNode(regions.levels.at, regions.row.at + NODE_BYTES);
      exports.fold(regions.row.at, 2, 1, key, flags | PARENT);
      exports.copyNode(regions.row.at, regions.levels.at);
      this.#rowLength--;
    }
    this.#row.set(regions.levels.bytes.subarray(0, NODE_BYTES), this.#rowLength * NODE_BYTES);
    this.#rowLength++;
  }
}
