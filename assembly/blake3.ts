// BLAKE3: leaves, subtrees, whole messages, extendable output, in the unkeyed, keyed and derive-key modes.
// Source: BLAKE3 paper, sections 2.1 (tree), 2.3 (modes), 2.6 (extendable output), 5.1 (parallelism).
// Checked against @noble/hashes and against the plain model in test/model/blake3-model.ts.
//
// A mode is a key pointer (8 words; `IV` when unkeyed) and the flags every compression of the mode carries.
// A leaf is a 1 KiB piece of the data (the paper's chunk; in this project a chunk is something larger).
// Merging neighbours level by level, an odd last one passing up unchanged, gives the paper's tree:
// each left subtree is a full power of two. So aligned subtrees are exact nodes whatever lies to their right.
//
// Against hash-wasm 4.13.0's BLAKE3 in the same run, both called from JavaScript (CPU time, medians, a 2-core EPYC):
// 64 KiB 2.5 times as fast (fma) and 2.3 (simd) on Node 20, 3.7 and 3.3 on Node 24; 64 messages of 1 KiB 3.5 and 3.4, 4.1 and 3.8.
// A quiet core hashes 64 KiB at 2.0 GB/s and 64 x 1 KiB at 2.2 GB/s on Node 20, in either build.

import {
  BLOCK,
  CHUNK_END,
  CHUNK_START,
  MESSAGE4,
  PARENT,
  ROOT,
  compress1,
  compress4,
  loadMessage4,
  splatWords,
  storeLanes,
} from './blake3-compress';

export const LEAF: u32 = 1024;
export const NODE: u32 = 32;

/** `rootOf` takes messages up to this length; longer ones are made of subtrees by the caller. */
const LEAVES_MAX: u32 = 256;

const KEY4: usize = memory.data(128, 16);
const CV4: usize = memory.data(256, 16);
const LANES: usize = memory.data(4 * NODE, 16);
const COUNTERS: usize = memory.data(16, 16);
const ZEROES: usize = memory.data(16, 16);
const LEAF_NODES: usize = memory.data(LEAVES_MAX * NODE, 16);

// The final compression of a message, kept back: with ROOT it gives any number of output bytes.
const PENDING_CV: usize = memory.data(NODE, 16);
const PENDING_BLOCK: usize = memory.data(BLOCK, 16);
let pendingLength: u32 = 0;
let pendingFlags: u32 = 0;

/** Copies one node. Two vector moves; `memory.copy` of 32 bytes is a call out of the module. */
// @ts-ignore: decorator
@inline
export function copyNode(from: usize, to: usize): void {
  const low = v128.load(from, 0);
  const high = v128.load(from, 16);
  v128.store(to, low, 0);
  v128.store(to, high, 16);
}

// Compresses all of a leaf but its last block, which becomes the pending one.
function beginLeaf(data: usize, length: usize, counter: u64, key: usize, flags: u32): void {
  copyNode(key, PENDING_CV);
  let start: u32 = CHUNK_START;
  while (length > BLOCK) {
    compress1(PENDING_CV, data, counter, BLOCK, flags | start, PENDING_CV);
    start = 0;
    data += BLOCK;
    length -= BLOCK;
  }
  memory.fill(PENDING_BLOCK, 0, BLOCK);
  memory.copy(PENDING_BLOCK, data, length);
  pendingLength = <u32>length;
  pendingFlags = flags | start | CHUNK_END;
}

function beginParent(pair: usize, key: usize, flags: u32): void {
  copyNode(key, PENDING_CV);
  copyNode(pair, PENDING_BLOCK);
  copyNode(pair + NODE, PENDING_BLOCK + NODE);
  pendingLength = BLOCK;
  pendingFlags = flags;
}

// The number in the whole message of leaf i of the data at hand. Without `chunks` leaves follow `first` without gap;
// with them the data are opened chunks of 2^depth leaves, whose numbers stand at `chunks`, and leaf i is their (first + i)th.
// @ts-ignore: decorator
@inline
function leafNumber(first: u32, chunks: usize, depth: u32, i: u32): u32 {
  const leaf = first + i;
  if (!chunks) return leaf;
  return (load<u32>(chunks + ((leaf >> depth) << 2)) << depth) + (leaf & ((1 << depth) - 1));
}

/**
 * Values of the leaves of `length` > 0 bytes (the last leaf may be short), never ROOT, to `out`, 32 bytes each.
 * Returns their number. Numbering: `leafNumber`.
 */
export function leafNodes(
  data: usize,
  length: usize,
  first: u32,
  chunks: usize,
  depth: u32,
  key: usize,
  flags: u32,
  out: usize,
): u32 {
  splatWords(key, 8, KEY4);
  const full = <u32>(length / LEAF);
  let i: u32 = 0;
  while (full - i >= 2) {
    // Two or three leaves at the end also go through the lanes: the spare lanes repeat the last leaf.
    const lanes = min<u32>(full - i, 4);
    const p0 = data + <usize>i * LEAF;
    const p1 = p0 + LEAF;
    const p2 = p0 + LEAF * min<u32>(2, lanes - 1);
    const p3 = p0 + LEAF * (lanes - 1);
    store<u32>(COUNTERS, leafNumber(first, chunks, depth, i), 0);
    store<u32>(COUNTERS, leafNumber(first, chunks, depth, i + 1), 4);
    store<u32>(COUNTERS, leafNumber(first, chunks, depth, i + min<u32>(2, lanes - 1)), 8);
    store<u32>(COUNTERS, leafNumber(first, chunks, depth, i + lanes - 1), 12);
    let cv = KEY4;
    let position = flags | CHUNK_START;
    for (let b: usize = 0; b < LEAF; b += BLOCK) {
      loadMessage4(p0 + b, p1 + b, p2 + b, p3 + b, 16);
      if (b == LEAF - BLOCK) position |= CHUNK_END;
      compress4(cv, CV4, COUNTERS, 0, BLOCK, position, false);
      cv = CV4;
      position = flags;
    }
    if (lanes == 4) {
      storeLanes(CV4, 8, out + <usize>i * NODE);
    } else {
      storeLanes(CV4, 8, LANES);
      memory.copy(out + <usize>i * NODE, LANES, <usize>lanes * NODE);
    }
    i += lanes;
  }
  for (let at = <usize>i * LEAF; at < length; at += LEAF) {
    const number = leafNumber(first, chunks, depth, i);
    beginLeaf(data + at, min(length - at, LEAF), number, key, flags);
    compress1(PENDING_CV, PENDING_BLOCK, number, pendingLength, pendingFlags, out + <usize>i * NODE);
    i++;
  }
  return i;
}

/**
 * One level up: merges the `count` nodes pairwise to `out` (may be `nodes`); an odd last one is copied.
 * Returns how many there are now. `flags` are those of the merge itself: PARENT and the mode's, or a tree's own.
 */
export function mergePairs(nodes: usize, count: u32, key: usize, flags: u32, out: usize): u32 {
  const pairs = count >> 1;
  let i: u32 = 0;
  if (pairs > 1) splatWords(key, 8, KEY4);
  while (pairs - i >= 2) {
    const lanes = min<u32>(pairs - i, 4);
    const p = nodes + <usize>i * BLOCK;
    loadMessage4(p, p + BLOCK, p + BLOCK * min<u32>(2, lanes - 1), p + BLOCK * (lanes - 1), 16);
    compress4(KEY4, CV4, ZEROES, 0, BLOCK, flags, false);
    if (lanes == 4) {
      storeLanes(CV4, 8, out + <usize>i * NODE);
    } else {
      storeLanes(CV4, 8, LANES);
      memory.copy(out + <usize>i * NODE, LANES, <usize>lanes * NODE);
    }
    i += lanes;
  }
  if (i < pairs) {
    compress1(key, nodes + <usize>i * BLOCK, 0, BLOCK, flags, out + <usize>i * NODE);
    i++;
  }
  if (count & 1) {
    copyNode(nodes + <usize>(count - 1) * NODE, out + <usize>i * NODE);
    i++;
  }
  return i;
}

/** Merges `count` nodes in place over `levels` levels, or to one if that comes first. Returns how many there are now. */
export function fold(nodes: usize, count: u32, levels: u32, key: usize, flags: u32): u32 {
  for (; levels > 0 && count > 1; levels--) count = mergePairs(nodes, count, key, flags, nodes);
  return count;
}

/** Merges `count` >= 2 nodes in place to the root, whose own merge alone has `rootFlags`. */
export function foldToRoot(nodes: usize, count: u32, key: usize, flags: u32, rootFlags: u32): void {
  while (count > 2) count = mergePairs(nodes, count, key, flags, nodes);
  compress1(key, nodes, 0, BLOCK, rootFlags, nodes);
}

/**
 * A row of subtrees from large to small, the rightmost last, as a streaming hasher holds them: merges them from the right
 * and leaves the last merge pending for `output`. `count` >= 2.
 */
export function rootOfRow(nodes: usize, count: u32, key: usize, flags: u32): void {
  let at = nodes + <usize>(count - 2) * NODE;
  for (; at > nodes; at -= NODE) compress1(key, at, 0, BLOCK, flags | PARENT, at);
  beginParent(nodes, key, flags | PARENT);
}

/** Reads a whole message of 0 … 256 KiB and leaves its last compression pending for `output`. */
export function rootOf(data: usize, length: usize, key: usize, flags: u32): void {
  if (length <= LEAF) return beginLeaf(data, length, 0, key, flags);
  let count = leafNodes(data, length, 0, 0, 0, key, flags, LEAF_NODES);
  while (count > 2) count = mergePairs(LEAF_NODES, count, key, flags | PARENT, LEAF_NODES);
  beginParent(LEAF_NODES, key, flags | PARENT);
}

/** The first 32 bytes of the pending message's output. */
export function digest(out: usize): void {
  compress1(PENDING_CV, PENDING_BLOCK, 0, pendingLength, pendingFlags | ROOT, out);
}

/**
 * Output bytes [64 n, 64 n + 256 · groups) of the pending message, n = blockHigh · 2^32 + blockLow a multiple of 4:
 * so four lanes never straddle a carry into the high half.
 */
export function output(blockLow: u32, blockHigh: u32, groups: u32, out: usize): void {
  splatWords(PENDING_CV, 8, KEY4);
  splatWords(PENDING_BLOCK, 16, MESSAGE4);
  for (let i: u32 = 0; i < groups; i++) {
    v128.store(COUNTERS, i32x4.add(i32x4.splat(blockLow), i32x4(0, 1, 2, 3)));
    compress4(KEY4, CV4, COUNTERS, blockHigh, pendingLength, pendingFlags | ROOT, true);
    storeLanes(CV4, 16, out);
    out += 4 * BLOCK;
    blockLow += 4;
    if (blockLow == 0) blockHigh++;
  }
}

/** Digests of `count` independent messages of `size` = 1 … 1024 bytes, side by side at `data`; fastest where 16 divides `size`. */
export function digests(data: usize, size: usize, count: u32, key: usize, flags: u32, out: usize): void {
  const lastBlock = (size - 1) & ~(BLOCK - 1);
  const lastLength = size - lastBlock;
  let i: u32 = 0;
  if ((size & 15) == 0) {
    splatWords(key, 8, KEY4);
    for (; count - i >= 4; i += 4) {
      let p = data + <usize>i * size;
      let cv = KEY4;
      let position = flags | CHUNK_START;
      for (const end = p + lastBlock; p < end; p += BLOCK) {
        loadMessage4(p, p + size, p + size * 2, p + size * 3, 16);
        compress4(cv, CV4, ZEROES, 0, BLOCK, position, false);
        cv = CV4;
        position = flags;
      }
      loadMessage4(p, p + size, p + size * 2, p + size * 3, lastLength >> 2);
      for (let b = lastLength; b < BLOCK; b += 4) v128.store(MESSAGE4 + (b << 2), i32x4.splat(0));
      compress4(cv, CV4, ZEROES, 0, <u32>lastLength, position | CHUNK_END | ROOT, false);
      storeLanes(CV4, 8, out + <usize>i * NODE);
    }
  }
  for (; i < count; i++) {
    beginLeaf(data + <usize>i * size, size, 0, key, flags);
    digest(out + <usize>i * NODE);
  }
}
