// The tree of one key over the steps of a pass: its nodes of one level, step after step in one row of memory.
import { type Instance, STEP_BYTES } from './instance.js';
import { LEAF_BYTES, NODE_BYTES } from './limits.js';
import { chunkKeying, PARENT, ROOT } from './modes.js';
import type { Step } from './pass-steps.js';

/** Levels a full step can be folded by. */
export const STEP_LEVELS = Math.log2(STEP_BYTES / LEAF_BYTES);

export class TreeRow {
  /** The level of the nodes in the row: 0 for leaves. */
  readonly level: number;
  readonly #instance: Instance;
  readonly #key: Uint8Array | null;
  readonly #at: number;
  readonly #isOneLeaf: boolean;
  #count = 0;
  #oneLeafRoot = new Uint8Array(0);

  /** The content tree (`key` null) or a keyed one of `size` bytes; its nodes, of level `levelMax` at most, to `at`. */
  constructor(instance: Instance, key: Uint8Array | null, size: number, at: number, levelMax: number) {
    const height = Math.ceil(Math.log2(Math.ceil(size / LEAF_BYTES)));
    this.#instance = instance;
    this.#key = key?.slice() ?? null;
    this.#at = at;
    this.#isOneLeaf = height === 0;
    // The topmost merge is never done here: as the root's it has another flag.
    this.level = Math.min(levelMax, STEP_LEVELS, Math.max(height - 1, 0));
  }

  /** Nodes in the row. */
  get count(): number {
    return this.#count;
  }

  absorb({ at, length, firstLeaf }: Step): void {
    const { exports, regions, memory } = this.#instance;
    const { key, flags } = chunkKeying(this.#instance, this.#key);
    const folded = regions.levels.at;
    const leaves = exports.leafNodes(at, length, firstLeaf, 0, 0, key, flags, folded);
    const nodes = exports.fold(folded, leaves, this.level, key, flags | PARENT);
    memory.copyWithin(this.#at + this.#count * NODE_BYTES, folded, folded + nodes * NODE_BYTES);
    this.#count += nodes;
    if (this.#isOneLeaf) {
      exports.rootOf(at, length, key, flags);
      exports.digest(regions.result.at);
      this.#oneLeafRoot = regions.result.bytes.slice();
    }
  }

  /** The root over all nodes. Leaves the row as it is. */
  root(): Uint8Array {
    if (this.#isOneLeaf) return this.#oneLeafRoot;
    const { exports, regions, memory } = this.#instance;
    const { key, flags } = chunkKeying(this.#instance, this.#key);
    const { at, bytes } = regions.levels;
    memory.copyWithin(at, this.#at, this.#at + this.#count * NODE_BYTES);
    exports.foldToRoot(at, this.#count, key, flags | PARENT, flags | PARENT | ROOT);
    return bytes.slice(0, NODE_BYTES);
  }

  /** Merges the row in place to nodes of `level`, never ROOT; returns their number. Ends the row's use. */
  foldTo(level: number): number {
    const { key, flags } = chunkKeying(this.#instance, this.#key);
    return this.#instance.exports.fold(this.#at, this.#count, level - this.level, key, flags | PARENT);
  }
}
