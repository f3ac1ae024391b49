// GF(2^255 - 19), LANES independent elements per operation, one contract over two representations.
//
// `fma` (two lanes, doubles) where relaxed SIMD is enabled at compile time, `simd` (four lanes, integers) otherwise. An
// element is FE bytes in memory, 40 per lane; functions take addresses, the output first, and outputs may be inputs.
// Bounds are in terms of "reduced" and "loose", defined in each representation: products take reduced * (reduced or
// loose), squares, comparisons and bytes take reduced.
import * as fma from './field25519_fma';
import * as simd from './field25519_simd';

export const LANES: usize = ASC_FEATURE_RELAXED_SIMD ? fma.LANES : simd.LANES;
export const PACKED: usize = 40; // bytes of one lane's element in a table
export const FE: usize = PACKED * LANES;


@inline
export function feMul(o: usize, a: usize, b: usize): void {
  if (ASC_FEATURE_RELAXED_SIMD) fma.mul(o, a, b);
  else simd.mul(o, a, b);
}


@inline
export function feSquare(o: usize, a: usize): void {
  if (ASC_FEATURE_RELAXED_SIMD) fma.square(o, a);
  else simd.square(o, a);
}

// o = a + b, loose.
@inline
export function feAdd(o: usize, a: usize, b: usize): void {
  if (ASC_FEATURE_RELAXED_SIMD) fma.add(o, a, b);
  else simd.add(o, a, b);
}

// o = a - b, loose.
@inline
export function feSub(o: usize, a: usize, b: usize): void {
  if (ASC_FEATURE_RELAXED_SIMD) fma.sub(o, a, b);
  else simd.sub(o, a, b);
}

// o = a, reduced, for a beyond loose.
@inline
export function feCarry(o: usize, a: usize): void {
  if (ASC_FEATURE_RELAXED_SIMD) fma.carry(o, a);
  else simd.carry(o, a);
}


@inline
export function feAddReduced(o: usize, a: usize, b: usize): void {
  feAdd(o, a, b);
  feCarry(o, o);
}


@inline
export function feSubReduced(o: usize, a: usize, b: usize): void {
  feSub(o, a, b);
  feCarry(o, o);
}


@inline
export function feCopy(o: usize, a: usize): void {
  if (ASC_FEATURE_RELAXED_SIMD) fma.copy(o, a);
  else simd.copy(o, a);
}

// o = a where mask is all ones, b elsewhere.
@inline
export function feSelect(o: usize, a: usize, b: usize, mask: v128): void {
  if (ASC_FEATURE_RELAXED_SIMD) fma.select(o, a, b, mask);
  else simd.select(o, a, b, mask);
}


@inline
export function feNegateIf(o: usize, a: usize, mask: v128): void {
  if (ASC_FEATURE_RELAXED_SIMD) fma.negateIf(o, a, mask);
  else simd.negateIf(o, a, mask);
}


@inline
export function feNegate(o: usize, a: usize): void {
  feNegateIf(o, a, i64x2.splat(-1));
}

// Lanes that are odd in [0, p): RFC 9496 calls them negative.
@inline
export function feIsNegative(a: usize): v128 {
  return ASC_FEATURE_RELAXED_SIMD ? fma.isNegative(a) : simd.isNegative(a);
}


@inline
export function feIsZero(a: usize): v128 {
  return ASC_FEATURE_RELAXED_SIMD ? fma.isZero(a) : simd.isZero(a);
}

// o = |a| in the sense of RFC 9496: the even one of a and -a.
export function feAbsolute(o: usize, a: usize): void {
  feNegateIf(o, a, feIsNegative(a));
}

// LANES * 32 canonical bytes.
@inline
export function feToBytes(o: usize, a: usize): void {
  if (ASC_FEATURE_RELAXED_SIMD) fma.toBytes(o, a);
  else simd.toBytes(o, a);
}

// One lane of o from 32 bytes; bit 255 is ignored.
@inline
export function feFromBytes(o: usize, lane: usize, p: usize): void {
  if (ASC_FEATURE_RELAXED_SIMD) fma.fromBytes(o, lane, p);
  else simd.fromBytes(o, lane, p);
}

// One lane to its 40 table bytes.
@inline
export function fePack(o: usize, a: usize, lane: usize): void {
  if (ASC_FEATURE_RELAXED_SIMD) fma.pack(o, a, lane);
  else simd.pack(o, a, lane);
}

// o = packed elements, one address per lane; the two-lane build ignores the last two addresses and lane masks.
@inline
export function feGather(o: usize, p0: usize, p1: usize, p2: usize, p3: usize): void {
  if (ASC_FEATURE_RELAXED_SIMD) fma.gather(o, p0, p1, p2, p3);
  else simd.gather(o, p0, p1, p2, p3);
}

// o = +-packed elements - a, minus where the mask is all ones. Loose.
@inline
export function feGatherSub(
  o: usize,
  p0: usize,
  p1: usize,
  p2: usize,
  p3: usize,
  mask: v128,
  a: usize,
): void {
  if (ASC_FEATURE_RELAXED_SIMD) fma.gatherSub(o, p0, p1, p2, p3, mask, a);
  else simd.gatherSub(o, p0, p1, p2, p3, mask, a);
}

// The mask of lanes given as 0 or -1.
@inline
export function laneMask(lane0: i64, lane1: i64, lane2: i64, lane3: i64): v128 {
  return ASC_FEATURE_RELAXED_SIMD
    ? fma.laneMask(lane0, lane1, lane2, lane3)
    : simd.laneMask(lane0, lane1, lane2, lane3);
}

// o = o^(2^n), n >= 1.
export function feSquareTimes(o: usize, a: usize, n: i32): void {
  feSquare(o, a);
  for (let i = 1; i < n; i++) feSquare(o, o);
}

const POWER: usize = memory.data(4 * 4 * 40, 16);
const Z11: usize = POWER;
const Z250: usize = POWER + FE;
const T0: usize = POWER + 2 * FE;
const T1: usize = POWER + 3 * FE;

// Z250 = z^(2^250 - 1), Z11 = z^11: the addition chain of Bernstein's curve25519 papers, shared by the two powers below.
function power250(z: usize): void {
  feSquare(T0, z); // 2
  feSquareTimes(T1, T0, 2); // 8
  feMul(T1, z, T1); // 9
  feMul(Z11, T0, T1); // 11
  feSquare(T0, Z11); // 22
  feMul(T1, T1, T0); // 2^5 - 1
  feSquareTimes(T0, T1, 5);
  feMul(T1, T0, T1); // 2^10 - 1
  feSquareTimes(T0, T1, 10);
  feMul(Z250, T0, T1); // 2^20 - 1
  feSquareTimes(T0, Z250, 20);
  feMul(T0, T0, Z250); // 2^40 - 1
  feSquareTimes(T0, T0, 10);
  feMul(T1, T0, T1); // 2^50 - 1
  feSquareTimes(T0, T1, 50);
  feMul(Z250, T0, T1); // 2^100 - 1
  feSquareTimes(T0, Z250, 100);
  feMul(Z250, T0, Z250); // 2^200 - 1
  feSquareTimes(T0, Z250, 50);
  feMul(Z250, T0, T1); // 2^250 - 1
}

// o = 1 / z = z^(p - 2); 0 for z = 0. z reduced. 254 squares and 11 products: 4 to 5 us for the two lanes
// of the fma build, 14 us for the four of the other (Node 20).
export function feInvert(o: usize, z: usize): void {
  power250(z);
  feSquareTimes(Z250, Z250, 5);
  feMul(o, Z250, Z11);
}

// o = z^((p - 5) / 8) = z^(2^252 - 3). z reduced; o is not z.
export function fePowerP58(o: usize, z: usize): void {
  power250(z);
  feSquareTimes(Z250, Z250, 2);
  feMul(o, Z250, z);
}

const WORDS: usize = memory.data(32, 16);

// o = the constant with these little-endian words, in every lane.
export function feConstant(o: usize, w0: u64, w1: u64, w2: u64, w3: u64): void {
  store<u64>(WORDS, w0, 0);
  store<u64>(WORDS, w1, 8);
  store<u64>(WORDS, w2, 16);
  store<u64>(WORDS, w3, 24);
  for (let lane: usize = 0; lane < LANES; lane++) feFromBytes(o, lane, WORDS);
}

export const FE_ZERO: usize = memory.data(160, 16);
export const FE_ONE: usize = memory.data(160, 16);
feConstant(FE_ONE, 1, 0, 0, 0);
