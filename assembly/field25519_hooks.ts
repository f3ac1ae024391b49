// The field and the batched affine addition for tests alone: a JavaScript caller writes limbs straight into memory, drives
// them to the bounds stated in field25519_fma.ts and field25519_simd.ts, and compares with BigInt. Elements are FE bytes,
// lanes interleaved per limb.
import { SLOT, affineDouble, affineFinish, affineForward, affineForwardPacked } from './affine25519';
import {
  LANES,
  feAbsolute,
  feAdd,
  feCarry,
  feFromBytes,
  feInvert,
  feIsNegative,
  feIsZero,
} from './field25519';
import {
  feGatherSub,
  feMul,
  feNegateIf,
  fePack,
  fePowerP58,
  feSelect,
  feSquare,
  feSub,
  feToBytes,
} from './field25519';

export function fieldLanes(): usize {
  return LANES;
}

export function fieldMul(o: usize, a: usize, b: usize): void {
  feMul(o, a, b);
}

export function fieldSquare(o: usize, a: usize): void {
  feSquare(o, a);
}

export function fieldAdd(o: usize, a: usize, b: usize): void {
  feAdd(o, a, b);
}

export function fieldSub(o: usize, a: usize, b: usize): void {
  feSub(o, a, b);
}

export function fieldCarry(o: usize, a: usize): void {
  feCarry(o, a);
}

export function fieldInvert(o: usize, a: usize): void {
  feInvert(o, a);
}

export function fieldPowerP58(o: usize, a: usize): void {
  fePowerP58(o, a);
}

export function fieldAbsolute(o: usize, a: usize): void {
  feAbsolute(o, a);
}

// The lane mask itself, 16 bytes at o.
export function fieldIsNegative(o: usize, a: usize): void {
  v128.store(o, feIsNegative(a));
}

export function fieldIsZero(o: usize, a: usize): void {
  v128.store(o, feIsZero(a));
}

// Masks are 16 bytes at mask.
export function fieldSelect(o: usize, a: usize, b: usize, mask: usize): void {
  feSelect(o, a, b, v128.load(mask));
}

export function fieldNegateIf(o: usize, a: usize, mask: usize): void {
  feNegateIf(o, a, v128.load(mask));
}

export function fieldToBytes(o: usize, a: usize): void {
  feToBytes(o, a);
}

export function fieldFromBytes(o: usize, lane: usize, p: usize): void {
  feFromBytes(o, lane, p);
}

export function fieldPack(o: usize, a: usize, lane: usize): void {
  fePack(o, a, lane);
}

// p: packed elements, 40 bytes apart.
export function fieldGatherSub(o: usize, p: usize, mask: usize, a: usize): void {
  feGatherSub(o, p, p + 40, p + 80, p + 120, v128.load(mask), a);
}

export function affineSlotBytes(): usize {
  return SLOT;
}

export function affineForwardPoint(p: usize, x: usize, y: usize, first: bool): void {
  affineForward(p, x, y, first);
}

// entries: packed x and y per lane, 80 bytes apart; mask: 16 bytes.
export function affineForwardEntries(p: usize, entries: usize, mask: usize, first: bool): void {
  affineForwardPacked(p, entries, entries + 80, entries + 160, entries + 240, v128.load(mask), first);
}

export function affineFinishBatch(slots: usize, count: usize): bool {
  return affineFinish(slots, count);
}

export function affineDoublePoint(x: usize, y: usize): void {
  affineDouble(x, y);
}
