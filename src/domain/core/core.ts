// The proof core's face over one WebAssembly instance: checks inputs, moves bytes in and out, holds the derived keys.
import { BLINDINGS_MAX, placeBlindings } from './blindings.js';
import { CoreInputError } from './core-input-error.js';
import { type DigestInput, type DigestPass, digestPass } from './digest-pass.js';
import { Group, type Window } from './group.js';
import { type Hasher, readDigest, readMessage, readOutput, StreamingHasher } from './hasher.js';
import { DIGEST_KEYS_MAX, type Instance, instantiate, STEP_BYTES } from './instance.js';
import {
  CHUNKS_MAX,
  checkChunkSize,
  checkCount,
  checkIndices,
  checkKey,
  checkNodes,
  checkOpenedChunks,
  checkSize,
  LEAF_BYTES,
  NODE_BYTES,
} from './limits.js';
import {
  chunkKeying,
  DERIVE_KEY_CONTEXT,
  DERIVE_KEY_MATERIAL,
  type HashMode,
  KEYED_HASH,
  leafKeying,
  PARENT,
  type Tree,
  treeMerging,
} from './modes.js';
import type { CoreBuild } from './probe.js';
import type { ProofCore } from './proof-core.js';
import { type ProofInput, type ProofPass, proofPass } from './proof-pass.js';

export interface CoreOptions {
  /** Which build `source` is. */
  readonly build: CoreBuild;
  /** Window of the commitment tables: 11 (default, 3.8 MB) for many workers, 13 (13 MB) for one or two. */
  readonly window?: Window;
}

/** A core of its own memory from a compiled build (bytes or module). Cheap until its first commitment. */
export function createCore(source: BufferSource | WebAssembly.Module, options: CoreOptions): ProofCore {
  return new WasmProofCore(instantiate(source, options.window ?? 11), options);
}

const NOTHING = new Uint8Array(0);
/** Contexts are the program's own and few; the bound only keeps a caller's mistake from filling memory. */
const CONTEXTS_MAX = 256;
const STEP_NODES = STEP_BYTES / LEAF_BYTES;
/** `treeRoot` folds this many nodes at a time: 128 KiB, which stay in the second-level cache. A million commitments take 65 ms. */
const TREE_STEP = 4096;
const TREE_NODES_MAX = 2 ** 27;

class WasmProofCore implements ProofCore {
  readonly build: CoreBuild;
  readonly memoryBytes: number;
  readonly #instance: Instance;
  readonly #group: Group;
  readonly #ivWords: Uint8Array;
  readonly #contextKeys = new Map<string, Uint8Array>();
  #pass = 0;

  constructor(instance: Instance, options: CoreOptions) {
    this.build = options.build;
    this.memoryBytes = instance.memory.length;
    this.#instance = instance;
    this.#group = new Group(instance.exports, instance.exports.memory, instance.group);
    this.#ivWords = instance.memory.slice(instance.iv, instance.iv + NODE_BYTES);
    instance.regions.leafKey.bytes.set(this.derive('filetao v1 commitment leaf', NOTHING));
    instance.regions.nodeKey.bytes.set(this.derive('filetao v1 commitment node', NOTHING));
  }

  hash(data: Uint8Array): Uint8Array {
    readMessage(this.#instance, this.#ivWords, 0, data);
    return readDigest(this.#instance);
  }

  keyed(key: Uint8Array, data: Uint8Array): Uint8Array {
    checkKey(key);
    readMessage(this.#instance, key, KEYED_HASH, data);
    return readDigest(this.#instance);
  }

  derive(context: string, material: Uint8Array): Uint8Array {
    readMessage(this.#instance, this.#contextKey(context), DERIVE_KEY_MATERIAL, material);
    return readDigest(this.#instance);
  }

  xof(mode: HashMode, data: Uint8Array, length: number, seek = 0): Uint8Array {
    const { key, flags } = this.#mode(mode);
    readMessage(this.#instance, key, flags, data);
    return readOutput(this.#instance, length, seek);
  }

  createHasher(mode: HashMode): Hasher {
    const { key, flags } = this.#mode(mode);
    return new StreamingHasher(this.#instance, key, flags);
  }

  hashEach(key: Uint8Array | null, data: Uint8Array, size: number): Uint8Array {
    if (!Number.isInteger(size) || size < 1 || size > LEAF_BYTES || data.length % size !== 0) {
      throw new CoreInputError('bad-data-length', `${data.length} bytes in messages of ${size}`);
    }
    const { exports, regions } = this.#instance;
    const { message, levels } = regions;
    const keying = chunkKeying(this.#instance, key);
    const out = new Uint8Array((data.length / size) * NODE_BYTES);
    const step = Math.min(Math.floor(STEP_BYTES / size), CHUNKS_MAX);
    for (let first = 0; first * size < data.length; first += step) {
      const part = data.subarray(first * size, (first + step) * size);
      message.bytes.set(part);
      const count = part.length / size;
      exports.digests(message.at, size, count, keying.key, keying.flags, levels.at);
      out.set(levels.bytes.subarray(0, count * NODE_BYTES), first * NODE_BYTES);
    }
    return out;
  }

  chunkNodes(key: Uint8Array | null, data: Uint8Array, firstChunk: number, chunkSize: number): Uint8Array {
    const depth = checkChunkSize(chunkSize);
    checkSize(data.length);
    const count = Math.ceil(data.length / chunkSize);
    checkCount(count);
    if (!Number.isInteger(firstChunk) || firstChunk < 0 || firstChunk + count > 2 ** 32 / 2 ** depth) {
      throw new CoreInputError('bad-index', `chunk ${firstChunk}: leaves are numbered below 2^32`);
    }
    return this.#nodesOf([key], [data], firstChunk * 2 ** depth, 0, depth)[0]!;
  }

  openedChunkNodes(
    keys: readonly (Uint8Array | null)[],
    chunks: readonly Uint8Array[],
    indices: ArrayLike<number>,
    chunkSize: number,
  ): Uint8Array[] {
    const depth = checkChunkSize(chunkSize);
    checkIndices(indices, CHUNKS_MAX);
    checkOpenedChunks(chunks, indices.length, chunkSize);
    this.#instance.indices.set(indices);
    return this.#nodesOf(keys, chunks, 0, this.#instance.regions.indices.at, depth);
  }

  // Nodes of the chunks in `parts` under each key; leaves are numbered from `firstLeaf`, or by the chunk numbers at `chunks`. Bytes are copied
  // into the core once for all keys, a step at a time: whole chunks, or a piece of one.
  #nodesOf(
    keys: readonly (Uint8Array | null)[],
    parts: readonly Uint8Array[],
    firstLeaf: number,
    chunks: number,
    depth: number,
  ): Uint8Array[] {
    const { exports, regions } = this.#instance;
    const { message, levels } = regions;
    const stepDepth = Math.min(depth, Math.log2(STEP_NODES));
    const length = parts.reduce((sum, part) => sum + part.length, 0);
    const found = keys.map(() => new Uint8Array(Math.ceil(length / (LEAF_BYTES << stepDepth)) * NODE_BYTES));
    let leaf = 0;
    let filled = 0;
    const endStep = (): void => {
      keys.forEach((of, k) => {
        const { key, flags } = chunkKeying(this.#instance, of);
        const leaves = exports.leafNodes(
          message.at,
          filled,
          firstLeaf + leaf,
          chunks,
          depth,
          key,
          flags,
          levels.at,
        );
        const count = exports.fold(levels.at, leaves, stepDepth, key, flags | PARENT);
        found[k]!.set(levels.bytes.subarray(0, count * NODE_BYTES), (leaf >> stepDepth) * NODE_BYTES);
      });
      leaf += filled / LEAF_BYTES;
      filled = 0;
    };
    for (const part of parts) {
      for (let at = 0; at < part.length; at += STEP_BYTES) {
        const piece = part.length <= STEP_BYTES ? part : part.subarray(at, at + STEP_BYTES);
        message.bytes.set(piece, filled);
        filled += piece.length;
        if (filled === STEP_BYTES) endStep();
      }
    }
    if (filled > 0) endStep();
    return depth === stepDepth
      ? found
      : found.map((nodes, k) => this.foldNodes(keys[k]!, nodes, 2 ** (depth - stepDepth)));
  }

  foldNodes(key: Uint8Array | null, nodes: Uint8Array, factor: number): Uint8Array {
    const count = checkNodes(nodes, CHUNKS_MAX);
    const depth = Math.log2(factor);
    if (!Number.isInteger(depth) || factor < 1 || factor > CHUNKS_MAX) {
      throw new CoreInputError('bad-count', `a factor is a power of two up to ${CHUNKS_MAX}, not ${factor}`);
    }
    const { exports, regions } = this.#instance;
    const { levels } = regions;
    const keying = chunkKeying(this.#instance, key);
    levels.bytes.set(nodes);
    const left = exports.fold(levels.at, count, depth, keying.key, keying.flags | PARENT);
    return levels.bytes.slice(0, left * NODE_BYTES);
  }

  treeRoot(tree: Tree, nodes: Uint8Array): Uint8Array {
    const count = checkNodes(nodes, TREE_NODES_MAX);
    this.#checkHasTree(tree, count);
    const { exports, regions } = this.#instance;
    const { levels, opened } = regions;
    const { key, flags, rootFlags } = treeMerging(this.#instance, tree);
    let steps = 0;
    for (let first = 0; first < count; first += TREE_STEP) {
      const part = nodes.subarray(first * NODE_BYTES, (first + TREE_STEP) * NODE_BYTES);
      const size = part.length / NODE_BYTES;
      opened.bytes.set(part);
      if (tree.kind === 'commitment') this.#hashLeaves(opened.at, size, opened.at);
      if (count <= TREE_STEP) {
        if (size > 1) exports.foldToRoot(opened.at, size, key, flags, rootFlags);
        return opened.bytes.slice(0, NODE_BYTES);
      }
      exports.fold(opened.at, size, Math.log2(TREE_STEP), key, flags);
      exports.copyNode(opened.at, levels.at + steps * NODE_BYTES);
      steps++;
    }
    exports.foldToRoot(levels.at, steps, key, flags, rootFlags);
    return levels.bytes.slice(0, NODE_BYTES);
  }

  multiproof(tree: Tree, nodes: Uint8Array, indices: ArrayLike<number>): Uint8Array {
    const count = checkNodes(nodes, CHUNKS_MAX);
    checkIndices(indices, count);
    const { exports, regions } = this.#instance;
    const { levels, proof } = regions;
    const { key, flags } = treeMerging(this.#instance, tree);
    levels.bytes.set(nodes);
    if (tree.kind === 'commitment') this.#hashLeaves(levels.at, count, levels.at);
    this.#instance.indices.set(indices);
    const length = exports.multiproof(
      levels.at,
      count,
      regions.indices.at,
      indices.length,
      key,
      flags,
      proof.at,
    );
    return proof.bytes.slice(0, length * NODE_BYTES);
  }

  multiproofLength(count: number, indices: ArrayLike<number>): number {
    checkCount(count);
    checkIndices(indices, count);
    this.#instance.indices.set(indices);
    return this.#instance.exports.multiproofLength(count, this.#instance.regions.indices.at, indices.length);
  }

  multiproofRoot(
    tree: Tree,
    count: number,
    indices: ArrayLike<number>,
    opened: Uint8Array,
    proof: Uint8Array,
  ): Uint8Array | null {
    checkCount(count);
    checkIndices(indices, count);
    this.#checkHasTree(tree, count);
    if (tree.kind === 'keyed') checkKey(tree.key);
    const { exports, regions } = this.#instance;
    const { levels } = regions;
    const proofNodes = proof.length / NODE_BYTES;
    if (
      opened.length !== indices.length * NODE_BYTES ||
      !Number.isInteger(proofNodes) ||
      proofNodes > CHUNKS_MAX
    )
      return null;
    const { key, flags, rootFlags } = treeMerging(this.#instance, tree);
    this.#instance.indices.set(indices);
    regions.opened.bytes.set(opened);
    regions.proof.bytes.set(proof);
    if (tree.kind === 'commitment') this.#hashLeaves(regions.opened.at, indices.length, regions.opened.at);
    const fits = exports.multiproofRoot(
      levels.at,
      regions.known.at,
      count,
      regions.indices.at,
      indices.length,
      regions.opened.at,
      regions.proof.at,
      proofNodes,
      key,
      flags,
      rootFlags,
    );
    return fits ? levels.bytes.slice(0, NODE_BYTES) : null;
  }

  blindings(b: Uint8Array, first: number, count: number): Uint8Array {
    checkKey(b);
    const end = first + count;
    if (!Number.isInteger(first) || !Number.isInteger(count) || first < 0 || count < 0 || end > CHUNKS_MAX) {
      throw new CoreInputError('bad-range', `${count} blindings from ${first}`);
    }
    const { blindings } = this.#instance.regions;
    const out = new Uint8Array(count * NODE_BYTES);
    for (let done = 0; done < count; done += BLINDINGS_MAX) {
      const n = Math.min(BLINDINGS_MAX, count - done);
      placeBlindings(this.#instance, b, first + done, n, blindings.at);
      out.set(blindings.bytes.subarray(0, n * NODE_BYTES), done * NODE_BYTES);
    }
    return out;
  }

  isCanonicalScalar(scalar: Uint8Array): boolean {
    return scalar.length === 32 && this.#isBelowOrder(scalar, 0);
  }

  // Below 2^252 is below L: so all but one scalar in 2^124 are settled by their last byte, without a call into the core.
  #isBelowOrder(scalars: Uint8Array, at: number): boolean {
    return scalars[at + 31]! < 0x10 || this.#group.isCanonicalScalar(scalars.subarray(at, at + 32));
  }

  reduceScalar(bytes: Uint8Array): Uint8Array {
    if (bytes.length !== 32) throw new CoreInputError('bad-scalar', `32 bytes, not ${bytes.length}`);
    const wide = new Uint8Array(64);
    wide.set(bytes);
    return this.#group.reduceWide(wide);
  }

  reduceWide(bytes: Uint8Array): Uint8Array {
    if (bytes.length !== 64) throw new CoreInputError('bad-scalar', `64 bytes, not ${bytes.length}`);
    return this.#group.reduceWide(bytes);
  }

  commit(m: Uint8Array, r: Uint8Array): Uint8Array {
    const count = checkNodes(m, CHUNKS_MAX);
    if (r.length !== m.length) {
      throw new CoreInputError('bad-count', `m has ${m.length} bytes and r has ${r.length}`);
    }
    for (let i = 0; i < count; i++) {
      if (!this.#isBelowOrder(r, 32 * i)) {
        throw new CoreInputError('bad-scalar', `r ${i} is not below L`);
      }
    }
    return this.#group.commit(m, r);
  }

  startProof(input: ProofInput): ProofPass {
    checkKey(input.key);
    checkKey(input.blinding);
    checkSize(input.size);
    checkChunkSize(input.chunkSize);
    checkCount(Math.ceil(input.size / input.chunkSize));
    const pass = ++this.#pass;
    const rootOf = (commitments: Uint8Array) => this.treeRoot({ kind: 'commitment' }, commitments);
    return proofPass(this.#instance, this.#group, input, rootOf, () => pass === this.#pass);
  }

  startDigest(input: DigestInput): DigestPass {
    checkSize(input.size);
    input.keys.forEach(checkKey);
    if (input.keys.length > DIGEST_KEYS_MAX) {
      throw new CoreInputError('bad-count', `at most ${DIGEST_KEYS_MAX} keys, not ${input.keys.length}`);
    }
    const pass = ++this.#pass;
    return digestPass(this.#instance, input, () => pass === this.#pass);
  }

  // Leaves of the commitment tree: `to` may be `from`.
  #hashLeaves(from: number, count: number, to: number): void {
    const { key, flags } = leafKeying(this.#instance);
    this.#instance.exports.digests(from, NODE_BYTES, count, key, flags, to);
  }

  // A single chunk's content root is the hash of its bytes, which no node determines.
  #checkHasTree(tree: Tree, count: number): void {
    if (tree.kind !== 'commitment' && count < 2) {
      throw new CoreInputError('bad-count', 'a single chunk has no tree: compare the hash of its bytes');
    }
  }

  #mode(mode: HashMode): { key: Uint8Array; flags: number } {
    if (mode.kind === 'hash') return { key: this.#ivWords, flags: 0 };
    if (mode.kind === 'derive') return { key: this.#contextKey(mode.context), flags: DERIVE_KEY_MATERIAL };
    checkKey(mode.key);
    return { key: mode.key, flags: KEYED_HASH };
  }

  #contextKey(context: string): Uint8Array {
    let key = this.#contextKeys.get(context);
    if (!key) {
      readMessage(this.#instance, this.#ivWords, DERIVE_KEY_CONTEXT, new TextEncoder().encode(context));
      key = readDigest(this.#instance);
      if (this.#contextKeys.size >= CONTEXTS_MAX) this.#contextKeys.clear();
      this.#contextKeys.set(context, key);
    }
    return key;
  }
}
