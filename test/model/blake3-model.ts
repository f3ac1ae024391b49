// BLAKE3 and FileTAO's trees written as plainly as the BLAKE3 paper states them: recursive, one word at a time, slow.
// The tests compare the core with it; nothing here shares code or structure with the core.

const IV = [0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19];
const PERMUTATION = [2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8];
const CHUNK_START = 1;
const CHUNK_END = 2;
const PARENT = 4;
const ROOT = 8;
const KEYED_HASH = 16;

const rotr = (x: number, n: number): number => (x >>> n) | (x << (32 - n));

function mix(v: number[], a: number, b: number, c: number, d: number, x: number, y: number): void {
  v[a] = (v[a]! + v[b]! + x) | 0;
  v[d] = rotr(v[d]! ^ v[a]!, 16);
  v[c] = (v[c]! + v[d]!) | 0;
  v[b] = rotr(v[b]! ^ v[c]!, 12);
  v[a] = (v[a]! + v[b]! + y) | 0;
  v[d] = rotr(v[d]! ^ v[a]!, 8);
  v[c] = (v[c]! + v[d]!) | 0;
  v[b] = rotr(v[b]! ^ v[c]!, 7);
}

/** Paper section 2.2. All 16 output words. */
function compress(cv: number[], block: number[], counter: number, length: number, flags: number): number[] {
  const v = [...cv, ...IV.slice(0, 4), counter | 0, Math.floor(counter / 2 ** 32), length, flags];
  let m = block;
  for (let round = 0; round < 7; round++) {
    mix(v, 0, 4, 8, 12, m[0]!, m[1]!);
    mix(v, 1, 5, 9, 13, m[2]!, m[3]!);
    mix(v, 2, 6, 10, 14, m[4]!, m[5]!);
    mix(v, 3, 7, 11, 15, m[6]!, m[7]!);
    mix(v, 0, 5, 10, 15, m[8]!, m[9]!);
    mix(v, 1, 6, 11, 12, m[10]!, m[11]!);
    mix(v, 2, 7, 8, 13, m[12]!, m[13]!);
    mix(v, 3, 4, 9, 14, m[14]!, m[15]!);
    m = PERMUTATION.map((from) => m[from]!);
  }
  return v.map((word, i) => (i < 8 ? word ^ v[i + 8]! : word ^ cv[i - 8]!));
}

function wordsOf(bytes: Uint8Array): number[] {
  const padded = new Uint8Array(Math.ceil(bytes.length / 4) * 4);
  padded.set(bytes);
  const view = new DataView(padded.buffer);
  return Array.from({ length: padded.length / 4 }, (_, i) => view.getInt32(4 * i, true));
}

function bytesOf(words: number[]): Uint8Array {
  const out = new Uint8Array(4 * words.length);
  const view = new DataView(out.buffer);
  words.forEach((word, i) => {
    view.setInt32(4 * i, word, true);
  });
  return out;
}

const splitOf = (count: number): number => {
  let half = 1;
  while (half * 2 < count) half *= 2;
  return half;
};

const concat = (...parts: Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(parts));

// One leaf: up to 1024 bytes with the leaf's number.
function leafValue(
  data: Uint8Array,
  number: number,
  key: number[],
  mode: number,
  isRoot: boolean,
): Uint8Array {
  const blocks = Math.max(1, Math.ceil(data.length / 64));
  let cv = key;
  for (let b = 0; b < blocks; b++) {
    const block = data.subarray(64 * b, 64 * b + 64);
    const words = wordsOf(block);
    while (words.length < 16) words.push(0);
    let flags = mode;
    if (b === 0) flags |= CHUNK_START;
    if (b === blocks - 1) flags |= CHUNK_END | (isRoot ? ROOT : 0);
    cv = compress(cv, words, number, block.length, flags).slice(0, 8);
  }
  return bytesOf(cv);
}

// The subtree of `data`, whose first leaf has number `number`.
function subtree(data: Uint8Array, number: number, key: number[], mode: number, isRoot: boolean): Uint8Array {
  const leaves = Math.ceil(data.length / 1024);
  if (leaves <= 1) return leafValue(data, number, key, mode, isRoot);
  const left = splitOf(leaves);
  const pair = concat(
    subtree(data.subarray(0, 1024 * left), number, key, mode, false),
    subtree(data.subarray(1024 * left), number + left, key, mode, false),
  );
  return bytesOf(compress(key, wordsOf(pair), 0, 64, mode | PARENT | (isRoot ? ROOT : 0)).slice(0, 8));
}

const keyWords = (key: Uint8Array | null): number[] => (key ? wordsOf(key) : IV);
const modeOf = (key: Uint8Array | null): number => (key ? KEYED_HASH : 0);

/** BLAKE3, keyed unless `key` is null. */
export function modelHash(key: Uint8Array | null, data: Uint8Array): Uint8Array {
  return subtree(data, 0, keyWords(key), modeOf(key), true);
}

/** Output block `counter` (64 bytes) of a message of one block or less, in the unkeyed mode: paper section 2.6. */
export function modelOutputBlock(data: Uint8Array, counter: number): Uint8Array {
  const words = wordsOf(data);
  while (words.length < 16) words.push(0);
  return bytesOf(compress(IV, words, counter, data.length, CHUNK_START | CHUNK_END | ROOT));
}

/** The values of all chunks of `data`. */
export function modelChunkNodes(
  key: Uint8Array | null,
  data: Uint8Array,
  chunkSize: number,
  firstChunk = 0,
): Uint8Array[] {
  const nodes: Uint8Array[] = [];
  for (let at = 0; at < data.length; at += chunkSize) {
    const chunk = data.subarray(at, at + chunkSize);
    nodes.push(subtree(chunk, (firstChunk * chunkSize + at) / 1024, keyWords(key), modeOf(key), false));
  }
  return nodes;
}

/** How one of the three trees merges: `isLast` at its root. */
export type Merge = (left: Uint8Array, right: Uint8Array, isLast: boolean) => Uint8Array;

export const modelMerge =
  (key: Uint8Array | null): Merge =>
  (left, right, isLast) => {
    const flags = modeOf(key) | PARENT | (isLast ? ROOT : 0);
    return bytesOf(compress(keyWords(key), wordsOf(concat(left, right)), 0, 64, flags).slice(0, 8));
  };

export const modelCommitmentMerge =
  (nodeKey: Uint8Array): Merge =>
  (left, right) =>
    modelHash(nodeKey, concat(left, right));

/** The value over nodes [lo, hi) of a tree. */
export function modelTree(nodes: Uint8Array[], merge: Merge, lo = 0, hi = nodes.length): Uint8Array {
  if (hi - lo === 1) return nodes[lo]!;
  const middle = lo + splitOf(hi - lo);
  const isLast = lo === 0 && hi === nodes.length;
  return merge(modelTree(nodes, merge, lo, middle), modelTree(nodes, merge, middle, hi), isLast);
}

/** The protocol's `proof(lo, hi)`, word for word. */
export function modelMultiproof(
  nodes: Uint8Array[],
  merge: Merge,
  opened: readonly number[],
  lo = 0,
  hi = nodes.length,
): Uint8Array[] {
  if (!opened.some((index) => index >= lo && index < hi)) return [modelTree(nodes, merge, lo, hi)];
  if (hi - lo === 1) return [];
  const middle = lo + splitOf(hi - lo);
  return [
    ...modelMultiproof(nodes, merge, opened, lo, middle),
    ...modelMultiproof(nodes, merge, opened, middle, hi),
  ];
}
