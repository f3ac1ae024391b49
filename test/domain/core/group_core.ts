// For the group's tests: both builds of the core with memory of their own, and integers as bytes.
import { readFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { Group, type GroupExports, groupRegionBytes, type Window } from '../../../src/domain/core/group.js';

export const P = (1n << 255n) - 19n;
export const L = (1n << 252n) + 27742317777372353535851937790883648493n;

export const BUILDS = ['fma', 'simd'] as const;
export type Build = (typeof BUILDS)[number];

export interface Hooks {
  /** The end of the core's static data; what `instantiate` grew the memory by, 128 KiB, lies above it. */
  heapBase(): number;
  fieldLanes(): number;
  fieldMul(o: number, a: number, b: number): void;
  fieldSquare(o: number, a: number): void;
  fieldAdd(o: number, a: number, b: number): void;
  fieldSub(o: number, a: number, b: number): void;
  fieldCarry(o: number, a: number): void;
  fieldInvert(o: number, a: number): void;
  fieldPowerP58(o: number, a: number): void;
  fieldAbsolute(o: number, a: number): void;
  fieldIsNegative(o: number, a: number): void;
  fieldIsZero(o: number, a: number): void;
  fieldSelect(o: number, a: number, b: number, mask: number): void;
  fieldNegateIf(o: number, a: number, mask: number): void;
  fieldToBytes(o: number, a: number): void;
  fieldFromBytes(o: number, lane: number, p: number): void;
  fieldPack(o: number, a: number, lane: number): void;
  fieldGatherSub(o: number, p: number, mask: number, a: number): void;
  affineSlotBytes(): number;
  affineForwardPoint(p: number, x: number, y: number, first: boolean): void;
  affineForwardEntries(p: number, entries: number, mask: number, first: boolean): void;
  affineFinishBatch(slots: number, count: number): number;
  affineDoublePoint(x: number, y: number): void;
}

export type Exports = GroupExports & Hooks & { memory: WebAssembly.Memory };

export function instantiate(build: Build): Exports {
  // Node 20 has relaxed SIMD behind a flag, which later versions no longer know.
  if (Number(process.versions.node.split('.')[0]) < 22)
    setFlagsFromString('--experimental-wasm-relaxed-simd');
  const file = new URL(`../../../assembly/core-${build}.wasm`, import.meta.url);
  const instance = new WebAssembly.Instance(new WebAssembly.Module(readFileSync(file)), {});
  const exports = instance.exports as unknown as Exports;
  exports.memory.grow(2);
  return exports;
}

export interface GroupOptions {
  window: Window;
  subBatch: number;
}

export function makeGroup(build: Build, { window, subBatch }: GroupOptions = { window: 11, subBatch: 64 }) {
  const exports = instantiate(build);
  const bytes = groupRegionBytes(exports, window, subBatch);
  let at = (exports.heapBase() + 15) & ~15;
  const region = (size: number) => {
    const ptr = at;
    at += (size + 15) & ~15;
    return { ptr, bytes: size };
  };
  const regions = {
    tables: region(bytes.tables),
    work: region(bytes.work),
    transfer: region(bytes.transfer),
  };
  const free = at;
  exports.memory.grow(Math.ceil((at + (1 << 20)) / 65536) - exports.memory.buffer.byteLength / 65536);
  return { exports, free, regions, group: new Group(exports, exports.memory, regions) };
}

export function bytesOf(value: bigint, length = 32): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let i = 0; i < length; i++) bytes[i] = Number((value >> BigInt(8 * i)) & 0xffn);
  return bytes;
}

export function integerOf(bytes: Uint8Array): bigint {
  let value = 0n;
  for (let i = bytes.length - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[i]!);
  return value;
}

export function mod(value: bigint, modulus: bigint): bigint {
  const rest = value % modulus;
  return rest < 0n ? rest + modulus : rest;
}

export function concat(parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

export const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
export const unhex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'hex'));

/** A seeded generator: SplitMix64 (Steele, Lea, Flood 2014). */
export function random(seed: number) {
  let state = BigInt(seed);
  const next = (): bigint => {
    state = (state + 0x9e3779b97f4a7c15n) & 0xffffffffffffffffn;
    let z = state;
    z = ((z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n) & 0xffffffffffffffffn;
    z = ((z ^ (z >> 27n)) * 0x94d049bb133111ebn) & 0xffffffffffffffffn;
    return z ^ (z >> 31n);
  };
  return {
    below: (n: number): number => Number(next() % BigInt(n)),
    bytes: (length: number): Uint8Array => {
      const out = new Uint8Array(length);
      for (let i = 0; i < length; i += 8) out.set(bytesOf(next(), Math.min(8, length - i)), i);
      return out;
    },
  };
}

/** A new seed each run unless FILETAO_TEST_SEED is set; tests print it. */
export const SEED = Number(process.env.FILETAO_TEST_SEED ?? Date.now() % 1_000_000_007);
