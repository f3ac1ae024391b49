// One multiproof traversal for the three trees of a proof: how long a proof is, making it, checking it.
// Source: docs/protocol.md (multiproof); the shape is RFC 6962 section 2.1's, which is also BLAKE3's:
// `proof(lo, hi)`: no opened index inside, its node; one chunk, nothing; else split at the largest power of two < hi - lo.
//
// A tree is a key and the flags of its merges: content (IV; PARENT), keyed (key; PARENT|KEYED), commitment
// (kNode; a whole keyed hash of one block). The subtree at (level, index) covers [index · 2^level, (index + 1) · 2^level)
// cut at the number of chunks; where only its left half exists it is that half, and descends without a split.
//
// All levels stand in one region, level h from `levelAt(h)`, ceil(chunks / 2^h) nodes long at most:
// when making a proof every node of the tree, when checking one only those the traversal visits, in order.

import { NODE, copyNode, foldToRoot, mergePairs } from './blake3';

/** 65536 chunks, so levels 0 … 16. */
const LEVELS: u32 = 17;

const MEASURE = 0;
const MAKE = 1;
const CHECK = 2;

let task = MEASURE;
let chunks: u32 = 0;
let levels: usize = 0;
/** Proof nodes met so far, and where the next one is written (MAKE) or read (CHECK). */
let given: u32 = 0;
let nextGiven: usize = 0;
/** CHECK: the next opened node. */
let nextOpened: usize = 0;
/** CHECK: a byte per slot of the levels: 1 where its node is known, 0 where it is merged from the level below. */
let known: usize = 0;
/** CHECK: slots filled per level. */
const FILLED: usize = memory.data(4 * LEVELS, 16);
const LEVEL_AT: usize = memory.data(4 * LEVELS, 16);

// @ts-ignore: decorator
@inline
function levelAt(level: u32): u32 {
  return load<u32>(LEVEL_AT + ((<usize>level) << 2));
}

// @ts-ignore: decorator
@inline
function filled(level: u32): u32 {
  return load<u32>(FILLED + ((<usize>level) << 2));
}

// Takes the next slot of a level for a node that is known (`from`) or to be merged (0).
function place(level: u32, from: usize): void {
  const at = filled(level);
  store<u32>(FILLED + ((<usize>level) << 2), at + 1);
  const slot = <usize>(levelAt(level) + at);
  store<u8>(known + slot, from ? 1 : 0);
  if (from) copyNode(from, levels + slot * NODE);
}

// Lays out the levels of a tree and returns the level of its root.
function plan(chunkCount: u32, levelsAt: usize): u32 {
  chunks = chunkCount;
  levels = levelsAt;
  given = 0;
  let height: u32 = 0;
  let at: u32 = 0;
  let size = chunkCount;
  while (size > 1) {
    store<u32>(LEVEL_AT + ((<usize>height) << 2), at);
    at += size;
    size = (size + 1) >> 1;
    height++;
  }
  store<u32>(LEVEL_AT + ((<usize>height) << 2), at);
  return height;
}

// `first` … `last` delimit the opened indices (u32, ascending) that lie in this subtree.
function traverse(level: u32, index: u32, first: usize, last: usize): void {
  if (first == last) {
    given++;
    if (task == MAKE) {
      copyNode(levels + <usize>(levelAt(level) + index) * NODE, nextGiven);
      nextGiven += NODE;
    } else if (task == CHECK) {
      place(level, nextGiven);
      nextGiven += NODE;
    }
    return;
  }
  if (level == 0) {
    if (task == CHECK) {
      place(0, nextOpened);
      nextOpened += NODE;
    }
    return;
  }
  if (task == CHECK) place(level, 0);
  const left = index << 1;
  const middle = (left + 1) << (level - 1);
  if (middle >= chunks) return traverse(level - 1, left, first, last);
  let split = first;
  while (split < last && load<u32>(split) < middle) split += 4;
  traverse(level - 1, left, first, split);
  traverse(level - 1, left + 1, split, last);
}

/** Nodes in the proof of `opened` ascending indices among `chunkCount` chunks. */
export function multiproofLength(chunkCount: u32, indices: usize, opened: u32): u32 {
  task = MEASURE;
  traverse(plan(chunkCount, 0), 0, indices, indices + ((<usize>opened) << 2));
  return given;
}

/**
 * Writes the proof to `out` and returns its number of nodes. `levelsAt` holds the `chunkCount` nodes of the tree and has room
 * for as many again: the upper levels are built there. The topmost is never part of a proof, so no merge here is a root.
 */
export function multiproof(
  levelsAt: usize,
  chunkCount: u32,
  indices: usize,
  opened: u32,
  key: usize,
  flags: u32,
  out: usize,
): u32 {
  task = MAKE;
  const height = plan(chunkCount, levelsAt);
  let count = chunkCount;
  for (let h: u32 = 1; h < height; h++) {
    const below = levels + <usize>levelAt(h - 1) * NODE;
    count = mergePairs(below, count, key, flags, levels + <usize>levelAt(h) * NODE);
  }
  nextGiven = out;
  traverse(height, 0, indices, indices + ((<usize>opened) << 2));
  return given;
}

/**
 * The root that opened nodes and a proof lead to, at `levelsAt`; false where the proof does not have exactly `proofNodes` nodes. Whatever
 * their number, no more is read than the longest proof for this many chunks has.
 * Merges go level by level, four at a time, rather than in the traversal's order: two siblings of the traversal are neighbours
 * in their level's slots, so a level is one `mergePairs` whose results go to the slots above that wait for one.
 */
export function multiproofRoot(
  levelsAt: usize,
  knownAt: usize,
  chunkCount: u32,
  indices: usize,
  opened: u32,
  openedNodes: usize,
  proof: usize,
  proofNodes: u32,
  key: usize,
  flags: u32,
  rootFlags: u32,
): bool {
  task = CHECK;
  known = knownAt;
  nextOpened = openedNodes;
  nextGiven = proof;
  memory.fill(FILLED, 0, 4 * LEVELS);
  const height = plan(chunkCount, levelsAt);
  traverse(height, 0, indices, indices + ((<usize>opened) << 2));
  if (given != proofNodes) return false;
  for (let h: u32 = 1; h <= height; h++) {
    const below = levels + <usize>levelAt(h - 1) * NODE;
    if (h == height) {
      foldToRoot(below, filled(h - 1), key, flags, rootFlags);
      copyNode(below, levels);
      break;
    }
    mergePairs(below, filled(h - 1), key, flags, below);
    const slots = <usize>levelAt(h);
    let merged = below;
    for (let i: usize = 0, n = <usize>filled(h); i < n; i++) {
      if (load<u8>(known + slots + i)) continue;
      copyNode(merged, levels + (slots + i) * NODE);
      merged += NODE;
    }
  }
  return true;
}
