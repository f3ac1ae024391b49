// One instance of the WebAssembly core: its exports, and the plan of its memory.
// The memory is brought to its full size once, before any view of it is made, and never grows again:
// growing would detach every view, those a pending disk read writes into among them.
import { instantiateSync } from '@assemblyscript/loader';
import { type GroupExports, type GroupRegions, groupRegionBytes, SUB_BATCH, type Window } from './group.js';
import { CHUNKS_MAX, NODE_BYTES } from './limits.js';

/** What assembly/index.ts exports. All arguments are pointers, lengths and flags; meanings stand at the functions there. */
export interface CoreExports extends GroupExports, Record<string, unknown> {
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
    proofNodes: number,
    key: number,
    flags: number,
    rootFlags: number,
  ): number;
}

const KiB = 1024;
const ALL_NODES = CHUNKS_MAX * NODE_BYTES;

/** Bytes of data the core takes in one step; also the size of a pass's input buffers. */
export const STEP_BYTES = 256 * KiB;
/** A row of at most 256 nodes: the leaves of one step, or 64 MiB in whole steps. */
export const ROW_BYTES = (STEP_BYTES / KiB) * NODE_BYTES;
/** Roots a digest pass can compute beside the content root. */
export const DIGEST_KEYS_MAX = 64;
/** Extendable output is squeezed this many bytes at a time: the blindings of one sub-batch of commitments, and a group to spare. */
export const OUTPUT_BYTES = 64 * (SUB_BATCH + 4);
/** Subtrees a streaming hasher can hold: one per bit of its length in blocks, and the tail. */
export const ROW_MAX = 64;

// name: bytes. 14 MiB, and behind them what the group asks for: 5 MiB at window 11, 14 MiB at 13. Pages never touched cost no memory,
// so an instance that only hashes stays below 1 MiB.
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
  blindings: SUB_BATCH * NODE_BYTES,
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
  readonly group: GroupRegions;
  /** Pointer to the key of the unkeyed mode. */
  readonly iv: number;
  /** The whole memory; its length is fixed from instantiation on. */
  readonly memory: Uint8Array;
}

const PAGE = 64 * KiB;
const align = (at: number): number => Math.ceil(at / 64) * 64;

/** Instantiates a compiled core and lays out its memory, with room for commitment tables of `window` bits. */
export function instantiate(source: BufferSource | WebAssembly.Module, window: Window): Instance {
  const { exports } = instantiateSync<CoreExports>(source as BufferSource, {});
  let end = align(exports.memoryBase());
  const place = (bytes: number): number => {
    const at = end;
    end = align(end + bytes);
    return at;
  };
  const places = Object.entries(PLAN).map(([name, bytes]) => ({ name, bytes, at: place(bytes) }));
  const group = Object.fromEntries(
    Object.entries(groupRegionBytes(exports, window)).map(([name, bytes]) => [
      name,
      { ptr: place(bytes), bytes },
    ]),
  ) as unknown as GroupRegions;
  const missing = end - exports.memory.buffer.byteLength;
  if (missing > 0) exports.memory.grow(Math.ceil(missing / PAGE));
  const buffer = exports.memory.buffer;
  const regions = Object.fromEntries(
    places.map(({ name, bytes, at }) => [name, { at, bytes: new Uint8Array(buffer, at, bytes) }]),
  ) as Record<keyof typeof PLAN, Region>;
  return {
    exports,
    regions,
    group,
    indices: new Uint32Array(buffer, regions.indices.at, CHUNKS_MAX),
    iv: exports.IV.value as number,
    memory: new Uint8Array(buffer),
  };
}
