// Integers modulo L = 2^252 + 27742317777372353535851937790883648493, the order of ristretto255 (RFC 9496, section 4).
//
// Scalars are 32 bytes little-endian, canonical when below L. Nothing here is constant time: FileTAO's scalars are hashes
// of stored data and blindings that the opening publishes.
const L0: u64 = 0x5812631a5cf5d3ed;
const L1: u64 = 0x14def9dea2f79cd6;
const L3: u64 = 0x1000000000000000; // bits 128..191 of L are 0

// L - 2^252 in limbs of 28 bits.
const C0: i64 = 0xcf5d3ed;
const C1: i64 = 0x12631a5;
const C2: i64 = 0x79cd658;
const C3: i64 = 0xf9dea2f;
const C4: i64 = 0x14de;
const MASK28: i64 = (1 << 28) - 1;

// True when the 32 bytes at p are below L.
export function scalarIsCanonical(p: usize): bool {
  const s3 = load<u64>(p, 24);
  if (s3 != L3) return s3 < L3;
  if (load<u64>(p, 16) != 0) return false;
  const s1 = load<u64>(p, 8);
  return s1 != L1 ? s1 < L1 : load<u64>(p) < L0;
}


@inline
function storeDifference(
  o: usize,
  a0: u64,
  a1: u64,
  a2: u64,
  a3: u64,
  b0: u64,
  b1: u64,
  b2: u64,
  b3: u64,
): void {
  let borrow: u64 = u64(a0 < b0);
  store<u64>(o, a0 - b0, 0);
  let d = a1 - b1;
  store<u64>(o, d - borrow, 8);
  borrow = u64(a1 < b1) | u64(d < borrow);
  d = a2 - b2;
  store<u64>(o, d - borrow, 16);
  borrow = u64(a2 < b2) | u64(d < borrow);
  store<u64>(o, a3 - b3 - borrow, 24);
}

const MULTIPLES: usize = memory.data(16 * 32, 16); // 0..15 times L
for (let k: usize = 1; k < 16; k++) storeSum(MULTIPLES + (k << 5), MULTIPLES + ((k - 1) << 5), L0, L1, 0, L3);

// o = the 32 bytes at a + b mod 2^256.
function storeSum(o: usize, a: usize, b0: u64, b1: u64, b2: u64, b3: u64): void {
  const s0 = load<u64>(a, 0) + b0,
    s1 = load<u64>(a, 8) + b1,
    s2 = load<u64>(a, 16) + b2;
  const c0 = u64(s0 < b0);
  const c1 = u64(s1 < b1) | u64(s1 + c0 < c0);
  const c2 = u64(s2 < b2) | u64(s2 + c1 < c1);
  store<u64>(o, s0, 0);
  store<u64>(o, s1 + c0, 8);
  store<u64>(o, s2 + c1, 16);
  store<u64>(o, load<u64>(a, 24) + b3 + c2, 24);
}

// o = the 32 bytes at p mod L. o may be p.
// The quotient by 2^252 is the quotient by L or one more.
export function scalarReduce(o: usize, p: usize): void {
  const multiple = MULTIPLES + (((<usize>load<u8>(p, 31)) >> 4) << 5);
  storeDifference(
    o,
    load<u64>(p, 0),
    load<u64>(p, 8),
    load<u64>(p, 16),
    load<u64>(p, 24),
    load<u64>(multiple, 0),
    load<u64>(multiple, 8),
    load<u64>(multiple, 16),
    load<u64>(multiple, 24),
  );
  if (load<i64>(o, 24) < 0) storeSum(o, o, L0, L1, 0, L3);
}

// Bits [28 k, 28 k + 28) of the bytes at p; k < 18 for 64 bytes.
@inline
function limb28(p: usize, k: usize): i64 {
  const bit: usize = 28 * k;
  return (load<u32>(p + (bit >> 3)) >> ((<u32>bit) & 7)) & MASK28;
}

// o = the 64 bytes at p mod L.
// 252 is nine limbs of 28 bits, so 2^252 = -C folds the limbs from the ninth on, times C, back onto the first nine: three
// folds take 512 bits to 253. Sums of five 56-bit products need no carry in between.
export function scalarReduceWide(o: usize, p: usize): void {
  const h0 = limb28(p, 9),
    h1 = limb28(p, 10),
    h2 = limb28(p, 11),
    h3 = limb28(p, 12),
    h4 = limb28(p, 13);
  const h5 = limb28(p, 14),
    h6 = limb28(p, 15),
    h7 = limb28(p, 16),
    h8 = limb28(p, 17);
  const h9: i64 = load<u8>(p, 63); // bits 504..511

  // x - h * 2^252 - h * C: limbs 0..13, signed
  let x0 = limb28(p, 0) - h0 * C0;
  let x1 = limb28(p, 1) - h0 * C1 - h1 * C0;
  let x2 = limb28(p, 2) - h0 * C2 - h1 * C1 - h2 * C0;
  let x3 = limb28(p, 3) - h0 * C3 - h1 * C2 - h2 * C1 - h3 * C0;
  let x4 = limb28(p, 4) - h0 * C4 - h1 * C3 - h2 * C2 - h3 * C1 - h4 * C0;
  let x5 = limb28(p, 5) - h1 * C4 - h2 * C3 - h3 * C2 - h4 * C1 - h5 * C0;
  let x6 = limb28(p, 6) - h2 * C4 - h3 * C3 - h4 * C2 - h5 * C1 - h6 * C0;
  let x7 = limb28(p, 7) - h3 * C4 - h4 * C3 - h5 * C2 - h6 * C1 - h7 * C0;
  let x8 = limb28(p, 8) - h4 * C4 - h5 * C3 - h6 * C2 - h7 * C1 - h8 * C0;
  let x9 = -h5 * C4 - h6 * C3 - h7 * C2 - h8 * C1 - h9 * C0;
  let x10 = -h6 * C4 - h7 * C3 - h8 * C2 - h9 * C1;
  let x11 = -h7 * C4 - h8 * C3 - h9 * C2;
  let x12 = -h8 * C4 - h9 * C3;
  let x13 = -h9 * C4;

  // Carry the limbs to be folded into 28 bits; x13 takes the sign.
  x1 += x0 >> 28;
  x0 &= MASK28;
  x2 += x1 >> 28;
  x1 &= MASK28;
  x3 += x2 >> 28;
  x2 &= MASK28;
  x4 += x3 >> 28;
  x3 &= MASK28;
  x5 += x4 >> 28;
  x4 &= MASK28;
  x6 += x5 >> 28;
  x5 &= MASK28;
  x7 += x6 >> 28;
  x6 &= MASK28;
  x8 += x7 >> 28;
  x7 &= MASK28;
  x9 += x8 >> 28;
  x8 &= MASK28;
  x10 += x9 >> 28;
  x9 &= MASK28;
  x11 += x10 >> 28;
  x10 &= MASK28;
  x12 += x11 >> 28;
  x11 &= MASK28;
  x13 += x12 >> 28;
  x12 &= MASK28;

  x0 -= x9 * C0;
  x1 -= x9 * C1 + x10 * C0;
  x2 -= x9 * C2 + x10 * C1 + x11 * C0;
  x3 -= x9 * C3 + x10 * C2 + x11 * C1 + x12 * C0;
  x4 -= x9 * C4 + x10 * C3 + x11 * C2 + x12 * C1 + x13 * C0;
  x5 -= x10 * C4 + x11 * C3 + x12 * C2 + x13 * C1;
  x6 -= x11 * C4 + x12 * C3 + x13 * C2;
  x7 -= x12 * C4 + x13 * C3;
  x8 -= x13 * C4;

  x1 += x0 >> 28;
  x0 &= MASK28;
  x2 += x1 >> 28;
  x1 &= MASK28;
  x3 += x2 >> 28;
  x2 &= MASK28;
  x4 += x3 >> 28;
  x3 &= MASK28;
  x5 += x4 >> 28;
  x4 &= MASK28;
  x6 += x5 >> 28;
  x5 &= MASK28;
  x7 += x6 >> 28;
  x6 &= MASK28;
  x8 += x7 >> 28;
  x7 &= MASK28;

  // The last fold subtracts q C with q = x div 2^252, plus one so that the result is certainly negative, then adds L back
  // while it is: |q| is tiny, so at most a few rounds.
  const q = (x8 >> 28) + 1;
  x8 -= q << 28;
  x0 -= q * C0;
  x1 -= q * C1;
  x2 -= q * C2;
  x3 -= q * C3;
  x4 -= q * C4;
  do {
    x0 += C0;
    x1 += C1;
    x2 += C2;
    x3 += C3;
    x4 += C4;
    x8 += 1 << 28;
    x1 += x0 >> 28;
    x0 &= MASK28;
    x2 += x1 >> 28;
    x1 &= MASK28;
    x3 += x2 >> 28;
    x2 &= MASK28;
    x4 += x3 >> 28;
    x3 &= MASK28;
    x5 += x4 >> 28;
    x4 &= MASK28;
    x6 += x5 >> 28;
    x5 &= MASK28;
    x7 += x6 >> 28;
    x6 &= MASK28;
    x8 += x7 >> 28;
    x7 &= MASK28;
  } while (x8 < 0);
  store<u64>(o, x0 | (x1 << 28) | (x2 << 56), 0);
  store<u64>(o, (x2 >> 8) | (x3 << 20) | (x4 << 48), 8);
  store<u64>(o, (x4 >> 16) | (x5 << 12) | (x6 << 40), 16);
  store<u64>(o, (x6 >> 24) | (x7 << 4) | (x8 << 32), 24);
  scalarReduce(o, o);
}

// n canonical scalars at o from n * 64 bytes at p.
export function scalarReduceWideBatch(p: usize, n: usize, o: usize): void {
  for (let i: usize = 0; i < n; i++) scalarReduceWide(o + (i << 5), p + (i << 6));
}

// Signed odd digits. Every integer 0 < s < L has the form
//   +-s = sum over i < bits / window of d_i * 2^(window * i), all d_i odd, |d_i| < 2^window,
// after s is replaced by L - s, sign flipped, if it is even: L is odd. No digit is 0, so every window adds one table entry
// and the table needs only odd multiples. With B = (s - 1) / 2 + 2^(bits - 1), window i of B, c, gives d = 2 c + 1 - 2^window.
// s = 0 becomes -L, the same element.
export const RECODED: usize = 48; // bytes: B (40, zero-padded), then 0 or -1 as i64, the sign
export const RECODED_SIGN: usize = 40;

const REDUCED: usize = memory.data(32, 16);

// The digits of the 32 bytes at p mod L. bits: 253..264.
export function scalarRecode(o: usize, p: usize, bits: i32): void {
  scalarReduce(REDUCED, p);
  const isEven = !(load<u8>(REDUCED) & 1);
  if (isEven) {
    storeDifference(
      REDUCED,
      L0,
      L1,
      0,
      L3,
      load<u64>(REDUCED, 0),
      load<u64>(REDUCED, 8),
      load<u64>(REDUCED, 16),
      load<u64>(REDUCED, 24),
    );
  }
  const s0 = load<u64>(REDUCED, 0),
    s1 = load<u64>(REDUCED, 8),
    s2 = load<u64>(REDUCED, 16),
    s3 = load<u64>(REDUCED, 24);
  const top = bits - 1;
  store<u64>(o, (s0 >> 1) | (s1 << 63), 0);
  store<u64>(o, (s1 >> 1) | (s2 << 63), 8);
  store<u64>(o, (s2 >> 1) | (s3 << 63), 16);
  store<u64>(o, (s3 >> 1) + (top < 256 ? (<u64>1) << (top - 192) : 0), 24);
  store<u64>(o, top < 256 ? 0 : (<u64>1) << (top - 256), 32);
  store<i64>(o, isEven ? -1 : 0, RECODED_SIGN);
}
