// GF(2^255 - 19) on fused multiply-add: two elements per SIMD operation, limbs are doubles.
//
// An element is 5 signed limbs of radix 2^51; both lanes of a limb share one v128, so an element pair is 80 bytes.
// The technique is the split of a 106-bit product into two exact doubles by FMA (Emmart, Zheng, Weems, "Faster modular
// exponentiation using double precision floating point arithmetic on the GPU", ARITH 2018), here with the sums taken on
// the raw bits of the doubles.
//
// Bounds, per limb:
//   reduced  |x| <= 2^50 + 2^13. Every function that says "reduced" delivers this.
//   loose    |x| <= 3 * (2^50 + 2^13): the sum or difference of at most three reduced elements, not carried.
// A product needs every |a_i * b_j| < 2^102, so reduced * reduced and reduced * loose are safe and loose * loose is not.
// A square needs a reduced input. test/domain/core/field25519.test.ts drives these limits against BigInt.
//
// Measured on Node 20, one core, per element: multiplication 12 ns, square 8 ns; plain SIMD takes 26 and 14 ns.

export const LANES: usize = 2;

// Splitting a product p = a*b, |p| < 2^102:
//   h = fma(a, b, C1)       the sum lies in [2^103, 2^104), whose ulp is 2^51: h = C1 + 2^51 * round(p / 2^51)
//   l = fma(a, b, C2 - h)   with C2 = C1 + 1.5 * 2^52: l = 1.5 * 2^52 + (p mod 2^51, signed), exact
// The low bits of both doubles are then plain integers, over the constant bits of C1 and of 1.5 * 2^52.
const HIGH_BITS: u64 = 0x4668000000000000; // C1 = 1.5 * 2^103
const LOW_BITS: u64 = 0x4338000000000000; // 1.5 * 2^52
const SPLIT_BITS: u64 = 0x4668000000000003; // C2

// A column sums the bits of up to 5 low parts and 5 high parts, then takes 19 times the column 5 places up. Of the true
// value |r| <= 20 * (5 * 2^50 + 5 * 2^51) < 150 * 2^51 remains once the constant bits are subtracted; OFFSET makes it
// positive for the unsigned shift (SSE has no arithmetic 64-bit shift) and centres the remainder.
const OFFSET: u64 = (256 << 51) + (1 << 50);

// Counts of (low, high) parts per column 0..4, folded: own column + 19 * the column 5 up.
const PRODUCT_BIAS_0: u64 = OFFSET - (1 + 19 * 4) * LOW_BITS - (0 + 19 * 5) * HIGH_BITS;
const PRODUCT_BIAS_1: u64 = OFFSET - (2 + 19 * 3) * LOW_BITS - (1 + 19 * 4) * HIGH_BITS;
const PRODUCT_BIAS_2: u64 = OFFSET - (3 + 19 * 2) * LOW_BITS - (2 + 19 * 3) * HIGH_BITS;
const PRODUCT_BIAS_3: u64 = OFFSET - (4 + 19 * 1) * LOW_BITS - (3 + 19 * 2) * HIGH_BITS;
const PRODUCT_BIAS_4: u64 = OFFSET - (5 + 19 * 0) * LOW_BITS - (4 + 19 * 1) * HIGH_BITS;
// A square has each mixed product once, doubled.
const SQUARE_BIAS_0: u64 = OFFSET - (1 + 19 * 2) * LOW_BITS - (0 + 19 * 3) * HIGH_BITS;
const SQUARE_BIAS_1: u64 = OFFSET - (1 + 19 * 2) * LOW_BITS - (1 + 19 * 2) * HIGH_BITS;
const SQUARE_BIAS_2: u64 = OFFSET - (2 + 19 * 1) * LOW_BITS - (1 + 19 * 2) * HIGH_BITS;
const SQUARE_BIAS_3: u64 = OFFSET - (2 + 19 * 1) * LOW_BITS - (2 + 19 * 1) * HIGH_BITS;
const SQUARE_BIAS_4: u64 = OFFSET - (3 + 19 * 0) * LOW_BITS - (2 + 19 * 1) * HIGH_BITS;

const MASK51: u64 = (1 << 51) - 1;

// v128 constants live in memory: V8 rebuilds an inline v128 constant at every use.
// prettier-ignore
const K: usize = memory.data<u64>([
  HIGH_BITS, HIGH_BITS, SPLIT_BITS, SPLIT_BITS,
  MASK51, MASK51,
  0x4330000000000000, 0x4330000000000000, // 2^52: or-ing 52 integer bits below it makes the double 2^52 + integer
  0x4334000000000100, 0x4334000000000100, // 2^52 + 2^50 + 256: takes OFFSET out of limbs 1..4
  0x4334000000001300, 0x4334000000001300, // 2^52 + 2^50 + 19 * 256: the same for limb 0
  19, 19,
  PRODUCT_BIAS_0, PRODUCT_BIAS_0, PRODUCT_BIAS_1, PRODUCT_BIAS_1, PRODUCT_BIAS_2, PRODUCT_BIAS_2,
  PRODUCT_BIAS_3, PRODUCT_BIAS_3, PRODUCT_BIAS_4, PRODUCT_BIAS_4,
  SQUARE_BIAS_0, SQUARE_BIAS_0, SQUARE_BIAS_1, SQUARE_BIAS_1, SQUARE_BIAS_2, SQUARE_BIAS_2,
  SQUARE_BIAS_3, SQUARE_BIAS_3, SQUARE_BIAS_4, SQUARE_BIAS_4,
  0x3cc0000000000000, 0x3cc0000000000000, // 2^-51
  0x3d03000000000000, 0x3d03000000000000, // 19 * 2^-51
  0x8000000000000000, 0x8000000000000000, // the sign bit
  LOW_BITS, LOW_BITS,
  MASK51 - 18 - LOW_BITS, MASK51 - 18 - LOW_BITS, // limb 0 of p, less the bits of 1.5 * 2^52
  MASK51 - LOW_BITS, MASK51 - LOW_BITS, // limbs 1..4 of p, likewise
], 16);
const K_HIGH: usize = 0;
const K_SPLIT: usize = 16;
const K_MASK51: usize = 32;
const K_TWO52: usize = 48;
const K_CENTRE: usize = 64;
const K_CENTRE_0: usize = 80;
const K_NINETEEN: usize = 96;
const K_PRODUCT_BIAS: usize = 112;
const K_SQUARE_BIAS: usize = 192;
const K_SHIFT: usize = 272;
const K_SHIFT_19: usize = 288;
const K_SIGN: usize = 304;
const K_LOW: usize = 320;
const K_PRIME_0: usize = 336;
const K_PRIME: usize = 352;

// The five biased columns of the product in progress. Spilling them here by hand instead of holding them in locals took
// the multiplication from 17 to 12 ns per element on Node 20, whose register allocator spills far more otherwise.
const COLUMN: usize = memory.data(5 * 16, 16);


@inline
function times19(x: v128): v128 {
  return i64x2.add(i64x2.add(x, i64x2.add(x, x)), i64x2.shl(x, 4));
}


@inline
function high(a: v128, b: v128, c1: v128): v128 {
  return f64x2.relaxed_madd(a, b, c1);
}


@inline
function low(a: v128, b: v128, h: v128, c2: v128): v128 {
  return f64x2.relaxed_madd(a, b, f64x2.sub(c2, h));
}

// Columns of a * b into COLUMN. Every |a_i * b_j| < 2^102.
// Columns 4..8 come first, so that 5..8 are folded by 19 before 0..3 are summed: the order Node 20 schedules best.
// prettier-ignore
@inline
export function productColumns(
  a0: v128, a1: v128, a2: v128, a3: v128, a4: v128,
  b0: v128, b1: v128, b2: v128, b3: v128, b4: v128,
): void {
  const c1 = v128.load(K, K_HIGH), c2 = v128.load(K, K_SPLIT);
  let h: v128, carry: v128, L: v128, H: v128;

  h = high(a0, b4, c1); L = low(a0, b4, h, c2); H = h; // column 4
  h = high(a1, b3, c1); L = i64x2.add(L, low(a1, b3, h, c2)); H = i64x2.add(H, h);
  h = high(a2, b2, c1); L = i64x2.add(L, low(a2, b2, h, c2)); H = i64x2.add(H, h);
  h = high(a3, b1, c1); L = i64x2.add(L, low(a3, b1, h, c2)); H = i64x2.add(H, h);
  h = high(a4, b0, c1); L = i64x2.add(L, low(a4, b0, h, c2)); H = i64x2.add(H, h);
  v128.store(COLUMN, L, 64); carry = H;

  h = high(a1, b4, c1); L = low(a1, b4, h, c2); H = h; // column 5, folded onto 0
  h = high(a2, b3, c1); L = i64x2.add(L, low(a2, b3, h, c2)); H = i64x2.add(H, h);
  h = high(a3, b2, c1); L = i64x2.add(L, low(a3, b2, h, c2)); H = i64x2.add(H, h);
  h = high(a4, b1, c1); L = i64x2.add(L, low(a4, b1, h, c2)); H = i64x2.add(H, h);
  v128.store(COLUMN, times19(i64x2.add(L, carry)), 0); carry = H;

  h = high(a2, b4, c1); L = low(a2, b4, h, c2); H = h; // column 6, onto 1
  h = high(a3, b3, c1); L = i64x2.add(L, low(a3, b3, h, c2)); H = i64x2.add(H, h);
  h = high(a4, b2, c1); L = i64x2.add(L, low(a4, b2, h, c2)); H = i64x2.add(H, h);
  v128.store(COLUMN, times19(i64x2.add(L, carry)), 16); carry = H;

  h = high(a3, b4, c1); L = low(a3, b4, h, c2); H = h; // column 7, onto 2
  h = high(a4, b3, c1); L = i64x2.add(L, low(a4, b3, h, c2)); H = i64x2.add(H, h);
  v128.store(COLUMN, times19(i64x2.add(L, carry)), 32); carry = H;

  h = high(a4, b4, c1); L = low(a4, b4, h, c2); // column 8, onto 3; its high part is column 9, onto 4
  v128.store(COLUMN, times19(i64x2.add(L, carry)), 48);
  v128.store(COLUMN, i64x2.add(v128.load(COLUMN, 64), times19(h)), 64);

  h = high(a0, b0, c1); L = low(a0, b0, h, c2); // column 0
  column(0, L, K_PRODUCT_BIAS); carry = h;

  h = high(a0, b1, c1); L = low(a0, b1, h, c2); H = h; // column 1
  h = high(a1, b0, c1); L = i64x2.add(L, low(a1, b0, h, c2)); H = i64x2.add(H, h);
  column(16, i64x2.add(L, carry), K_PRODUCT_BIAS); carry = H;

  h = high(a0, b2, c1); L = low(a0, b2, h, c2); H = h; // column 2
  h = high(a1, b1, c1); L = i64x2.add(L, low(a1, b1, h, c2)); H = i64x2.add(H, h);
  h = high(a2, b0, c1); L = i64x2.add(L, low(a2, b0, h, c2)); H = i64x2.add(H, h);
  column(32, i64x2.add(L, carry), K_PRODUCT_BIAS); carry = H;

  h = high(a0, b3, c1); L = low(a0, b3, h, c2); H = h; // column 3
  h = high(a1, b2, c1); L = i64x2.add(L, low(a1, b2, h, c2)); H = i64x2.add(H, h);
  h = high(a2, b1, c1); L = i64x2.add(L, low(a2, b1, h, c2)); H = i64x2.add(H, h);
  h = high(a3, b0, c1); L = i64x2.add(L, low(a3, b0, h, c2)); H = i64x2.add(H, h);
  column(48, i64x2.add(L, carry), K_PRODUCT_BIAS);
  column(64, H, K_PRODUCT_BIAS);
}

// Columns of a^2 into COLUMN. a is reduced.
// prettier-ignore
@inline
export function squareColumns(a0: v128, a1: v128, a2: v128, a3: v128, a4: v128): void {
  const c1 = v128.load(K, K_HIGH), c2 = v128.load(K, K_SPLIT);
  const d0 = f64x2.add(a0, a0), d1 = f64x2.add(a1, a1), d2 = f64x2.add(a2, a2), d3 = f64x2.add(a3, a3);
  let h: v128, carry: v128, L: v128, H: v128;

  h = high(d0, a4, c1); L = low(d0, a4, h, c2); H = h; // column 4
  h = high(d1, a3, c1); L = i64x2.add(L, low(d1, a3, h, c2)); H = i64x2.add(H, h);
  h = high(a2, a2, c1); L = i64x2.add(L, low(a2, a2, h, c2)); H = i64x2.add(H, h);
  v128.store(COLUMN, L, 64); carry = H;

  h = high(d1, a4, c1); L = low(d1, a4, h, c2); H = h; // column 5, onto 0
  h = high(d2, a3, c1); L = i64x2.add(L, low(d2, a3, h, c2)); H = i64x2.add(H, h);
  v128.store(COLUMN, times19(i64x2.add(L, carry)), 0); carry = H;

  h = high(d2, a4, c1); L = low(d2, a4, h, c2); H = h; // column 6, onto 1
  h = high(a3, a3, c1); L = i64x2.add(L, low(a3, a3, h, c2)); H = i64x2.add(H, h);
  v128.store(COLUMN, times19(i64x2.add(L, carry)), 16); carry = H;

  h = high(d3, a4, c1); L = low(d3, a4, h, c2); // column 7, onto 2
  v128.store(COLUMN, times19(i64x2.add(L, carry)), 32); carry = h;

  h = high(a4, a4, c1); L = low(a4, a4, h, c2); // column 8, onto 3; column 9, onto 4
  v128.store(COLUMN, times19(i64x2.add(L, carry)), 48);
  v128.store(COLUMN, i64x2.add(v128.load(COLUMN, 64), times19(h)), 64);

  h = high(a0, a0, c1); L = low(a0, a0, h, c2); // column 0
  column(0, L, K_SQUARE_BIAS); carry = h;

  h = high(d0, a1, c1); L = low(d0, a1, h, c2); // column 1
  column(16, i64x2.add(L, carry), K_SQUARE_BIAS); carry = h;

  h = high(d0, a2, c1); L = low(d0, a2, h, c2); H = h; // column 2
  h = high(a1, a1, c1); L = i64x2.add(L, low(a1, a1, h, c2)); H = i64x2.add(H, h);
  column(32, i64x2.add(L, carry), K_SQUARE_BIAS); carry = H;

  h = high(d0, a3, c1); L = low(d0, a3, h, c2); H = h; // column 3
  h = high(d1, a2, c1); L = i64x2.add(L, low(d1, a2, h, c2)); H = i64x2.add(H, h);
  column(48, i64x2.add(L, carry), K_SQUARE_BIAS);
  column(64, H, K_SQUARE_BIAS);
}

// Adds the own sum of a column to what was folded onto it, and removes the constant bits: now 0 < column < 406 * 2^51.
@inline
function column(at: usize, sum: v128, bias: usize): void {
  v128.store(COLUMN + at, i64x2.add(i64x2.add(sum, v128.load(COLUMN + at)), v128.load(K + bias + at)));
}

// Column k, to be carried.
@inline
export function columnAt(k: usize): v128 {
  return v128.load(COLUMN + 16 * k);
}

// A limb from its column and the column below, reduced: its low 51 bits and the carry from below, as a double. One
// parallel carry is enough: |carry| <= 150, times 19 into limb 0.
@inline
export function limb(own: v128, below: v128): v128 {
  const remainder = v128.or(v128.and(own, v128.load(K, K_MASK51)), v128.load(K, K_TWO52));
  return f64x2.sub(i64x2.add(remainder, i64x2.shr_u(below, 51)), v128.load(K, K_CENTRE));
}

// Limb 0, from its column and column 4.
@inline
export function limb0(own: v128, top: v128): v128 {
  const carry = i16x8.mul(i64x2.shr_u(top, 51), v128.load(K, K_NINETEEN)); // < 2^16
  const remainder = v128.or(v128.and(own, v128.load(K, K_MASK51)), v128.load(K, K_TWO52));
  return f64x2.sub(i64x2.add(remainder, carry), v128.load(K, K_CENTRE_0));
}

// o = the element in COLUMN, reduced.
@inline
export function storeColumns(o: usize): void {
  const v0 = columnAt(0),
    v1 = columnAt(1),
    v2 = columnAt(2),
    v3 = columnAt(3),
    v4 = columnAt(4);
  v128.store(o, limb0(v0, v4), 0);
  v128.store(o, limb(v1, v0), 16);
  v128.store(o, limb(v2, v1), 32);
  v128.store(o, limb(v3, v2), 48);
  v128.store(o, limb(v4, v3), 64);
}

// prettier-ignore
@inline
export function productColumnsOf(a: usize, b: usize): void {
  productColumns(
    v128.load(a, 0), v128.load(a, 16), v128.load(a, 32), v128.load(a, 48), v128.load(a, 64),
    v128.load(b, 0), v128.load(b, 16), v128.load(b, 32), v128.load(b, 48), v128.load(b, 64),
  );
}

// o = a * b, reduced. One factor reduced, the other reduced or loose.
export function mul(o: usize, a: usize, b: usize): void {
  productColumnsOf(a, b);
  storeColumns(o);
}

// o = a^2, reduced. a reduced.
export function square(o: usize, a: usize): void {
  squareColumns(v128.load(a, 0), v128.load(a, 16), v128.load(a, 32), v128.load(a, 48), v128.load(a, 64));
  storeColumns(o);
}

// o = a + b, loose when a and b are reduced.
@inline
export function add(o: usize, a: usize, b: usize): void {
  v128.store(o, f64x2.add(v128.load(a, 0), v128.load(b, 0)), 0);
  v128.store(o, f64x2.add(v128.load(a, 16), v128.load(b, 16)), 16);
  v128.store(o, f64x2.add(v128.load(a, 32), v128.load(b, 32)), 32);
  v128.store(o, f64x2.add(v128.load(a, 48), v128.load(b, 48)), 48);
  v128.store(o, f64x2.add(v128.load(a, 64), v128.load(b, 64)), 64);
}

// o = a - b, loose when a and b are reduced.
@inline
export function sub(o: usize, a: usize, b: usize): void {
  v128.store(o, f64x2.sub(v128.load(a, 0), v128.load(b, 0)), 0);
  v128.store(o, f64x2.sub(v128.load(a, 16), v128.load(b, 16)), 16);
  v128.store(o, f64x2.sub(v128.load(a, 32), v128.load(b, 32)), 32);
  v128.store(o, f64x2.sub(v128.load(a, 48), v128.load(b, 48)), 48);
  v128.store(o, f64x2.sub(v128.load(a, 64), v128.load(b, 64)), 64);
}

// The multiple of 2^51 nearest to x, |x| < 2^101: adding C1 leaves no room for the bits below.
@inline
export function carryOf(x: v128): v128 {
  const c1 = v128.load(K, K_HIGH);
  return f64x2.sub(f64x2.add(x, c1), c1);
}

// Limb x, less its own carry, plus the carry of the limb below. Reduced for |x| < 2^60.
@inline
export function carriedLimb(x: v128, own: v128, below: v128): v128 {
  return f64x2.add(f64x2.sub(x, own), f64x2.mul(below, v128.load(K, K_SHIFT)));
}

// The same for limb 0, which takes 19 times the carry of limb 4.
@inline
export function carriedLimb0(x: v128, own: v128, top: v128): v128 {
  return f64x2.add(f64x2.sub(x, own), f64x2.mul(top, v128.load(K, K_SHIFT_19)));
}

// o = a, reduced. a up to 2^60 per limb.
@inline
export function carry(o: usize, a: usize): void {
  const x0 = v128.load(a, 0),
    x1 = v128.load(a, 16),
    x2 = v128.load(a, 32),
    x3 = v128.load(a, 48),
    x4 = v128.load(a, 64);
  const c0 = carryOf(x0),
    c1 = carryOf(x1),
    c2 = carryOf(x2),
    c3 = carryOf(x3),
    c4 = carryOf(x4);
  v128.store(o, carriedLimb0(x0, c0, c4), 0);
  v128.store(o, carriedLimb(x1, c1, c0), 16);
  v128.store(o, carriedLimb(x2, c2, c1), 32);
  v128.store(o, carriedLimb(x3, c3, c2), 48);
  v128.store(o, carriedLimb(x4, c4, c3), 64);
}


@inline
export function copy(o: usize, a: usize): void {
  memory.copy(o, a, 80);
}

// o = a in the lanes where mask is all ones, b elsewhere.
@inline
export function select(o: usize, a: usize, b: usize, mask: v128): void {
  v128.store(o, v128.bitselect(v128.load(a, 0), v128.load(b, 0), mask), 0);
  v128.store(o, v128.bitselect(v128.load(a, 16), v128.load(b, 16), mask), 16);
  v128.store(o, v128.bitselect(v128.load(a, 32), v128.load(b, 32), mask), 32);
  v128.store(o, v128.bitselect(v128.load(a, 48), v128.load(b, 48), mask), 48);
  v128.store(o, v128.bitselect(v128.load(a, 64), v128.load(b, 64), mask), 64);
}

// o = -a in the lanes where mask is all ones, a elsewhere. Same bounds as a.
@inline
export function negateIf(o: usize, a: usize, mask: v128): void {
  const sign = v128.and(mask, v128.load(K, K_SIGN));
  v128.store(o, v128.xor(v128.load(a, 0), sign), 0);
  v128.store(o, v128.xor(v128.load(a, 16), sign), 16);
  v128.store(o, v128.xor(v128.load(a, 32), sign), 32);
  v128.store(o, v128.xor(v128.load(a, 48), sign), 48);
  v128.store(o, v128.xor(v128.load(a, 64), sign), 64);
}

// The mask of the lanes given as 0 or -1. The last two are for the four-lane build.
@inline
export function laneMask(lane0: i64, lane1: i64, _lane2: i64, _lane3: i64): v128 {
  return i64x2.replace_lane(i64x2.splat(lane0), 1, lane1);
}

// The lane masks from the low bit of each lane's u64.
@inline
function maskOfLowBit(x: v128): v128 {
  return i64x2.sub(i64x2.splat(0), v128.and(x, i64x2.splat(1)));
}

const FROZEN: usize = memory.data(5 * 16, 16);

// FROZEN = the representative of a in [0, p), as 5 u64 limbs of 51 bits per lane. a reduced.
function freeze(a: usize): void {
  const magic = v128.load(K, K_LOW),
    p0 = v128.load(K, K_PRIME_0),
    p1 = v128.load(K, K_PRIME);
  const mask = v128.load(K, K_MASK51);
  // a + p: every limb is now positive, and the value lies in (0, 2p).
  let x0 = i64x2.add(f64x2.add(v128.load(a, 0), magic), p0);
  let x1 = i64x2.add(f64x2.add(v128.load(a, 16), magic), p1);
  let x2 = i64x2.add(f64x2.add(v128.load(a, 32), magic), p1);
  let x3 = i64x2.add(f64x2.add(v128.load(a, 48), magic), p1);
  let x4 = i64x2.add(f64x2.add(v128.load(a, 64), magic), p1);
  // The quotient by p, 0 or 1, is bit 255 of the value + 19.
  let q = i64x2.shr_u(i64x2.add(x0, v128.load(K, K_NINETEEN)), 51);
  q = i64x2.shr_u(i64x2.add(x1, q), 51);
  q = i64x2.shr_u(i64x2.add(x2, q), 51);
  q = i64x2.shr_u(i64x2.add(x3, q), 51);
  q = i64x2.shr_u(i64x2.add(x4, q), 51);
  x0 = i64x2.add(x0, times19(q));
  x1 = i64x2.add(x1, i64x2.shr_u(x0, 51));
  x2 = i64x2.add(x2, i64x2.shr_u(x1, 51));
  x3 = i64x2.add(x3, i64x2.shr_u(x2, 51));
  x4 = i64x2.add(x4, i64x2.shr_u(x3, 51));
  v128.store(FROZEN, v128.and(x0, mask), 0);
  v128.store(FROZEN, v128.and(x1, mask), 16);
  v128.store(FROZEN, v128.and(x2, mask), 32);
  v128.store(FROZEN, v128.and(x3, mask), 48);
  v128.store(FROZEN, v128.and(x4, mask), 64); // drops bit 255
}

// Lanes whose representative in [0, p) is odd (RFC 9496: negative). a reduced.
export function isNegative(a: usize): v128 {
  freeze(a);
  return maskOfLowBit(v128.load(FROZEN));
}

// Lanes that are 0 mod p. a reduced.
export function isZero(a: usize): v128 {
  freeze(a);
  const any = v128.or(
    v128.or(
      v128.or(v128.load(FROZEN), v128.load(FROZEN, 16)),
      v128.or(v128.load(FROZEN, 32), v128.load(FROZEN, 48)),
    ),
    v128.load(FROZEN, 64),
  );
  return i64x2.eq(any, i64x2.splat(0));
}

// Canonical 32 bytes of each lane at o, o + 32. a reduced.
export function toBytes(o: usize, a: usize): void {
  freeze(a);
  for (let lane: usize = 0; lane < LANES; lane++) {
    const p = FROZEN + (lane << 3);
    const x0 = load<u64>(p),
      x1 = load<u64>(p, 16),
      x2 = load<u64>(p, 32),
      x3 = load<u64>(p, 48),
      x4 = load<u64>(p, 64);
    store<u64>(o, x0 | (x1 << 51), 0);
    store<u64>(o, (x1 >> 13) | (x2 << 38), 8);
    store<u64>(o, (x2 >> 26) | (x3 << 25), 16);
    store<u64>(o, (x3 >> 39) | (x4 << 12), 24);
    o += 32;
  }
}

// Lane of o = the 32 bytes at p, bit 255 ignored, any value below 2^255. Reduced.
export function fromBytes(o: usize, lane: usize, p: usize): void {
  const w0 = load<u64>(p),
    w1 = load<u64>(p, 8),
    w2 = load<u64>(p, 16),
    w3 = load<u64>(p, 24);
  let x0: i64 = w0 & MASK51;
  let x1: i64 = ((w0 >> 51) | (w1 << 13)) & MASK51;
  let x2: i64 = ((w1 >> 38) | (w2 << 26)) & MASK51;
  let x3: i64 = ((w2 >> 25) | (w3 << 39)) & MASK51;
  let x4: i64 = (w3 >> 12) & MASK51;
  const half: i64 = 1 << 50;
  let c: i64 = (x0 + half) >> 51;
  x0 -= c << 51;
  x1 += c;
  c = (x1 + half) >> 51;
  x1 -= c << 51;
  x2 += c;
  c = (x2 + half) >> 51;
  x2 -= c << 51;
  x3 += c;
  c = (x3 + half) >> 51;
  x3 -= c << 51;
  x4 += c;
  c = (x4 + half) >> 51;
  x4 -= c << 51;
  x0 += 19 * c;
  o += lane << 3;
  store<f64>(o, <f64>x0, 0);
  store<f64>(o, <f64>x1, 16);
  store<f64>(o, <f64>x2, 32);
  store<f64>(o, <f64>x3, 48);
  store<f64>(o, <f64>x4, 64);
}

// The packed form of one lane, 40 bytes: what tables hold.
@inline
export function pack(o: usize, a: usize, lane: usize): void {
  a += lane << 3;
  store<f64>(o, load<f64>(a, 0), 0);
  store<f64>(o, load<f64>(a, 16), 8);
  store<f64>(o, load<f64>(a, 32), 16);
  store<f64>(o, load<f64>(a, 48), 24);
  store<f64>(o, load<f64>(a, 64), 32);
}

// The limb `at` bytes into the packed elements at p0 (lane 0) and p1 (lane 1).
@inline
export function packedLimb(p0: usize, p1: usize, at: usize): v128 {
  return v128.load64_lane(p1 + at, v128.load64_zero(p0 + at), 1);
}

// o = the packed elements at p0, p1. The last two are for the four-lane build.
@inline
export function gather(o: usize, p0: usize, p1: usize, _p2: usize, _p3: usize): void {
  v128.store(o, packedLimb(p0, p1, 0), 0);
  v128.store(o, packedLimb(p0, p1, 8), 16);
  v128.store(o, packedLimb(p0, p1, 16), 32);
  v128.store(o, packedLimb(p0, p1, 24), 48);
  v128.store(o, packedLimb(p0, p1, 32), 64);
}

// o = (the packed elements at p0, p1, negated where mask is all ones) - a. Loose.
@inline
export function gatherSub(
  o: usize,
  p0: usize,
  p1: usize,
  _p2: usize,
  _p3: usize,
  mask: v128,
  a: usize,
): void {
  const sign = v128.and(mask, v128.load(K, K_SIGN));
  v128.store(o, f64x2.sub(v128.xor(sign, packedLimb(p0, p1, 0)), v128.load(a, 0)), 0);
  v128.store(o, f64x2.sub(v128.xor(sign, packedLimb(p0, p1, 8)), v128.load(a, 16)), 16);
  v128.store(o, f64x2.sub(v128.xor(sign, packedLimb(p0, p1, 16)), v128.load(a, 32)), 32);
  v128.store(o, f64x2.sub(v128.xor(sign, packedLimb(p0, p1, 24)), v128.load(a, 48)), 48);
  v128.store(o, f64x2.sub(v128.xor(sign, packedLimb(p0, p1, 32)), v128.load(a, 64)), 64);
}
