// GF(2^255 - 19) on plain SIMD: four elements per SIMD operation, limbs are 32-bit integers.
//
// The fallback where fused multiply-add is not available. An element is 10 signed limbs of alternately 26 and 25 bits
// (radix 2^25.5), the representation of Bernstein, "Curve25519: new Diffie-Hellman speed records", and of ref10; the four
// lanes of a limb share one v128, so four elements are 160 bytes. Products are 32 x 32 -> 64 bits for two lanes at a time.
//
// Bounds, per limb, even / odd index:
//   reduced  |x| <= 2^25 + 2^14 / 2^24 + 2^14. Every function that says "reduced" delivers this.
//   loose    three times that: the sum or difference of at most three reduced elements, not carried.
// The contract is that of field25519_fma.ts: a product takes reduced * loose, a square takes a reduced input. The limits
// here are wider (19 * loose still fits 32 bits and a column of loose * loose stays below 2^61), and nobody uses that.
//
// Measured on Node 20, one core, per element: multiplication 26 ns, square 14 ns.

export const LANES: usize = 4;

const BIAS26: u64 = (1 << 62) + (1 << 25); // makes a column, |c| < 2^62, positive and rounds to the nearest multiple
const BIAS25: u64 = (1 << 62) + (1 << 24);

// v128 constants live in memory: V8 rebuilds an inline v128 constant at every use.
// prettier-ignore
const K: usize = memory.data<u64>([
  BIAS26, BIAS26, BIAS25, BIAS25,
  (1 << 26) - 1, (1 << 26) - 1, (1 << 25) - 1, (1 << 25) - 1,
  1 << 36, 1 << 36, 1 << 37, 1 << 37, // 2^62 after the shift
  1 << 25, 1 << 25, 1 << 24, 1 << 24,
  0x1300000013, 0x1300000013, // 19 in each 32-bit lane
], 16);
const K_BIAS26: usize = 0;
const K_BIAS25: usize = 16;
const K_MASK26: usize = 32;
const K_MASK25: usize = 48;
const K_OFFSET26: usize = 64;
const K_OFFSET25: usize = 80;
const K_HALF26: usize = 96;
const K_HALF25: usize = 112;
const K_NINETEEN: usize = 128;

const TIMES19: usize = memory.data(10 * 16, 16); // 19 times limbs 1..9 of the second factor
const LOW_HALF: usize = memory.data(10 * 16, 16); // the result for lanes 0 and 1 while 2 and 3 are computed

// Lanes 0, 1 (h = false) or 2, 3 (h = true) of a * b in 64 bits.
@inline
function ext(h: bool, a: v128, b: v128): v128 {
  return h ? i64x2.extmul_high_i32x4_s(a, b) : i64x2.extmul_low_i32x4_s(a, b);
}


@inline
function mac(h: bool, sum: v128, a: v128, b: v128): v128 {
  return i64x2.add(sum, ext(h, a, b));
}


@inline
function times19(x: v128): v128 {
  return i64x2.add(i64x2.add(x, i64x2.shl(x, 1)), i64x2.shl(x, 4));
}

// The carry out of a column of 26 or 25 bits, and what stays: |rest| <= 2^25 or 2^24. The shift is unsigned over a bias
// because SSE has no arithmetic 64-bit shift.
@inline
function carry26(c: v128): v128 {
  return i64x2.sub(i64x2.shr_u(i64x2.add(c, v128.load(K, K_BIAS26)), 26), v128.load(K, K_OFFSET26));
}


@inline
function rest26(c: v128): v128 {
  return i64x2.sub(
    v128.and(i64x2.add(c, v128.load(K, K_BIAS26)), v128.load(K, K_MASK26)),
    v128.load(K, K_HALF26),
  );
}


@inline
function carry25(c: v128): v128 {
  return i64x2.sub(i64x2.shr_u(i64x2.add(c, v128.load(K, K_BIAS25)), 25), v128.load(K, K_OFFSET25));
}


@inline
function rest25(c: v128): v128 {
  return i64x2.sub(
    v128.and(i64x2.add(c, v128.load(K, K_BIAS25)), v128.load(K, K_MASK25)),
    v128.load(K, K_HALF25),
  );
}

// Limb k of the result: the 64-bit rests of lanes 0, 1 go to LOW_HALF first, then are packed with those of lanes 2, 3.
@inline
function emit(h: bool, o: usize, at: usize, c: v128): void {
  if (h) v128.store(o + at, v128.shuffle<i32>(v128.load(LOW_HALF + at), c, 0, 2, 4, 6));
  else v128.store(LOW_HALF + at, c);
}

// prettier-ignore
@inline
function carryColumns(
  h: bool, o: usize,
  c0: v128, c1: v128, c2: v128, c3: v128, c4: v128, c5: v128, c6: v128, c7: v128, c8: v128, c9: v128,
): void {
  let t = carry26(c0); c0 = rest26(c0); c1 = i64x2.add(c1, t);
  t = carry26(c4); c4 = rest26(c4); c5 = i64x2.add(c5, t);
  t = carry25(c1); c1 = rest25(c1); c2 = i64x2.add(c2, t);
  t = carry25(c5); c5 = rest25(c5); c6 = i64x2.add(c6, t);
  t = carry26(c2); c2 = rest26(c2); c3 = i64x2.add(c3, t);
  t = carry26(c6); c6 = rest26(c6); c7 = i64x2.add(c7, t);
  t = carry25(c3); c3 = rest25(c3); c4 = i64x2.add(c4, t);
  t = carry25(c7); c7 = rest25(c7); c8 = i64x2.add(c8, t);
  t = carry26(c4); c4 = rest26(c4); c5 = i64x2.add(c5, t);
  t = carry26(c8); c8 = rest26(c8); c9 = i64x2.add(c9, t);
  t = carry25(c9); c9 = rest25(c9); c0 = i64x2.add(c0, times19(t));
  t = carry26(c0); c0 = rest26(c0); c1 = i64x2.add(c1, t);
  emit(h, o, 0, c0);
  emit(h, o, 16, c1);
  emit(h, o, 32, c2);
  emit(h, o, 48, c3);
  emit(h, o, 64, c4);
  emit(h, o, 80, c5);
  emit(h, o, 96, c6);
  emit(h, o, 112, c7);
  emit(h, o, 128, c8);
  emit(h, o, 144, c9);
}

// prettier-ignore
@inline
function productHalf(h: bool, o: usize, a: usize, b: usize): void {
  const a0 = v128.load(a, 0), a1 = v128.load(a, 16), a2 = v128.load(a, 32), a3 = v128.load(a, 48);
  const a4 = v128.load(a, 64), a5 = v128.load(a, 80), a6 = v128.load(a, 96), a7 = v128.load(a, 112);
  const a8 = v128.load(a, 128), a9 = v128.load(a, 144);
  const b0 = v128.load(b, 0), b1 = v128.load(b, 16), b2 = v128.load(b, 32), b3 = v128.load(b, 48);
  const b4 = v128.load(b, 64), b5 = v128.load(b, 80), b6 = v128.load(b, 96), b7 = v128.load(b, 112);
  const b8 = v128.load(b, 128), b9 = v128.load(b, 144);
  const n1 = v128.load(TIMES19, 16), n2 = v128.load(TIMES19, 32), n3 = v128.load(TIMES19, 48);
  const n4 = v128.load(TIMES19, 64), n5 = v128.load(TIMES19, 80), n6 = v128.load(TIMES19, 96);
  const n7 = v128.load(TIMES19, 112), n8 = v128.load(TIMES19, 128), n9 = v128.load(TIMES19, 144);
  // Two odd limbs meet half a bit up: their product counts twice.
  const d1 = i32x4.add(a1, a1), d3 = i32x4.add(a3, a3), d5 = i32x4.add(a5, a5), d7 = i32x4.add(a7, a7);
  const d9 = i32x4.add(a9, a9);
  let c0: v128, c1: v128, c2: v128, c3: v128, c4: v128, c5: v128, c6: v128, c7: v128, c8: v128, c9: v128;
  c0 = ext(h, a0, b0);
  c0 = mac(h, c0, d1, n9); c0 = mac(h, c0, a2, n8); c0 = mac(h, c0, d3, n7);
  c0 = mac(h, c0, a4, n6); c0 = mac(h, c0, d5, n5); c0 = mac(h, c0, a6, n4);
  c0 = mac(h, c0, d7, n3); c0 = mac(h, c0, a8, n2); c0 = mac(h, c0, d9, n1);
  c1 = ext(h, a0, b1);
  c1 = mac(h, c1, a1, b0); c1 = mac(h, c1, a2, n9); c1 = mac(h, c1, a3, n8);
  c1 = mac(h, c1, a4, n7); c1 = mac(h, c1, a5, n6); c1 = mac(h, c1, a6, n5);
  c1 = mac(h, c1, a7, n4); c1 = mac(h, c1, a8, n3); c1 = mac(h, c1, a9, n2);
  c2 = ext(h, a0, b2);
  c2 = mac(h, c2, d1, b1); c2 = mac(h, c2, a2, b0); c2 = mac(h, c2, d3, n9);
  c2 = mac(h, c2, a4, n8); c2 = mac(h, c2, d5, n7); c2 = mac(h, c2, a6, n6);
  c2 = mac(h, c2, d7, n5); c2 = mac(h, c2, a8, n4); c2 = mac(h, c2, d9, n3);
  c3 = ext(h, a0, b3);
  c3 = mac(h, c3, a1, b2); c3 = mac(h, c3, a2, b1); c3 = mac(h, c3, a3, b0);
  c3 = mac(h, c3, a4, n9); c3 = mac(h, c3, a5, n8); c3 = mac(h, c3, a6, n7);
  c3 = mac(h, c3, a7, n6); c3 = mac(h, c3, a8, n5); c3 = mac(h, c3, a9, n4);
  c4 = ext(h, a0, b4);
  c4 = mac(h, c4, d1, b3); c4 = mac(h, c4, a2, b2); c4 = mac(h, c4, d3, b1);
  c4 = mac(h, c4, a4, b0); c4 = mac(h, c4, d5, n9); c4 = mac(h, c4, a6, n8);
  c4 = mac(h, c4, d7, n7); c4 = mac(h, c4, a8, n6); c4 = mac(h, c4, d9, n5);
  c5 = ext(h, a0, b5);
  c5 = mac(h, c5, a1, b4); c5 = mac(h, c5, a2, b3); c5 = mac(h, c5, a3, b2);
  c5 = mac(h, c5, a4, b1); c5 = mac(h, c5, a5, b0); c5 = mac(h, c5, a6, n9);
  c5 = mac(h, c5, a7, n8); c5 = mac(h, c5, a8, n7); c5 = mac(h, c5, a9, n6);
  c6 = ext(h, a0, b6);
  c6 = mac(h, c6, d1, b5); c6 = mac(h, c6, a2, b4); c6 = mac(h, c6, d3, b3);
  c6 = mac(h, c6, a4, b2); c6 = mac(h, c6, d5, b1); c6 = mac(h, c6, a6, b0);
  c6 = mac(h, c6, d7, n9); c6 = mac(h, c6, a8, n8); c6 = mac(h, c6, d9, n7);
  c7 = ext(h, a0, b7);
  c7 = mac(h, c7, a1, b6); c7 = mac(h, c7, a2, b5); c7 = mac(h, c7, a3, b4);
  c7 = mac(h, c7, a4, b3); c7 = mac(h, c7, a5, b2); c7 = mac(h, c7, a6, b1);
  c7 = mac(h, c7, a7, b0); c7 = mac(h, c7, a8, n9); c7 = mac(h, c7, a9, n8);
  c8 = ext(h, a0, b8);
  c8 = mac(h, c8, d1, b7); c8 = mac(h, c8, a2, b6); c8 = mac(h, c8, d3, b5);
  c8 = mac(h, c8, a4, b4); c8 = mac(h, c8, d5, b3); c8 = mac(h, c8, a6, b2);
  c8 = mac(h, c8, d7, b1); c8 = mac(h, c8, a8, b0); c8 = mac(h, c8, d9, n9);
  c9 = ext(h, a0, b9);
  c9 = mac(h, c9, a1, b8); c9 = mac(h, c9, a2, b7); c9 = mac(h, c9, a3, b6);
  c9 = mac(h, c9, a4, b5); c9 = mac(h, c9, a5, b4); c9 = mac(h, c9, a6, b3);
  c9 = mac(h, c9, a7, b2); c9 = mac(h, c9, a8, b1); c9 = mac(h, c9, a9, b0);
  carryColumns(h, o, c0, c1, c2, c3, c4, c5, c6, c7, c8, c9);
}

// prettier-ignore
@inline
function squareHalf(h: bool, o: usize, a: usize): void {
  const a0 = v128.load(a, 0), a1 = v128.load(a, 16), a2 = v128.load(a, 32), a3 = v128.load(a, 48);
  const a4 = v128.load(a, 64), a5 = v128.load(a, 80), a6 = v128.load(a, 96), a7 = v128.load(a, 112);
  const a8 = v128.load(a, 128), a9 = v128.load(a, 144);
  const n5 = v128.load(TIMES19, 80), n6 = v128.load(TIMES19, 96), n7 = v128.load(TIMES19, 112);
  const n8 = v128.load(TIMES19, 128), n9 = v128.load(TIMES19, 144);
  const d0 = i32x4.add(a0, a0), d1 = i32x4.add(a1, a1), d2 = i32x4.add(a2, a2), d3 = i32x4.add(a3, a3);
  const d4 = i32x4.add(a4, a4), d5 = i32x4.add(a5, a5), d6 = i32x4.add(a6, a6), d7 = i32x4.add(a7, a7);
  const d8 = i32x4.add(a8, a8), d9 = i32x4.add(a9, a9);
  const q1 = i32x4.shl(a1, 2), q3 = i32x4.shl(a3, 2), q5 = i32x4.shl(a5, 2), q7 = i32x4.shl(a7, 2);
  let c0: v128, c1: v128, c2: v128, c3: v128, c4: v128, c5: v128, c6: v128, c7: v128, c8: v128, c9: v128;
  c0 = ext(h, a0, a0);
  c0 = mac(h, c0, q1, n9); c0 = mac(h, c0, d2, n8); c0 = mac(h, c0, q3, n7);
  c0 = mac(h, c0, d4, n6); c0 = mac(h, c0, d5, n5);
  c1 = ext(h, d0, a1);
  c1 = mac(h, c1, d2, n9); c1 = mac(h, c1, d3, n8); c1 = mac(h, c1, d4, n7);
  c1 = mac(h, c1, d5, n6);
  c2 = ext(h, d0, a2);
  c2 = mac(h, c2, d1, a1); c2 = mac(h, c2, q3, n9); c2 = mac(h, c2, d4, n8);
  c2 = mac(h, c2, q5, n7); c2 = mac(h, c2, a6, n6);
  c3 = ext(h, d0, a3);
  c3 = mac(h, c3, d1, a2); c3 = mac(h, c3, d4, n9); c3 = mac(h, c3, d5, n8);
  c3 = mac(h, c3, d6, n7);
  c4 = ext(h, d0, a4);
  c4 = mac(h, c4, q1, a3); c4 = mac(h, c4, a2, a2); c4 = mac(h, c4, q5, n9);
  c4 = mac(h, c4, d6, n8); c4 = mac(h, c4, d7, n7);
  c5 = ext(h, d0, a5);
  c5 = mac(h, c5, d1, a4); c5 = mac(h, c5, d2, a3); c5 = mac(h, c5, d6, n9);
  c5 = mac(h, c5, d7, n8);
  c6 = ext(h, d0, a6);
  c6 = mac(h, c6, q1, a5); c6 = mac(h, c6, d2, a4); c6 = mac(h, c6, d3, a3);
  c6 = mac(h, c6, q7, n9); c6 = mac(h, c6, a8, n8);
  c7 = ext(h, d0, a7);
  c7 = mac(h, c7, d1, a6); c7 = mac(h, c7, d2, a5); c7 = mac(h, c7, d3, a4);
  c7 = mac(h, c7, d8, n9);
  c8 = ext(h, d0, a8);
  c8 = mac(h, c8, q1, a7); c8 = mac(h, c8, d2, a6); c8 = mac(h, c8, q3, a5);
  c8 = mac(h, c8, a4, a4); c8 = mac(h, c8, d9, n9);
  c9 = ext(h, d0, a9);
  c9 = mac(h, c9, d1, a8); c9 = mac(h, c9, d2, a7); c9 = mac(h, c9, d3, a6);
  c9 = mac(h, c9, d4, a5);
  carryColumns(h, o, c0, c1, c2, c3, c4, c5, c6, c7, c8, c9);
}


@inline
function store19(at: usize, b: usize): void {
  v128.store(TIMES19 + at, i32x4.mul(v128.load(b + at), v128.load(K, K_NINETEEN)));
}

// o = a * b, reduced. One factor reduced, the other reduced or loose. o may be a or b: lanes 0 and 1 wait in LOW_HALF
// until both factors are read.
export function mul(o: usize, a: usize, b: usize): void {
  store19(16, b);
  store19(32, b);
  store19(48, b);
  store19(64, b);
  store19(80, b);
  store19(96, b);
  store19(112, b);
  store19(128, b);
  store19(144, b);
  productHalf(false, o, a, b);
  productHalf(true, o, a, b);
}

// o = a^2, reduced. a reduced.
export function square(o: usize, a: usize): void {
  store19(80, a);
  store19(96, a);
  store19(112, a);
  store19(128, a);
  store19(144, a);
  squareHalf(false, o, a);
  squareHalf(true, o, a);
}

// o = a + b, loose when a and b are reduced.
@inline
export function add(o: usize, a: usize, b: usize): void {
  v128.store(o, i32x4.add(v128.load(a, 0), v128.load(b, 0)), 0);
  v128.store(o, i32x4.add(v128.load(a, 16), v128.load(b, 16)), 16);
  v128.store(o, i32x4.add(v128.load(a, 32), v128.load(b, 32)), 32);
  v128.store(o, i32x4.add(v128.load(a, 48), v128.load(b, 48)), 48);
  v128.store(o, i32x4.add(v128.load(a, 64), v128.load(b, 64)), 64);
  v128.store(o, i32x4.add(v128.load(a, 80), v128.load(b, 80)), 80);
  v128.store(o, i32x4.add(v128.load(a, 96), v128.load(b, 96)), 96);
  v128.store(o, i32x4.add(v128.load(a, 112), v128.load(b, 112)), 112);
  v128.store(o, i32x4.add(v128.load(a, 128), v128.load(b, 128)), 128);
  v128.store(o, i32x4.add(v128.load(a, 144), v128.load(b, 144)), 144);
}

// o = a - b, loose when a and b are reduced.
@inline
export function sub(o: usize, a: usize, b: usize): void {
  v128.store(o, i32x4.sub(v128.load(a, 0), v128.load(b, 0)), 0);
  v128.store(o, i32x4.sub(v128.load(a, 16), v128.load(b, 16)), 16);
  v128.store(o, i32x4.sub(v128.load(a, 32), v128.load(b, 32)), 32);
  v128.store(o, i32x4.sub(v128.load(a, 48), v128.load(b, 48)), 48);
  v128.store(o, i32x4.sub(v128.load(a, 64), v128.load(b, 64)), 64);
  v128.store(o, i32x4.sub(v128.load(a, 80), v128.load(b, 80)), 80);
  v128.store(o, i32x4.sub(v128.load(a, 96), v128.load(b, 96)), 96);
  v128.store(o, i32x4.sub(v128.load(a, 112), v128.load(b, 112)), 112);
  v128.store(o, i32x4.sub(v128.load(a, 128), v128.load(b, 128)), 128);
  v128.store(o, i32x4.sub(v128.load(a, 144), v128.load(b, 144)), 144);
}

// o = a, reduced. a up to 2^30 per limb.
// prettier-ignore
export function carry(o: usize, a: usize): void {
  const a0 = v128.load(a, 0), a1 = v128.load(a, 16), a2 = v128.load(a, 32), a3 = v128.load(a, 48);
  const a4 = v128.load(a, 64), a5 = v128.load(a, 80), a6 = v128.load(a, 96), a7 = v128.load(a, 112);
  const a8 = v128.load(a, 128), a9 = v128.load(a, 144);
  const half26 = i32x4.splat(1 << 25), half25 = i32x4.splat(1 << 24);
  const t0 = i32x4.shr_s(i32x4.add(a0, half26), 26);
  const t1 = i32x4.shr_s(i32x4.add(a1, half25), 25);
  const t2 = i32x4.shr_s(i32x4.add(a2, half26), 26);
  const t3 = i32x4.shr_s(i32x4.add(a3, half25), 25);
  const t4 = i32x4.shr_s(i32x4.add(a4, half26), 26);
  const t5 = i32x4.shr_s(i32x4.add(a5, half25), 25);
  const t6 = i32x4.shr_s(i32x4.add(a6, half26), 26);
  const t7 = i32x4.shr_s(i32x4.add(a7, half25), 25);
  const t8 = i32x4.shr_s(i32x4.add(a8, half26), 26);
  const t9 = i32x4.shr_s(i32x4.add(a9, half25), 25);
  v128.store(o, i32x4.add(i32x4.sub(a0, i32x4.shl(t0, 26)), i32x4.mul(t9, v128.load(K, K_NINETEEN))), 0);
  v128.store(o, i32x4.add(i32x4.sub(a1, i32x4.shl(t1, 25)), t0), 16);
  v128.store(o, i32x4.add(i32x4.sub(a2, i32x4.shl(t2, 26)), t1), 32);
  v128.store(o, i32x4.add(i32x4.sub(a3, i32x4.shl(t3, 25)), t2), 48);
  v128.store(o, i32x4.add(i32x4.sub(a4, i32x4.shl(t4, 26)), t3), 64);
  v128.store(o, i32x4.add(i32x4.sub(a5, i32x4.shl(t5, 25)), t4), 80);
  v128.store(o, i32x4.add(i32x4.sub(a6, i32x4.shl(t6, 26)), t5), 96);
  v128.store(o, i32x4.add(i32x4.sub(a7, i32x4.shl(t7, 25)), t6), 112);
  v128.store(o, i32x4.add(i32x4.sub(a8, i32x4.shl(t8, 26)), t7), 128);
  v128.store(o, i32x4.add(i32x4.sub(a9, i32x4.shl(t9, 25)), t8), 144);
}


@inline
export function copy(o: usize, a: usize): void {
  memory.copy(o, a, 160);
}

// o = a in the lanes where mask is all ones, b elsewhere.
@inline
export function select(o: usize, a: usize, b: usize, mask: v128): void {
  v128.store(o, v128.bitselect(v128.load(a, 0), v128.load(b, 0), mask), 0);
  v128.store(o, v128.bitselect(v128.load(a, 16), v128.load(b, 16), mask), 16);
  v128.store(o, v128.bitselect(v128.load(a, 32), v128.load(b, 32), mask), 32);
  v128.store(o, v128.bitselect(v128.load(a, 48), v128.load(b, 48), mask), 48);
  v128.store(o, v128.bitselect(v128.load(a, 64), v128.load(b, 64), mask), 64);
  v128.store(o, v128.bitselect(v128.load(a, 80), v128.load(b, 80), mask), 80);
  v128.store(o, v128.bitselect(v128.load(a, 96), v128.load(b, 96), mask), 96);
  v128.store(o, v128.bitselect(v128.load(a, 112), v128.load(b, 112), mask), 112);
  v128.store(o, v128.bitselect(v128.load(a, 128), v128.load(b, 128), mask), 128);
  v128.store(o, v128.bitselect(v128.load(a, 144), v128.load(b, 144), mask), 144);
}

// o = -a in the lanes where mask is all ones, a elsewhere. Same bounds as a.
@inline
export function negateIf(o: usize, a: usize, mask: v128): void {
  v128.store(o, i32x4.sub(v128.xor(v128.load(a, 0), mask), mask), 0);
  v128.store(o, i32x4.sub(v128.xor(v128.load(a, 16), mask), mask), 16);
  v128.store(o, i32x4.sub(v128.xor(v128.load(a, 32), mask), mask), 32);
  v128.store(o, i32x4.sub(v128.xor(v128.load(a, 48), mask), mask), 48);
  v128.store(o, i32x4.sub(v128.xor(v128.load(a, 64), mask), mask), 64);
  v128.store(o, i32x4.sub(v128.xor(v128.load(a, 80), mask), mask), 80);
  v128.store(o, i32x4.sub(v128.xor(v128.load(a, 96), mask), mask), 96);
  v128.store(o, i32x4.sub(v128.xor(v128.load(a, 112), mask), mask), 112);
  v128.store(o, i32x4.sub(v128.xor(v128.load(a, 128), mask), mask), 128);
  v128.store(o, i32x4.sub(v128.xor(v128.load(a, 144), mask), mask), 144);
}

// The mask of the lanes given as 0 or -1.
@inline
export function laneMask(lane0: i64, lane1: i64, lane2: i64, lane3: i64): v128 {
  const mask = i32x4.replace_lane(i32x4.splat(<i32>lane0), 1, <i32>lane1);
  return i32x4.replace_lane(i32x4.replace_lane(mask, 2, <i32>lane2), 3, <i32>lane3);
}

const FROZEN: usize = memory.data(10 * 16, 16);

// FROZEN = the representative of a in [0, p), as 10 unsigned limbs per lane. a reduced.
// A reduced element lies in (-p, p), so its quotient by p is its sign: -1 or 0, the last carry of a chain whose sums are
// dropped. A second chain then adds p to the negative ones: 19 taken off, and bit 255 dropped.
// prettier-ignore
function freeze(a: usize): void {
  let a0 = v128.load(a, 0);
  let a1 = v128.load(a, 16);
  let a2 = v128.load(a, 32);
  let a3 = v128.load(a, 48);
  let a4 = v128.load(a, 64);
  let a5 = v128.load(a, 80);
  let a6 = v128.load(a, 96);
  let a7 = v128.load(a, 112);
  let a8 = v128.load(a, 128);
  let a9 = v128.load(a, 144);
  let q = i32x4.shr_s(a0, 26);
  q = i32x4.shr_s(i32x4.add(a1, q), 25);
  q = i32x4.shr_s(i32x4.add(a2, q), 26);
  q = i32x4.shr_s(i32x4.add(a3, q), 25);
  q = i32x4.shr_s(i32x4.add(a4, q), 26);
  q = i32x4.shr_s(i32x4.add(a5, q), 25);
  q = i32x4.shr_s(i32x4.add(a6, q), 26);
  q = i32x4.shr_s(i32x4.add(a7, q), 25);
  q = i32x4.shr_s(i32x4.add(a8, q), 26);
  q = i32x4.shr_s(i32x4.add(a9, q), 25);
  a0 = i32x4.add(a0, i32x4.mul(q, v128.load(K, K_NINETEEN)));
  const mask26 = i32x4.splat((1 << 26) - 1), mask25 = i32x4.splat((1 << 25) - 1);
  a1 = i32x4.add(a1, i32x4.shr_s(a0, 26)); v128.store(FROZEN, v128.and(a0, mask26), 0);
  a2 = i32x4.add(a2, i32x4.shr_s(a1, 25)); v128.store(FROZEN, v128.and(a1, mask25), 16);
  a3 = i32x4.add(a3, i32x4.shr_s(a2, 26)); v128.store(FROZEN, v128.and(a2, mask26), 32);
  a4 = i32x4.add(a4, i32x4.shr_s(a3, 25)); v128.store(FROZEN, v128.and(a3, mask25), 48);
  a5 = i32x4.add(a5, i32x4.shr_s(a4, 26)); v128.store(FROZEN, v128.and(a4, mask26), 64);
  a6 = i32x4.add(a6, i32x4.shr_s(a5, 25)); v128.store(FROZEN, v128.and(a5, mask25), 80);
  a7 = i32x4.add(a7, i32x4.shr_s(a6, 26)); v128.store(FROZEN, v128.and(a6, mask26), 96);
  a8 = i32x4.add(a8, i32x4.shr_s(a7, 25)); v128.store(FROZEN, v128.and(a7, mask25), 112);
  a9 = i32x4.add(a9, i32x4.shr_s(a8, 26)); v128.store(FROZEN, v128.and(a8, mask26), 128);
  v128.store(FROZEN, v128.and(a9, mask25), 144);
}

// Lanes whose representative in [0, p) is odd (RFC 9496: negative). a reduced.
export function isNegative(a: usize): v128 {
  freeze(a);
  return i32x4.neg(v128.and(v128.load(FROZEN), i32x4.splat(1)));
}

// Lanes that are 0 mod p. a reduced.
export function isZero(a: usize): v128 {
  freeze(a);
  let any = v128.load(FROZEN);
  for (let at: usize = 16; at < 160; at += 16) any = v128.or(any, v128.load(FROZEN + at));
  return i32x4.eq(any, i32x4.splat(0));
}

// Canonical 32 bytes of each lane at o, o + 32, o + 64, o + 96. a reduced.
// Limb k starts at bit ceil(25.5 k): 0, 26, 51, 77, 102, 128, 153, 179, 204, 230.
export function toBytes(o: usize, a: usize): void {
  freeze(a);
  for (let lane: usize = 0; lane < LANES; lane++) {
    const p = FROZEN + (lane << 2);
    const x0: u64 = load<u32>(p),
      x1: u64 = load<u32>(p, 16),
      x2: u64 = load<u32>(p, 32),
      x3: u64 = load<u32>(p, 48);
    const x4: u64 = load<u32>(p, 64),
      x5: u64 = load<u32>(p, 80),
      x6: u64 = load<u32>(p, 96),
      x7: u64 = load<u32>(p, 112);
    const x8: u64 = load<u32>(p, 128),
      x9: u64 = load<u32>(p, 144);
    store<u64>(o, x0 | (x1 << 26) | (x2 << 51), 0);
    store<u64>(o, (x2 >> 13) | (x3 << 13) | (x4 << 38), 8);
    store<u64>(o, x5 | (x6 << 25) | (x7 << 51), 16);
    store<u64>(o, (x7 >> 13) | (x8 << 12) | (x9 << 38), 24);
    o += 32;
  }
}

// Bits [from, from + size) of the 32 bytes at p; they end below bit 256 and span at most 33 bits from a byte boundary.
@inline
function bits(p: usize, from: usize, size: i32): i32 {
  const window: u64 =
    load<u32>(p + (from >> 3)) | ((<u64>load<u8>(p + min<usize>((from >> 3) + 4, 31))) << 32);
  return (<i32>(window >> (from & 7))) & ((1 << size) - 1);
}

// Lane of o = the 32 bytes at p, bit 255 ignored, any value below 2^255. Reduced.
export function fromBytes(o: usize, lane: usize, p: usize): void {
  o += lane << 2;
  const first = o;
  let c: i32 = 0;
  for (let k: usize = 0; k < 10; k++) {
    const size: i32 = k & 1 ? 25 : 26;
    const x = bits(p, (51 * k + 1) >> 1, size) + c;
    c = (x + (1 << (size - 1))) >> size;
    store<i32>(o, x - (c << size));
    o += 16;
  }
  store<i32>(first, load<i32>(first) + 19 * c);
}

// The packed form of one lane, 40 bytes: what tables hold.
@inline
export function pack(o: usize, a: usize, lane: usize): void {
  a += lane << 2;
  store<i32>(o, load<i32>(a, 0), 0);
  store<i32>(o, load<i32>(a, 16), 4);
  store<i32>(o, load<i32>(a, 32), 8);
  store<i32>(o, load<i32>(a, 48), 12);
  store<i32>(o, load<i32>(a, 64), 16);
  store<i32>(o, load<i32>(a, 80), 20);
  store<i32>(o, load<i32>(a, 96), 24);
  store<i32>(o, load<i32>(a, 112), 28);
  store<i32>(o, load<i32>(a, 128), 32);
  store<i32>(o, load<i32>(a, 144), 36);
}

// o = the packed elements at p0..p3: rows of limbs become limbs of lanes. Three transpositions by shuffles instead of
// forty single-lane loads.
// prettier-ignore
@inline
export function gather(o: usize, p0: usize, p1: usize, p2: usize, p3: usize): void {
  transpose(o, v128.load(p0), v128.load(p1), v128.load(p2), v128.load(p3));
  transpose(o + 64, v128.load(p0, 16), v128.load(p1, 16), v128.load(p2, 16), v128.load(p3, 16));
  const t01 = v128.shuffle<i32>(v128.load64_zero(p0, 32), v128.load64_zero(p1, 32), 0, 4, 1, 5);
  const t23 = v128.shuffle<i32>(v128.load64_zero(p2, 32), v128.load64_zero(p3, 32), 0, 4, 1, 5);
  v128.store(o, v128.shuffle<i64>(t01, t23, 0, 2), 128);
  v128.store(o, v128.shuffle<i64>(t01, t23, 1, 3), 144);
}


@inline
function transpose(o: usize, r0: v128, r1: v128, r2: v128, r3: v128): void {
  const low01 = v128.shuffle<i32>(r0, r1, 0, 4, 1, 5),
    low23 = v128.shuffle<i32>(r2, r3, 0, 4, 1, 5);
  const high01 = v128.shuffle<i32>(r0, r1, 2, 6, 3, 7),
    high23 = v128.shuffle<i32>(r2, r3, 2, 6, 3, 7);
  v128.store(o, v128.shuffle<i64>(low01, low23, 0, 2), 0);
  v128.store(o, v128.shuffle<i64>(low01, low23, 1, 3), 16);
  v128.store(o, v128.shuffle<i64>(high01, high23, 0, 2), 32);
  v128.store(o, v128.shuffle<i64>(high01, high23, 1, 3), 48);
}

// o = (the packed elements at p0..p3, negated where mask is all ones) - a. Loose.
// prettier-ignore
@inline
export function gatherSub(o: usize, p0: usize, p1: usize, p2: usize, p3: usize, mask: v128, a: usize): void {
  gather(o, p0, p1, p2, p3);
  negateIf(o, o, mask);
  sub(o, o, a);
}
