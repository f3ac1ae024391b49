// One instance of the WebAssembly core: its exports, and the plan of its memory.
// The memory is brought to its full size once, before any view of it is made, and never grows again:
// growing would detach every view, those a pending disk read writes into among them.
import { instantiateSync } from '@assemblyscript/loader';
import { CHUNKS_MAX, NODE_BYTES } from './limits.js';

/** What assembly/index.ts exports. All arguments are pointers, lengths and flags; meanings stand at the functions there. */
export interface CoreExports extends Record<string, unknown> {
  readonly memory: WebAssembly.Memory;
  readonly IV: WebAssembly.Global;
  memoryBase(): number;
  rootOf(data: number, length: number, key: number, flags: number): void;
  rootOfRow(nodes: number, count: number, key: number, flags: number): void;
  digest(out: number): void;
  copyNode(from: number, to: number): void;
  output(blockLow: number, blockHigh: number, groups: number, out: number): void;
  digests(data: number, size: number, count: number, key: number, flags: number, out: number): void;
  leafNodes(
    data: number,
    length: number,
    first: number,
    chunks: number,
    depth: number,
    key: number,
    flags: number,
    out: number,
  ): number;
  fold(nodes: number, count: number, levels: number, key: number, flags: number): number;
  foldToRoot(nodes: number, count: number, key: number, flags: number, rootFlags: number): void;
  multiproofLength(count: number, indices: number, opened: number): number;
  multiproof(
    levels: number,
    count: number,
    indices: number,
    opened: number,
    key: number,
    flags: number,
    out: number,
  ): number;
  multiproofRoot(
    levels: number,
    known: number,
    count: number,
    indices: number,
    opened: number,
    openedNodes: number,
    proof: number,
    key: number,
    flags: number,
    rootFlags: number,
  ): void;
}

const KiB = 1024;
const ALL_NODES = CHUNKS_MAX * NODE_BYTES;

/** Bytes of data the core takes in one step; also the size of a pass's input buffers. */
export const STEP_BYTES = 256 * KiB;
/** A row of at most 256 nodes: the leaves of one step, or 64 MiB in whole steps. */
export const ROW_BYTES = (STEP_BYTES / KiB) * NODE_BYTES;
/** Roots a digest pass can compute beside the content root. */
export const DIGEST_KEYS_MAX = 64;
/** Extendable output is squeezed this many bytes at a time. */
export const OUTPUT_BYTES = 16 * KiB;
/** Subtrees a streaming hasher can hold: one per bit of its length in blocks, and the tail. */
export const ROW_MAX = 64;

// name: bytes. About 14 MiB; untouched pages cost no memory, so an instance that only hashes stays below 1 MiB.
const PLAN = {
  /** the key of the call at hand */
  key: 32,
  leafKey: 32,
  nodeKey: 32,
  /** 32-byte results */
  result: 32,
  /** a message or a step of one */
  message: STEP_BYTES,
  row: ROW_MAX * NODE_BYTES,
  output: OUTPUT_BYTES,
  /** all levels of a tree; nodes of a step being folded lie behind those already there */
  levels: 2 * ALL_NODES + ROW_BYTES,
  known: 2 * CHUNKS_MAX,
  indices: 4 * CHUNKS_MAX,
  opened: ALL_NODES,
  proof: ALL_NODES,
  /** a pass: two buffers, so that one fills while the other is read */
  input0: STEP_BYTES,
  input1: STEP_BYTES,
  nodes: ALL_NODES,
  commitments: ALL_NODES,
  /** a digest pass: of each key's tree (the content's first) at most 256 nodes of a whole step */
  rows: (1 + DIGEST_KEYS_MAX) * ROW_BYTES,
} as const;

export interface Region {
  readonly at: number;
  readonly bytes: Uint8Array;
}

export interface Instance {
  readonly exports: CoreExports;
  readonly regions: Readonly<Record<keyof typeof PLAN, Region>>;
  /** The opened indices, as the core reads them. */
  readonly indices: Uint32Array;
  /** Pointer to the key of the unkeyed mode. */
  readonly iv: number;
  /** The whole memory; its length is fixed from instantiation on. */
  readonly memory: Uint8Array;
}

const PAGE = 64 * KiB;
const align = (at: number): number => Math.ceil(at / 64) * 64;

/** Instantiates a compiled core and lays out its memory. */
export function instantiate(source: BufferSource | WebAssembly.Module): Instance {
  const { exports } = instantiateSync<CoreExports>(source as BufferSource, {});
  const { memory } = exports;
  const places: [keyof typeof PLAN, number][] = [];
  let end = align(exports.memoryBase());
  for (const name of Object.keys(PLAN) as (keyof typeof PLAN)[]) {
    places.push([name, end]);
    end = align(end + PLAN[name]);
  }
  const missing = end - memory.buffer.byteLength;
  if (missing > 0) memory.grow(Math.ceil(missing / PAGE));
  const buffer = memory.buffer;
  const regions = Object.fromEntries(
    places.map(([name, at]) => [name, { at, bytes: new Uint8Array(buffer, at, PLAN[name]) }]),
  ) as Record<keyof typeof PLAN, Region>;
  return {
    exports,
    regions,
    indices: new Uint32Array(buffer, regions.indices.at, CHUNKS_MAX),
    iv: exports.IV.value as number,
    memory: new Uint8Array(buffer),
  };
}
