// Batched affine addition on edwards25519 in short Weierstrass form.
//
// With A = 486662, x = u + A/3 and y = v turn the Montgomery curve v^2 = u^3 + A u^2 + u (RFC 7748, section 4.1) into
// y^2 = x^3 + a x + b, where an affine addition needs neither a nor b:
//   lambda = (y2 - y1) / (x2 - x1),  x3 = lambda^2 - x1 - x2,  y3 = lambda (x1 - x3) - y1.
// Many additions share one inversion (Montgomery's trick): a forward pass multiplies the denominators up, a backward pass
// hands each its inverse. That is 5 products and 1 square per addition, the cheapest known form for a batch; extended
// Edwards coordinates with precomputed Niels points cost 7 products.
//
// The formulas fail where x1 = x2: equal points, opposite points. Then a denominator is 0 and with it the product of its
// whole lane; affineFinish sees that and reports it, and the caller recomputes on complete formulas. The point at
// infinity has no representation here.
import {
  FE,
  FE_ONE,
  PACKED,
  feAdd,
  feAddReduced,
  feConstant,
  feCopy,
  feGatherSub,
  feInvert,
} from './field25519';
import { feIsZero, feMul, feSquare, feSub, feSubReduced } from './field25519';
import * as fma from './field25519_fma';

// A slot holds LANES accumulating points and their part of the batch: 200 bytes per lane.
export const SLOT: usize = 5 * FE;
export const SLOT_X: usize = 0; // reduced
export const SLOT_Y: usize = FE; // reduced
const DX: usize = 2 * FE; // x2 - x1, loose
const DY: usize = 3 * FE; // y2 - y1, loose
const PREFIX: usize = 4 * FE; // product of the denominators up to this one, reduced

const SCRATCH: usize = memory.data(5 * 160, 16);
const INVERSE: usize = SCRATCH;
const LAMBDA: usize = SCRATCH + FE;
const W: usize = SCRATCH + 2 * FE;
const X3: usize = SCRATCH + 3 * FE;
const T: usize = SCRATCH + 4 * FE;

const CURVE_A: usize = memory.data(160, 16); // a = 1 - A^2 / 3
feConstant(CURVE_A, 0xaaaaaa984914a144, 0xaaaaaaaaaaaaaaaa, 0xaaaaaaaaaaaaaaaa, 0x2aaaaaaaaaaaaaaa);


@inline
function extendPrefix(p: usize, first: bool): void {
  feMul(p + PREFIX, first ? FE_ONE : p - SLOT + PREFIX, p + DX);
}

// Forward pass for slot p: add the packed points at e0..e3 (x then y, one per lane), y negated where the mask is set.
// `first` says that p opens the batch; the slots of a batch are contiguous.
// prettier-ignore
@inline
export function affineForwardPacked(
  p: usize, e0: usize, e1: usize, e2: usize, e3: usize, negative: v128, first: bool,
): void {
  feGatherSub(p + DY, e0 + PACKED, e1 + PACKED, e2 + PACKED, e3 + PACKED, negative, p + SLOT_Y);
  if (ASC_FEATURE_RELAXED_SIMD) {
    extendPrefixFma(p, e0, e1, first ? FE_ONE : p - SLOT + PREFIX);
  } else {
    feGatherSub(p + DX, e0, e1, e2, e3, i64x2.splat(0), p + SLOT_X);
    extendPrefix(p, first);
  }
}

// x2 - x1 goes into the product without a detour through memory.
// prettier-ignore
function extendPrefixFma(p: usize, e0: usize, e1: usize, prefix: usize): void {
  const d0 = f64x2.sub(fma.packedLimb(e0, e1, 0), v128.load(p, 0));
  const d1 = f64x2.sub(fma.packedLimb(e0, e1, 8), v128.load(p, 16));
  const d2 = f64x2.sub(fma.packedLimb(e0, e1, 16), v128.load(p, 32));
  const d3 = f64x2.sub(fma.packedLimb(e0, e1, 24), v128.load(p, 48));
  const d4 = f64x2.sub(fma.packedLimb(e0, e1, 32), v128.load(p, 64));
  const dx = p + DX;
  v128.store(dx, d0, 0); v128.store(dx, d1, 16); v128.store(dx, d2, 32); v128.store(dx, d3, 48); v128.store(dx, d4, 64);
  fma.productColumns(
    v128.load(prefix, 0), v128.load(prefix, 16), v128.load(prefix, 32), v128.load(prefix, 48), v128.load(prefix, 64),
    d0, d1, d2, d3, d4,
  );
  fma.storeColumns(p + PREFIX);
}

// Forward pass for slot p: add the points at x, y (reduced).
@inline
export function affineForward(p: usize, x: usize, y: usize, first: bool): void {
  feSub(p + DX, x, p + SLOT_X);
  feSub(p + DY, y, p + SLOT_Y);
  extendPrefix(p, first);
}

// Backward pass for one slot. On entry INVERSE is 1 / (product of the denominators up to this slot).
function affineBackward(p: usize, prefix: usize): void {
  feMul(W, INVERSE, prefix);
  feMul(INVERSE, INVERSE, p + DX);
  feMul(LAMBDA, W, p + DY);
  feSquare(W, LAMBDA);
  feAdd(T, p + SLOT_X, p + SLOT_X);
  feAdd(T, T, p + DX); // x1 + x2
  feSubReduced(X3, W, T);
  feSub(T, p + SLOT_X, X3);
  feCopy(p + SLOT_X, X3);
  feMul(W, LAMBDA, T);
  feSubReduced(p + SLOT_Y, W, p + SLOT_Y);
}

// The same with the intermediate values in locals: the plain sequence makes a whole commitment 2 to 11 % slower (Node 20, first
// quartiles of two runs on a busy machine).
// prettier-ignore
function affineBackwardFma(p: usize, prefix: usize): void {
  fma.productColumnsOf(INVERSE, prefix);
  const w0 = fma.columnAt(0), w1 = fma.columnAt(1), w2 = fma.columnAt(2), w3 = fma.columnAt(3), w4 = fma.columnAt(4);
  fma.productColumnsOf(INVERSE, p + DX);
  fma.storeColumns(INVERSE);
  fma.productColumns(
    fma.limb0(w0, w4), fma.limb(w1, w0), fma.limb(w2, w1), fma.limb(w3, w2), fma.limb(w4, w3),
    v128.load(p + DY, 0), v128.load(p + DY, 16), v128.load(p + DY, 32), v128.load(p + DY, 48), v128.load(p + DY, 64),
  );
  const v0 = fma.columnAt(0), v1 = fma.columnAt(1), v2 = fma.columnAt(2), v3 = fma.columnAt(3), v4 = fma.columnAt(4);
  const l0 = fma.limb0(v0, v4), l1 = fma.limb(v1, v0), l2 = fma.limb(v2, v1), l3 = fma.limb(v3, v2), l4 = fma.limb(v4, v3);

  fma.squareColumns(l0, l1, l2, l3, l4);
  const q0 = fma.columnAt(0), q1 = fma.columnAt(1), q2 = fma.columnAt(2), q3 = fma.columnAt(3), q4 = fma.columnAt(4);
  const s0 = lessBoth(fma.limb0(q0, q4), p, 0), s1 = lessBoth(fma.limb(q1, q0), p, 16);
  const s2 = lessBoth(fma.limb(q2, q1), p, 32), s3 = lessBoth(fma.limb(q3, q2), p, 48);
  const s4 = lessBoth(fma.limb(q4, q3), p, 64);
  const c0 = fma.carryOf(s0), c1 = fma.carryOf(s1), c2 = fma.carryOf(s2), c3 = fma.carryOf(s3), c4 = fma.carryOf(s4);
  const x0 = fma.carriedLimb0(s0, c0, c4), x1 = fma.carriedLimb(s1, c1, c0), x2 = fma.carriedLimb(s2, c2, c1);
  const x3 = fma.carriedLimb(s3, c3, c2), x4 = fma.carriedLimb(s4, c4, c3);

  const d0 = f64x2.sub(v128.load(p, 0), x0), d1 = f64x2.sub(v128.load(p, 16), x1), d2 = f64x2.sub(v128.load(p, 32), x2);
  const d3 = f64x2.sub(v128.load(p, 48), x3), d4 = f64x2.sub(v128.load(p, 64), x4);
  v128.store(p, x0, 0); v128.store(p, x1, 16); v128.store(p, x2, 32); v128.store(p, x3, 48); v128.store(p, x4, 64);
  fma.productColumns(l0, l1, l2, l3, l4, d0, d1, d2, d3, d4);
  const r0 = fma.columnAt(0), r1 = fma.columnAt(1), r2 = fma.columnAt(2), r3 = fma.columnAt(3), r4 = fma.columnAt(4);
  const y = p + SLOT_Y;
  const t0 = f64x2.sub(fma.limb0(r0, r4), v128.load(y, 0)), t1 = f64x2.sub(fma.limb(r1, r0), v128.load(y, 16));
  const t2 = f64x2.sub(fma.limb(r2, r1), v128.load(y, 32)), t3 = f64x2.sub(fma.limb(r3, r2), v128.load(y, 48));
  const t4 = f64x2.sub(fma.limb(r4, r3), v128.load(y, 64));
  const k0 = fma.carryOf(t0), k1 = fma.carryOf(t1), k2 = fma.carryOf(t2), k3 = fma.carryOf(t3), k4 = fma.carryOf(t4);
  v128.store(y, fma.carriedLimb0(t0, k0, k4), 0);
  v128.store(y, fma.carriedLimb(t1, k1, k0), 16);
  v128.store(y, fma.carriedLimb(t2, k2, k1), 32);
  v128.store(y, fma.carriedLimb(t3, k3, k2), 48);
  v128.store(y, fma.carriedLimb(t4, k4, k3), 64);
}

// A limb of lambda^2 - (x1 + x2) = lambda^2 - dx - 2 x1, not carried: at most 5 reduced limbs.
@inline
function lessBoth(square: v128, p: usize, at: usize): v128 {
  const x = v128.load(p + at);
  return f64x2.sub(f64x2.sub(square, v128.load(p + DX + at)), f64x2.add(x, x));
}

// Ends a batch of count >= 1 contiguous slots whose forward passes are done: the points become the sums. Returns false,
// with the points left as they were, if any denominator was 0.
export function affineFinish(slots: usize, count: usize): bool {
  let p = slots + (count - 1) * SLOT;
  if (v128.any_true(feIsZero(p + PREFIX))) return false;
  feInvert(INVERSE, p + PREFIX);
  for (; p > slots; p -= SLOT) {
    if (ASC_FEATURE_RELAXED_SIMD) affineBackwardFma(p, p - SLOT + PREFIX);
    else affineBackward(p, p - SLOT + PREFIX);
  }
  if (ASC_FEATURE_RELAXED_SIMD) affineBackwardFma(p, FE_ONE);
  else affineBackward(p, FE_ONE);
  return true;
}

// Doubles the points at x, y in place; none of order 2. One inversion: for building tables.
export function affineDouble(x: usize, y: usize): void {
  feAddReduced(T, y, y);
  feInvert(INVERSE, T);
  feSquare(W, x);
  feAdd(T, W, W);
  feAdd(T, T, W);
  feAddReduced(T, T, CURVE_A); // 3 x^2 + a
  feMul(LAMBDA, INVERSE, T);
  feSquare(W, LAMBDA);
  feAdd(T, x, x);
  feSubReduced(X3, W, T);
  feSub(T, x, X3);
  feCopy(x, X3);
  feMul(W, LAMBDA, T);
  feSubReduced(y, W, y);
}
