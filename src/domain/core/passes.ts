// One pass over a replica's bytes, in steps that a reader fills straight into the core's memory.
// The reader alternates between two buffers: while the core works on one, the disk fills the other.
import { CoreInputError } from './core-input-error.js';
import { type Instance, ROW_BYTES, STEP_BYTES } from './instance.js';
import { LEAF_BYTES, NODE_BYTES } from './limits.js';
import { chunkKeying, PARENT, ROOT } from './modes.js';

interface Pass {
  /** Two views of the core's memory. Fill one, then `absorb` it; its bytes are read during that call only. */
  readonly inputs: readonly Uint8Array[];
  /**
   * Takes the first `length` bytes of `inputs[which]`. Every step but the last is a full buffer, the last ends the data exactly.
   * Throws `bad-pass` otherwise, or when another pass has begun.
   */
  absorb(which: number, length: number): void;
}

export interface ProofPass extends Pass {
  /** The proof, once all bytes are absorbed (else `bad-pass`). `nodes` are m_j, `commitments` c_j, 32 bytes for each of `count` chunks. */
  finish(): {
    keyedRoot: Uint8Array;
    commitmentRoot: Uint8Array;
    nodes: Uint8Array;
    commitments: Uint8Array;
    count: number;
  };
}

export interface DigestPass extends Pass {
  /** The digests, once all bytes are absorbed (else `bad-pass`): `keyed` in the order of the keys, `leafNodes` 32 bytes per KiB. */
  finish(): { root: Uint8Array; keyed: Uint8Array[]; leafNodes?: Uint8Array };
}

/** Levels of the content tree of `size` bytes: 0 for a single leaf. */
const heightOf = (size: number): number => Math.ceil(Math.log2(Math.ceil(size / LEAF_BYTES)));
const STEP_LEVELS = Math.log2(STEP_BYTES / LEAF_BYTES);

/**
 * Where the bytes of a pass go: counts them, refuses steps of a wrong length.
 * `isCurrent` tells whether the core's pass regions still belong to this pass.
 */
export class Steps {
  readonly inputs: readonly Uint8Array[];
  readonly #instance: Instance;
  readonly #size: number;
  readonly #isCurrent: () => boolean;
  #taken = 0;

  constructor(instance: Instance, size: number, isCurrent: () => boolean) {
    this.#instance = instance;
    this.#size = size;
    this.#isCurrent = isCurrent;
    this.inputs = [instance.regions.input0.bytes, instance.regions.input1.bytes];
  }

  /** Checks a step and gives where it stands in memory and the number of its first leaf. */
  take(which: number, length: number): { at: number; firstLeaf: number } {
    const expected = Math.min(STEP_BYTES, this.#size - this.#taken);
    if (!this.#isCurrent()) throw new CoreInputError('bad-pass', 'another pass has begun');
    if (length !== expected || length === 0) {
      throw new CoreInputError('bad-pass', `a step of ${expected} bytes is due, not ${length}`);
    }
    const { input0, input1 } = this.#instance.regions;
    const region = which === 0 ? input0 : which === 1 ? input1 : undefined;
    if (!region) throw new CoreInputError('bad-pass', `there are inputs 0 and 1, not ${which}`);
    const firstLeaf = this.#taken / LEAF_BYTES;
    this.#taken += length;
    return { at: region.at, firstLeaf };
  }

  /** Checks that all bytes came. */
  end(): void {
    if (!this.#isCurrent()) throw new CoreInputError('bad-pass', 'another pass has begun');
    if (this.#taken !== this.#size) {
      throw new CoreInputError('bad-pass', `${this.#taken} of ${this.#size} bytes absorbed`);
    }
  }
}

/** The tree of one key (null: the content tree) over the steps of a pass: nodes of one level, appended step by step. */
export class TreeRow {
  readonly #instance: Instance;
  readonly #key: Uint8Array | null;
  readonly #at: number;
  readonly #level: number;
  readonly #isLeaf: boolean;
  /** Nodes in the row so far. */
  count = 0;
  #leafRoot: Uint8Array | undefined;

  /** `at`: the row's place in memory; `levelMax`: the highest level of nodes it may hold. */
  constructor(instance: Instance, key: Uint8Array | null, size: number, at: number, levelMax: number) {
    const height = heightOf(size);
    this.#instance = instance;
    this.#key = key?.slice() ?? null;
    this.#at = at;
    // One merge is always left, because it is the root's.
    this.#level = Math.min(levelMax, STEP_LEVELS, Math.max(height - 1, 0));
    this.#isLeaf = height === 0;
  }

  get level(): number {
    return this.#level;
  }

  absorb(data: number, length: number, firstLeaf: number): void {
    const { exports, regions, memory } = this.#instance;
    const { key, flags } = chunkKeying(this.#instance, this.#key);
    const step = regions.levels.at;
    const leaves = exports.leafNodes(data, length, firstLeaf, 0, 0, key, flags, step);
    const nodes = exports.fold(step, leaves, this.#level, key, flags | PARENT);
    memory.copyWithin(this.#at + this.count * NODE_BYTES, step, step + nodes * NODE_BYTES);
    this.count += nodes;
    if (this.#isLeaf) {
      exports.rootOf(data, length, key, flags);
      exports.digest(regions.result.at);
      this.#leafRoot = regions.result.bytes.slice();
    }
  }

  /** The root of the whole data. Leaves the row as it is. */
  root(): Uint8Array {
    if (this.#leafRoot) return this.#leafRoot;
    const { exports, regions, memory } = this.#instance;
    const { key, flags } = chunkKeying(this.#instance, this.#key);
    const { at, bytes } = regions.levels;
    memory.copyWithin(at, this.#at, this.#at + this.count * NODE_BYTES);
    exports.foldToRoot(at, this.count, key, flags | PARENT, flags | PARENT | ROOT);
    return bytes.slice(0, NODE_BYTES);
  }

  /** Merges the row in place up to `level`, non-ROOT. */
  foldTo(level: number): void {
    const { key, flags } = chunkKeying(this.#instance, this.#key);
    this.count = this.#instance.exports.fold(this.#at, this.count, level - this.#level, key, flags | PARENT);
  }
}

export function digestPass(
  instance: Instance,
  input: { size: number; keys: readonly Uint8Array[]; outboard: boolean },
  isCurrent: () => boolean,
): DigestPass {
  const { regions } = instance;
  const steps = new Steps(instance, input.size, isCurrent);
  const content = input.outboard
    ? new TreeRow(instance, null, input.size, regions.nodes.at, 0)
    : new TreeRow(instance, null, input.size, regions.rows.at, STEP_LEVELS);
  const keyed = input.keys.map(
    (key, i) => new TreeRow(instance, key, input.size, regions.rows.at + (i + 1) * ROW_BYTES, STEP_LEVELS),
  );
  return {
    inputs: steps.inputs,
    absorb(which, length) {
      const { at, firstLeaf } = steps.take(which, length);
      for (const row of [content, ...keyed]) row.absorb(at, length, firstLeaf);
    },
    finish() {
      steps.end();
      const roots = { root: content.root(), keyed: keyed.map((row) => row.root()) };
      if (!input.outboard) return roots;
      return { ...roots, leafNodes: regions.nodes.bytes.slice(0, content.count * NODE_BYTES) };
    },
  };
}
