// ristretto255: the prime-order group of RFC 9496 over edwards25519, LANES elements at a time.
//
// Points are extended twisted Edwards coordinates X, Y, Z, T with x = X/Z, y = Y/Z, xy = T/Z on -x^2 + y^2 = 1 + d x^2 y^2
// (Hisil, Wong, Carter, Dawson, "Twisted Edwards Curves Revisited"); a = -1 is a square and d is not, so the addition is
// complete: no case is exceptional. Checked by the vectors of RFC 9496, appendix A, and against @noble/curves.
import {
  FE,
  FE_ONE,
  FE_ZERO,
  LANES,
  feAbsolute,
  feAdd,
  feAddReduced,
  feConstant,
  feCopy,
} from './field25519';
import { feFromBytes, feInvert, feIsNegative, feIsZero, feMul, feNegate, feNegateIf } from './field25519';
import { fePowerP58, feSelect, feSquare, feSub, feSubReduced, feToBytes, laneMask } from './field25519';

export const POINT: usize = 4 * FE;
export const POINT_Y: usize = FE;
export const POINT_Z: usize = 2 * FE;
export const POINT_T: usize = 3 * FE;

// Constants of RFC 9496, section 4.1.
const CONSTANTS: usize = memory.data(8 * 160, 16);
const D: usize = CONSTANTS;
const D2: usize = CONSTANTS + FE; // 2 d
const SQRT_M1: usize = CONSTANTS + 2 * FE;
const SQRT_AD_MINUS_ONE: usize = CONSTANTS + 3 * FE;
const INVSQRT_A_MINUS_D: usize = CONSTANTS + 4 * FE;
const ONE_MINUS_D_SQ: usize = CONSTANTS + 5 * FE;
const D_MINUS_ONE_SQ: usize = CONSTANTS + 6 * FE;
const MINUS_ONE: usize = CONSTANTS + 7 * FE;
feConstant(D, 0x75eb4dca135978a3, 0x00700a4d4141d8ab, 0x8cc740797779e898, 0x52036cee2b6ffe73);
feConstant(D2, 0xebd69b9426b2f159, 0x00e0149a8283b156, 0x198e80f2eef3d130, 0x2406d9dc56dffce7);
feConstant(SQRT_M1, 0xc4ee1b274a0ea0b0, 0x2f431806ad2fe478, 0x2b4d00993dfbd7a7, 0x2b8324804fc1df0b);
feConstant(SQRT_AD_MINUS_ONE, 0x7e97f6a0497b2e1b, 0xaf9d8e0c1b7854bd, 0x0f3cfcc931f5d1fd, 0x376931bf2b8348ac);
feConstant(INVSQRT_A_MINUS_D, 0x99c8fdaa805d40ea, 0x9d2f16175a4172be, 0x16c27b91fe01d840, 0x786c8905cfaffca2);
feConstant(ONE_MINUS_D_SQ, 0xe27c09c1945fc176, 0x2c81a138cd5e350f, 0x9994abddbe70dfe4, 0x029072a8b2b3e0d7);
feConstant(D_MINUS_ONE_SQ, 0x31ad5aaa44ed4d20, 0xd29e4a2cb01e1999, 0x4cdcd32f529b4eeb, 0x5968b37af66c2241);
feNegate(MINUS_ONE, FE_ONE);

const SCRATCH: usize = memory.data(16 * 160, 16);
const A: usize = SCRATCH;
const B: usize = SCRATCH + FE;
const C: usize = SCRATCH + 2 * FE;
const E: usize = SCRATCH + 3 * FE;
const F: usize = SCRATCH + 4 * FE;
const G: usize = SCRATCH + 5 * FE;
const H: usize = SCRATCH + 6 * FE;
const U: usize = SCRATCH + 7 * FE;
const V: usize = SCRATCH + 8 * FE;
const W: usize = SCRATCH + 9 * FE;
const ROOT: usize = SCRATCH + 10 * FE;
const CHECK: usize = SCRATCH + 11 * FE;
const R: usize = SCRATCH + 12 * FE;
const S: usize = SCRATCH + 13 * FE;
const N: usize = SCRATCH + 14 * FE;
const M: usize = SCRATCH + 15 * FE;

export function pointIdentity(o: usize): void {
  feCopy(o, FE_ZERO);
  feCopy(o + POINT_Y, FE_ONE);
  feCopy(o + POINT_Z, FE_ONE);
  feCopy(o + POINT_T, FE_ZERO);
}

// o = p + q, complete; add-2008-hwcd-3. 9 products. Coordinates reduced in and out; o may be p or q.
export function pointAdd(o: usize, p: usize, q: usize): void {
  feSub(A, p + POINT_Y, p);
  feSubReduced(B, q + POINT_Y, q);
  feMul(A, B, A);
  feAdd(B, p + POINT_Y, p);
  feAddReduced(C, q + POINT_Y, q);
  feMul(B, C, B);
  feMul(C, p + POINT_T, D2);
  feMul(C, C, q + POINT_T);
  feAdd(F, q + POINT_Z, q + POINT_Z);
  feMul(G, p + POINT_Z, F);
  feSubReduced(E, B, A);
  feAdd(H, B, A);
  feSub(F, G, C);
  feAddReduced(G, G, C);
  completed(o);
}

// o = 2 p; dbl-2008-hwcd. 4 products and 4 squares. Coordinates reduced in and out; o may be p.
export function pointDouble(o: usize, p: usize): void {
  feSquare(A, p);
  feSquare(B, p + POINT_Y);
  feSquare(C, p + POINT_Z);
  feAddReduced(E, p, p + POINT_Y);
  feSquare(E, E);
  feAdd(H, A, B);
  feSubReduced(E, E, H);
  feSubReduced(G, B, A);
  feNegate(H, H);
  feAdd(C, C, C);
  feSub(F, G, C); // three reduced elements: still loose
  completed(o);
}

// From E, G reduced and F, H loose: X = EF, Y = GH, Z = FG, T = EH.
@inline
function completed(o: usize): void {
  feMul(o, E, F);
  feMul(o + POINT_Y, G, H);
  feMul(o + POINT_Z, G, F);
  feMul(o + POINT_T, E, H);
}

// SQRT_RATIO_M1 (RFC 9496, section 4.2): ROOT = +sqrt(u/v), or +sqrt(i u/v) where u/v is no square. Returns the lanes
// where it is (u = 0 included; v = 0 counts only with u = 0). u, v reduced, not ROOT or CHECK.
function sqrtRatioM1(u: usize, v: usize): v128 {
  feSquare(R, v);
  feMul(R, R, v); // v^3
  feSquare(CHECK, R);
  feMul(CHECK, CHECK, v); // v^7
  feMul(CHECK, CHECK, u);
  fePowerP58(ROOT, CHECK);
  feMul(R, R, u);
  feMul(ROOT, ROOT, R);
  feSquare(CHECK, ROOT);
  feMul(CHECK, CHECK, v);
  feSubReduced(R, CHECK, u);
  const correct = feIsZero(R);
  feAddReduced(R, CHECK, u);
  const flipped = feIsZero(R);
  feMul(R, u, SQRT_M1);
  feAddReduced(R, CHECK, R);
  const flippedI = feIsZero(R);
  feMul(R, ROOT, SQRT_M1);
  feSelect(ROOT, R, ROOT, v128.or(flipped, flippedI));
  feAbsolute(ROOT, ROOT);
  return v128.or(correct, flipped);
}

// The 32 bytes at p are the canonical encoding of a non-negative field element.
function isCanonicalNonNegative(p: usize): bool {
  if (load<u8>(p) & 1) return false;
  const w3 = load<u64>(p, 24);
  if (w3 != 0x7fffffffffffffff) return w3 < 0x7fffffffffffffff;
  if (load<u64>(p, 8) != -1 || load<u64>(p, 16) != -1) return true;
  return load<u64>(p) < 0xffffffffffffffed;
}


@inline
function canonicalLane(bytes: usize, lane: usize): i64 {
  return lane < LANES && isCanonicalNonNegative(bytes + (lane << 5)) ? -1 : 0;
}

// o = the points encoded in LANES * 32 bytes (section 4.3.1). Returns the lanes that are valid; the others hold nothing.
export function pointDecode(o: usize, bytes: usize): v128 {
  for (let lane: usize = 0; lane < LANES; lane++) feFromBytes(S, lane, bytes + (lane << 5));
  const canonical = laneMask(
    canonicalLane(bytes, 0),
    canonicalLane(bytes, 1),
    canonicalLane(bytes, 2),
    canonicalLane(bytes, 3),
  );
  feSquare(A, S);
  feSubReduced(U, FE_ONE, A); // u1
  feAddReduced(B, FE_ONE, A); // u2
  feSquare(C, B);
  feSquare(E, U);
  feMul(E, E, D);
  feAdd(E, E, C);
  feNegate(E, E);
  feSubReduced(E, E, FE_ZERO); // v = -(D u1^2) - u2^2
  feMul(V, E, C);
  const wasSquare = sqrtRatioM1(FE_ONE, V);
  feMul(F, ROOT, B); // den_x
  feMul(G, ROOT, F);
  feMul(G, G, E); // den_y
  feAdd(H, S, S);
  feMul(o, F, H);
  feAbsolute(o, o);
  feMul(o + POINT_Y, U, G);
  feCopy(o + POINT_Z, FE_ONE);
  feMul(o + POINT_T, o, o + POINT_Y);
  const bad = v128.or(feIsNegative(o + POINT_T), feIsZero(o + POINT_Y));
  return v128.andnot(v128.and(canonical, wasSquare), bad);
}

// LANES * 32 bytes at o = the encodings of p (section 4.3.2).
export function pointEncode(o: usize, p: usize): void {
  const y = p + POINT_Y,
    z = p + POINT_Z,
    t = p + POINT_T;
  feAdd(A, z, y);
  feSubReduced(B, z, y);
  feMul(U, B, A); // u1
  feMul(B, p, y); // u2
  feSquare(V, B);
  feMul(V, V, U);
  sqrtRatioM1(FE_ONE, V);
  feMul(A, ROOT, U); // den1
  feMul(B, ROOT, B); // den2
  feMul(C, A, B);
  feMul(C, C, t); // z_inv
  feMul(E, t, C);
  const rotate = feIsNegative(E);
  feMul(F, p, SQRT_M1);
  feMul(G, y, SQRT_M1);
  feMul(H, A, INVSQRT_A_MINUS_D);
  feSelect(G, G, p, rotate); // x
  feSelect(F, F, y, rotate); // y
  feSelect(H, H, B, rotate); // den_inv
  feMul(E, G, C);
  feNegateIf(F, F, feIsNegative(E));
  feSub(E, z, F);
  feMul(S, H, E);
  feAbsolute(S, S);
  feToBytes(o, S);
}

// Lanes where p and q are the same element of ristretto255 (section 4.3.3).
export function pointEquals(p: usize, q: usize): v128 {
  feMul(A, p, q + POINT_Y);
  feMul(B, p + POINT_Y, q);
  feSubReduced(A, A, B);
  const straight = feIsZero(A);
  feMul(A, p + POINT_Y, q + POINT_Y);
  feMul(B, p, q);
  feSubReduced(A, A, B);
  return v128.or(straight, feIsZero(A));
}

// o = MAP(t) (section 4.3.4). t reduced.
function pointMap(o: usize, t: usize): void {
  feSquare(M, t);
  feMul(M, M, SQRT_M1); // r
  feAdd(U, M, FE_ONE);
  feMul(U, ONE_MINUS_D_SQ, U);
  feMul(A, M, D);
  feAdd(A, A, FE_ONE);
  feNegate(A, A);
  feAddReduced(B, M, D);
  feMul(V, B, A); // v = (-1 - r d) (r + d)
  const wasSquare = sqrtRatioM1(U, V);
  feMul(A, ROOT, t);
  feAbsolute(A, A);
  feNegate(A, A); // s'
  feSelect(S, ROOT, A, wasSquare);
  feSelect(C, MINUS_ONE, M, wasSquare);
  feSub(B, M, FE_ONE);
  feMul(B, C, B);
  feMul(B, B, D_MINUS_ONE_SQ);
  feSubReduced(N, B, V);
  feAdd(A, S, S);
  feMul(A, V, A); // w0
  feMul(B, N, SQRT_AD_MINUS_ONE); // w1
  feSquare(C, S);
  feSubReduced(E, FE_ONE, C); // w2
  feAddReduced(F, FE_ONE, C); // w3
  feMul(o, A, F);
  feMul(o + POINT_Y, E, B);
  feMul(o + POINT_Z, B, F);
  feMul(o + POINT_T, A, E);
}

const MAPPED: usize = memory.data(2 * 4 * 160, 16);
const FIELD_INPUT: usize = memory.data(160, 16);

// o = the elements derived from LANES * 64 uniform bytes (section 4.3.4).
export function pointDerive(o: usize, bytes: usize): void {
  for (let half: usize = 0; half < 2; half++) {
    for (let lane: usize = 0; lane < LANES; lane++)
      feFromBytes(FIELD_INPUT, lane, bytes + (lane << 6) + (half << 5));
    pointMap(MAPPED + half * POINT, FIELD_INPUT);
  }
  pointAdd(o, MAPPED, MAPPED + POINT);
}

// Encoding the doubles of many points with one inversion and no square root: "double and compress" of curve25519-dalek
// (src/ristretto.rs), found by Hamburg. For each p, with
//   e = 2 X Y, f = Y^2 - X^2, g = Y^2 + X^2, h = 2 Z^2 - f, the double is (e h : f g : ..), 1 / (e f g h) is all it needs.
// A caller that wants the point itself encoded passes its half. A product of 0 means the double is the identity element.
export const DOUBLING: usize = 8 * FE; // the state of one point: 320 bytes per lane
const ST_F: usize = FE; // e is at 0
const ST_G: usize = 2 * FE;
const ST_H: usize = 3 * FE;
const ST_EG: usize = 4 * FE;
const ST_FH: usize = 5 * FE;
const ST_PREFIX: usize = 6 * FE;
const ST_EFGH: usize = 7 * FE;

// Opens the state s of p (X, Y, Z; no T needed). `first` says that s opens the batch; states are contiguous.
export function doublingOpen(s: usize, p: usize, first: bool): void {
  feSquare(A, p);
  feSquare(B, p + POINT_Y);
  feSquare(C, p + POINT_Z);
  feAdd(E, p + POINT_Y, p + POINT_Y);
  feMul(s, p, E);
  feSubReduced(s + ST_F, B, A);
  feAddReduced(s + ST_G, B, A);
  feAdd(C, C, C);
  feSubReduced(s + ST_H, C, s + ST_F);
  feMul(s + ST_EG, s, s + ST_G);
  feMul(s + ST_FH, s + ST_F, s + ST_H);
  feMul(s + ST_EFGH, s + ST_EG, s + ST_FH);
  feMul(s + ST_PREFIX, first ? FE_ONE : s - DOUBLING + ST_PREFIX, s + ST_EFGH);
}

// o = the encodings of the doubles, from the state and the inverse of e f g h.
function doublingEncode(o: usize, s: usize, inverse: usize): void {
  feMul(A, s + ST_EG, inverse); // 1 / (f h)
  feMul(B, s + ST_FH, inverse); // 1 / (e g)
  feMul(C, s + ST_EG, A);
  const rotate = feIsNegative(C);
  feMul(F, s + ST_F, SQRT_M1);
  feNegate(G, s);
  feSelect(E, s + ST_G, s, rotate);
  feSelect(G, G, s + ST_G, rotate);
  feSelect(H, F, s + ST_H, rotate);
  feSelect(F, SQRT_M1, INVSQRT_A_MINUS_D, rotate);
  feMul(C, H, E);
  feMul(C, C, A);
  feNegateIf(G, G, feIsNegative(C));
  feSub(C, H, G);
  feMul(A, G, B);
  feMul(A, A, F);
  feMul(A, A, C);
  feAbsolute(A, A);
  feToBytes(o, A);
}

const INVERSE: usize = memory.data(160, 16);
const OWN_INVERSE: usize = memory.data(160, 16);
const ENCODED: usize = memory.data(4 * 32, 16);

// Ends a batch of `groups` >= 1 contiguous states, LANES points each, and writes the first n encodings at o;
// (groups - 1) * LANES < n <= groups * LANES. Points whose double is the identity are exact too, at the price of one
// inversion for every point of the batch.
export function doublingFinish(states: usize, groups: usize, n: usize, o: usize): void {
  const last = states + (groups - 1) * DOUBLING;
  const together = !v128.any_true(feIsZero(last + ST_PREFIX));
  if (together) feInvert(INVERSE, last + ST_PREFIX);
  for (let i = groups; i-- > 0;) {
    const s = states + i * DOUBLING;
    if (!together) {
      feInvert(OWN_INVERSE, s + ST_EFGH); // 0 for 0, which encodes the identity
    } else if (i > 0) {
      feMul(OWN_INVERSE, INVERSE, s - DOUBLING + ST_PREFIX);
      feMul(INVERSE, INVERSE, s + ST_EFGH);
    } else feCopy(OWN_INVERSE, INVERSE);
    const to = o + ((i * LANES) << 5),
      count = min(LANES, n - i * LANES);
    if (count == LANES) doublingEncode(to, s, OWN_INVERSE);
    else {
      doublingEncode(ENCODED, s, OWN_INVERSE);
      memory.copy(to, ENCODED, count << 5);
    }
  }
}

// ---- The group on bytes, for JavaScript. Arrays are contiguous; any n >= 1.

const LANE_BYTES: usize = memory.data(4 * 64, 16);
const POINTS: usize = memory.data(3 * 4 * 160, 16);
const STATE_GROUPS: usize = 4;
const STATES: usize = memory.data(4 * 8 * 160, 16);

// LANE_BYTES = the next LANES items of `size` bytes, the last one repeated where they run out.
function fillLanes(items: usize, done: usize, n: usize, size: usize): void {
  for (let lane: usize = 0; lane < LANES; lane++) {
    memory.copy(LANE_BYTES + lane * size, items + min(done + lane, n - 1) * size, size);
  }
}

function decodeLanes(o: usize, items: usize, done: usize, n: usize): bool {
  fillLanes(items, done, n, 32);
  return allLanes(pointDecode(o, LANE_BYTES));
}


@inline
function allLanes(mask: v128): bool {
  return i32x4.all_true(mask); // the finest lanes of both builds
}


@inline
function takeEncoded(o: usize, done: usize, n: usize): void {
  memory.copy(o + (done << 5), ENCODED, min(LANES, n - done) << 5);
}

// True when all n encodings are valid.
export function ristrettoIsValid(a: usize, n: usize): bool {
  for (let done: usize = 0; done < n; done += LANES) if (!decodeLanes(POINTS, a, done, n)) return false;
  return true;
}

// o = a + b elementwise. False, with nothing promised about o, if any encoding is invalid.
export function ristrettoAdd(a: usize, b: usize, n: usize, o: usize): bool {
  for (let done: usize = 0; done < n; done += LANES) {
    if (!decodeLanes(POINTS, a, done, n)) return false;
    if (!decodeLanes(POINTS + POINT, b, done, n)) return false;
    pointAdd(POINTS, POINTS, POINTS + POINT);
    pointEncode(ENCODED, POINTS);
    takeEncoded(o, done, n);
  }
  return true;
}

// o = 2 a elementwise through the batch encoder. False if any encoding is invalid.
export function ristrettoDouble(a: usize, n: usize, o: usize): bool {
  const batch = STATE_GROUPS * LANES;
  for (let start: usize = 0; start < n; start += batch) {
    const count = min(batch, n - start);
    let s = STATES;
    for (let done: usize = start; done < start + count; done += LANES) {
      if (!decodeLanes(POINTS, a, done, n)) return false;
      doublingOpen(s, POINTS, done == start);
      s += DOUBLING;
    }
    doublingFinish(STATES, (count + LANES - 1) / LANES, count, o + (start << 5));
  }
  return true;
}

// True when a + b = c for all n: compares the points, not the bytes.
export function ristrettoIsSum(a: usize, b: usize, c: usize, n: usize): bool {
  for (let done: usize = 0; done < n; done += LANES) {
    if (!decodeLanes(POINTS, a, done, n)) return false;
    if (!decodeLanes(POINTS + POINT, b, done, n)) return false;
    pointAdd(POINTS, POINTS, POINTS + POINT);
    if (!decodeLanes(POINTS + POINT, c, done, n)) return false;
    if (!allLanes(pointEquals(POINTS, POINTS + POINT))) return false;
  }
  return true;
}

// o = the encodings of the elements derived from n * 64 bytes.
export function ristrettoDerive(bytes: usize, n: usize, o: usize): void {
  for (let done: usize = 0; done < n; done += LANES) {
    fillLanes(bytes, done, n, 64);
    pointDerive(POINTS, LANE_BYTES);
    pointEncode(ENCODED, POINTS);
    takeEncoded(o, done, n);
  }
}
