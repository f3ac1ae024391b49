// Pedersen commitments m*G + r*H in ristretto255, many at a time (PROTOCOL section 2).
//
// Fixed-base windows of signed odd digits: m and r have bits / w digits each and every digit selects one table entry, so a
// commitment is 2 * bits / w - 1 additions and nothing else. All commitments of a sub-batch take the same step together:
// affine additions with one shared inversion (affine25519.ts). The windows of G and H alternate, the table of one window
// stays in cache while the whole sub-batch uses it. The generators are halved, so that the encoder, which doubles, gives
// back m*G + r*H (ristretto255.ts).
//
// A step cannot be done affinely when a partial sum meets its own entry or its negative: a denominator is then 0,
// affineFinish says so, and the sub-batch is recomputed on the complete formulas of ristretto255.ts. Results are exact for
// all inputs. As G and H alternate, it takes a coincidence in m and in r at once, and the digits of L leave only one: m and r
// both 0 mod L, whose commitment is the identity element (pedersen.test.ts enumerates the others). So nobody can slow a
// batch down without the discrete logarithm of H or a chunk whose hash is 0.
//
// Measured, us per commitment with encoding, one core of a shared 2-core EPYC, window 11, sub-batch 4096, median (best of
// 40) of one run; the reference is @noble/curves ristretto255, both generators precomputed, multiplyUnsafe.
//   n              4096         64           1          reference
//   fma,  Node 20  4.4 (4.2)    6.6 (5.4)    46 (44)    443 (313)
//   simd, Node 20  8.0 (7.4)    10.5 (9.3)   136 (126)  443 (313)
//   fma,  Node 24  6.0 (3.7)    7.3 (4.8)    49 (42)    505 (306)
//   simd, Node 24  15 (8.0)     15 (9.7)     188 (135)  505 (306)
// The Node 24 run met a busy machine: compare its best figures. Window 13 is 0 to 9 % faster where the cache is ours, and up to
// a fifth slower where neighbours use it.
import {
  SLOT,
  SLOT_X,
  SLOT_Y,
  affineDouble,
  affineFinish,
  affineForward,
  affineForwardPacked,
} from './affine25519';
import { FE, FE_ONE, LANES, PACKED, feAdd, feConstant, feCopy, feFromBytes } from './field25519';
import { feGather, feMul, feNegateIf, fePack, feSelect, feSub, feSubReduced, laneMask } from './field25519';
import { DOUBLING, POINT, POINT_T, POINT_Y, POINT_Z, doublingFinish, doublingOpen } from './ristretto255';
import { pointAdd, pointDouble, pointIdentity } from './ristretto255';
import { RECODED, RECODED_SIGN, scalarRecode, scalarReduce } from './scalar25519';

// Half of G and half of H, of order L, in the coordinates of affine25519.ts. G is the generator of RFC 9496. H is derived
// (RFC 9496, section 4.3.4) from the first 64 XOF bytes of BLAKE3 derive("filetao v1 pedersen H", ""), so that nobody
// knows its logarithm; the test derives it again. Lane l has generator l mod 2.
const HALF_X: usize = memory.data(160, 16);
const HALF_Y: usize = memory.data(160, 16);
// prettier-ignore
const HALF_GENERATORS: usize = memory.data<u64>([
  0xee645ba29f065da0, 0xac6c292766b9425f, 0xbd312a2b5c258624, 0x03f76e82d50ed994, // G/2: x
  0xcd92812aaf794444, 0x3670f6ed3737b85f, 0x69a6a9be8b78e6a1, 0x4fb496935b6322d9, // G/2: y
  0x1187ab83951b5cdb, 0xfb2036e418874cc3, 0x70dbec149d9ee9df, 0x65d4ec353352d2c6, // H/2: x
  0x5516561877a1e763, 0x9dce6e2f9912b467, 0xf87dd90d72eb1748, 0x6b54dd2b3e3361c1, // H/2: y
], 16);

const CONVERT: usize = memory.data(2 * 160, 16);
const A_THIRD: usize = CONVERT; // A / 3
const SQRT_M486664: usize = CONVERT + FE; // sqrt(-(A + 2)), the even one
feConstant(A_THIRD, 0xaaaaaaaaaaad2451, 0xaaaaaaaaaaaaaaaa, 0xaaaaaaaaaaaaaaaa, 0x2aaaaaaaaaaaaaaa);
feConstant(SQRT_M486664, 0xcc6e04aaff457e06, 0xc5a1d3d14b7d1a82, 0xd27b08dc03fc4f7e, 0x0f26edf460a006bb);

const U: usize = memory.data(4 * 160, 16);
const U_PLUS: usize = U + FE;
const U_MINUS: usize = U + 2 * FE;
const CU: usize = U + 3 * FE;

// o = the affine Weierstrass point x, y in projective Edwards coordinates X, Y, Z. RFC 7748, section 4.1:
// (c u / v, (u - 1) / (u + 1)) with c = sqrt(-(A + 2)) and u = x - A/3. Not for the points with v = 0 or u = -1,
// which are of even order.
function toEdwards(o: usize, x: usize, y: usize): void {
  feSubReduced(U, x, A_THIRD);
  feAdd(U_PLUS, U, FE_ONE);
  feSub(U_MINUS, U, FE_ONE);
  feMul(CU, U, SQRT_M486664);
  feMul(o, CU, U_PLUS);
  feMul(o + POINT_Y, y, U_MINUS);
  feMul(o + POINT_Z, y, U_PLUS);
}

// ---- Tables

const ENTRY: usize = 2 * PACKED; // x, y

// 23 windows of 11 bits or 20 of 13; the recoding needs at least 253 bits.
@inline
function windowCount(window: i32): i32 {
  return (253 + window - 1) / window;
}


@inline
function windowBytes(window: i32): usize {
  return ENTRY << (window - 1);
}

// Bytes of the tables of G and H: 3.8 MB for window 11, 13.1 MB for 13. A multiple of 16.
export function pedersenTableBytes(window: i32): usize {
  return <usize>(2 * windowCount(window)) * windowBytes(window);
}

// Table t holds the odd multiples 1, 3, .. of 2^(window * (t / 2)) times half of generator t mod 2.
@inline
function tableAt(tables: usize, window: i32, t: usize): usize {
  return tables + t * windowBytes(window);
}

const BASE_X: usize = memory.data(2 * 160, 16);
const BASE_Y: usize = BASE_X + FE;
const STEP_X: usize = memory.data(2 * 160, 16);
const STEP_Y: usize = STEP_X + FE;

function loadHalfGenerators(): void {
  for (let lane: usize = 0; lane < LANES; lane++) {
    feFromBytes(HALF_X, lane, HALF_GENERATORS + ((lane & 1) << 6));
    feFromBytes(HALF_Y, lane, HALF_GENERATORS + ((lane & 1) << 6) + 32);
  }
}

// Builds the tables of both generators for windows of `window` bits in pedersenWorkBytes(capacity) bytes of work memory.
// Each lane builds one table: from k odd multiples of the base to 2 k by adding 2 k times the base to all, affinely.
export function pedersenBuildTables(tables: usize, window: i32, work: usize, capacity: usize): void {
  loadHalfGenerators();
  feCopy(BASE_X, HALF_X);
  feCopy(BASE_Y, HALF_Y);
  const windows = <usize>windowCount(window),
    slots = capacity / LANES;
  if (LANES == 4) {
    // Lanes 2 and 3 are one window ahead.
    feCopy(STEP_X, BASE_X);
    feCopy(STEP_Y, BASE_Y);
    for (let i = 0; i < window; i++) affineDouble(STEP_X, STEP_Y);
    const ahead = laneMask(0, 0, -1, -1);
    feSelect(BASE_X, STEP_X, BASE_X, ahead);
    feSelect(BASE_Y, STEP_Y, BASE_Y, ahead);
  }
  for (let t: usize = 0; t < 2 * windows; t += LANES) {
    const lanes = min(LANES, 2 * windows - t);
    // A lane past the last table works on the first one's addresses and is not stored.
    const t0 = tableAt(tables, window, t),
      t1 = tableAt(tables, window, t + 1);
    const t2 = lanes > 2 ? tableAt(tables, window, t + 2) : t0,
      t3 = lanes > 2 ? tableAt(tables, window, t + 3) : t1;
    for (let lane: usize = 0; lane < lanes; lane++)
      storeEntry(tableAt(tables, window, t + lane), BASE_X, BASE_Y, lane);
    feCopy(STEP_X, BASE_X);
    feCopy(STEP_Y, BASE_Y);
    for (let known: usize = 1; known < (<usize>1) << (window - 1); known <<= 1) {
      affineDouble(STEP_X, STEP_Y);
      for (let from: usize = 0; from < known; from += slots) {
        const count = min(slots, known - from);
        for (let i: usize = 0; i < count; i++) {
          const p = work + i * SLOT,
            at = (from + i) * ENTRY;
          feGather(p + SLOT_X, t0 + at, t1 + at, t2 + at, t3 + at);
          feGather(p + SLOT_Y, t0 + at + PACKED, t1 + at + PACKED, t2 + at + PACKED, t3 + at + PACKED);
          affineForward(p, STEP_X, STEP_Y, i == 0);
        }
        affineFinish(work, count); // distinct small multiples of a point of order L: never exceptional
        for (let i: usize = 0; i < count; i++) {
          const p = work + i * SLOT,
            at = (known + from + i) * ENTRY;
          for (let lane: usize = 0; lane < lanes; lane++) {
            storeEntry(tableAt(tables, window, t + lane) + at, p + SLOT_X, p + SLOT_Y, lane);
          }
        }
      }
    }
    affineDouble(STEP_X, STEP_Y); // 2^window * base
    feCopy(BASE_X, STEP_X);
    feCopy(BASE_Y, STEP_Y);
    if (LANES == 4) {
      for (let i = 0; i < window; i++) affineDouble(BASE_X, BASE_Y);
    }
  }
}


@inline
function storeEntry(o: usize, x: usize, y: usize, lane: usize): void {
  fePack(o, x, lane);
  fePack(o + PACKED, y, lane);
}

// ---- Commitments

const ENCODE_GROUPS: usize = 128; // lane groups encoded with one inversion: 82 KB (fma) stay in cache

// Bytes of work memory for sub-batches of `capacity` commitments, a multiple of 4: 296 bytes each and 82 KB (fma) or
// 164 KB (simd) for the encoder.
export function pedersenWorkBytes(capacity: usize): usize {
  return capacity * (2 * RECODED + SLOT / LANES) + ENCODE_GROUPS * DOUBLING;
}

// The number of partial sums each commitment is split into. Every step of the batch costs an inversion, 4 us (fma), and a
// small batch has few additions to share it. Splitting the windows over `parts` independent sums, which are added up in a
// tree at the end, leaves the number of additions the same and divides the number of steps: 23 parts take 6 instead of 45.
// Odd, so that every part has windows of both G and H: else m = 0 or r = 0 alone would be exceptional.
@inline
function partsFor(groups: usize, slots: usize): usize {
  const parts = min<usize>(23, slots / groups);
  return parts < 3 ? 1 : (parts - 1) | 1;
}


@inline
function digit(recoded: usize, lane: usize, at: usize, shift: u64, mask: u64): i64 {
  return (load<u64>(recoded + lane * RECODED + at) >> shift) & mask;
}


@inline
function signOf(recoded: usize, lane: usize): i64 {
  return load<i64>(recoded + lane * RECODED, RECODED_SIGN);
}

// Adds (or for the first step, loads) the entries of table t to `groups` slots.
// prettier-ignore
function addWindow(
  slots: usize, groups: usize, recoded: usize, table: usize, window: i32, bit: usize, isFirstStep: bool, opensBatch: bool,
): void {
  const at = bit >> 3, shift = <u64>(bit & 7), mask: u64 = (1 << window) - 1, half: i64 = 1 << (window - 1);
  for (let i: usize = 0; i < groups; i++) {
    const c0 = digit(recoded, 0, at, shift, mask), c1 = digit(recoded, 1, at, shift, mask);
    // Digit 2 c + 1 - 2^window: entry c - half, or half - 1 - c negated.
    const n0 = (c0 - half) >> 63, n1 = (c1 - half) >> 63;
    const e0 = table + <usize>((c0 ^ n0) & (half - 1)) * ENTRY, e1 = table + <usize>((c1 ^ n1) & (half - 1)) * ENTRY;
    const s0 = n0 ^ signOf(recoded, 0), s1 = n1 ^ signOf(recoded, 1);
    let e2: usize = 0, e3: usize = 0, s2: i64 = 0, s3: i64 = 0;
    if (LANES == 4) {
      const c2 = digit(recoded, 2, at, shift, mask), c3 = digit(recoded, 3, at, shift, mask);
      const n2 = (c2 - half) >> 63, n3 = (c3 - half) >> 63;
      e2 = table + <usize>((c2 ^ n2) & (half - 1)) * ENTRY;
      e3 = table + <usize>((c3 ^ n3) & (half - 1)) * ENTRY;
      s2 = n2 ^ signOf(recoded, 2);
      s3 = n3 ^ signOf(recoded, 3);
    }
    const negative = laneMask(s0, s1, s2, s3);
    if (isFirstStep) {
      feGather(slots + SLOT_X, e0, e1, e2, e3);
      feGather(slots + SLOT_Y, e0 + PACKED, e1 + PACKED, e2 + PACKED, e3 + PACKED);
      feNegateIf(slots + SLOT_Y, slots + SLOT_Y, negative);
    } else affineForwardPacked(slots, e0, e1, e2, e3, negative, opensBatch && i == 0);
    slots += SLOT;
    recoded += LANES * RECODED;
  }
}

// Reads a window's table once in order, so that the lookups that follow find it in cache.
let touched: u64 = 0;
function touch(table: usize, bytes: usize): void {
  let any: u64 = 0;
  for (let end = table + bytes; table < end; table += 128) any |= load<u64>(table) | load<u64>(table, 64);
  touched = any;
}

// One sub-batch. False if an addition was exceptional: out then holds nothing.
// prettier-ignore
function commitAffine(
  tables: usize, window: i32, m: usize, r: usize, n: usize, out: usize, work: usize, capacity: usize,
): bool {
  const groups = (n + LANES - 1) / LANES;
  const recodedM = work, recodedR = recodedM + capacity * RECODED, slots = recodedR + capacity * RECODED;
  const states = slots + capacity / LANES * SLOT;
  const windows = <usize>windowCount(window), tableCount: usize = 2 * windows;
  for (let i: usize = 0; i < groups * LANES; i++) {
    const from = min(i, n - 1) << 5; // a lane past the end repeats the last commitment
    scalarRecode(recodedM + i * RECODED, m + from, <i32>windows * window);
    scalarRecode(recodedR + i * RECODED, r + from, <i32>windows * window);
  }

  const parts = partsFor(groups, capacity / LANES);
  for (let t: usize = 0; t < tableCount; t += parts) {
    const active = min(parts, tableCount - t);
    for (let part: usize = 0; part < active; part++) {
      const table = tableAt(tables, window, t + part), recoded = (t + part) & 1 ? recodedR : recodedM;
      if (groups > 256) touch(table, windowBytes(window));
      const bit = ((t + part) >> 1) * <usize>window;
      addWindow(slots + part * groups * SLOT, groups, recoded, table, window, bit, t == 0, part == 0);
    }
    if (t > 0 && !affineFinish(slots, active * groups)) return false;
  }
  for (let left = parts; left > 1; ) {
    const kept = (left + 1) >> 1;
    for (let i: usize = 0; i < (left - kept) * groups; i++) {
      const p = slots + i * SLOT, q = p + kept * groups * SLOT;
      affineForward(p, q + SLOT_X, q + SLOT_Y, i == 0);
    }
    if (!affineFinish(slots, (left - kept) * groups)) return false;
    left = kept;
  }

  for (let done: usize = 0; done < groups; done += ENCODE_GROUPS) {
    const count = min(ENCODE_GROUPS, groups - done);
    for (let i: usize = 0; i < count; i++) {
      const p = slots + (done + i) * SLOT;
      toEdwards(SUM, p + SLOT_X, p + SLOT_Y);
      doublingOpen(states + i * DOUBLING, SUM, i == 0);
    }
    const first = done * LANES;
    doublingFinish(states, count, min(count * LANES, n - first), out + (first << 5));
  }
  return true;
}

// ---- The complete path: no tables, no exceptions, about 7 times slower.

const SUM: usize = memory.data(4 * 160, 16);
const ADDEND: usize = memory.data(4 * 160, 16);
const NIBBLES: usize = memory.data(2 * 16 * 4 * 40, 16); // 0..15 times G/2, then H/2: packed X, Y, Z, T
const PACKED_POINT: usize = 4 * PACKED;
const SCALARS: usize = memory.data(4 * 2 * 32, 16);
let nibblesBuilt: bool = false;

function buildNibbles(): void {
  loadHalfGenerators();
  toEdwards(ADDEND, HALF_X, HALF_Y);
  // To extended coordinates: (X Z : Y Z : Z^2 : X Y).
  feMul(ADDEND + POINT_T, ADDEND, ADDEND + POINT_Y);
  feMul(ADDEND, ADDEND, ADDEND + POINT_Z);
  feMul(ADDEND + POINT_Y, ADDEND + POINT_Y, ADDEND + POINT_Z);
  feMul(ADDEND + POINT_Z, ADDEND + POINT_Z, ADDEND + POINT_Z);
  pointIdentity(SUM);
  for (let k: usize = 0; k < 16; k++) {
    for (let coordinate: usize = 0; coordinate < 4; coordinate++) {
      const o = NIBBLES + k * PACKED_POINT + coordinate * PACKED;
      fePack(o, SUM + coordinate * FE, 0);
      fePack(o + 16 * PACKED_POINT, SUM + coordinate * FE, 1);
    }
    pointAdd(SUM, SUM, ADDEND);
  }
  nibblesBuilt = true;
}


@inline
function nibble(generator: usize, lane: usize, k: usize): usize {
  const byte = load<u8>(SCALARS + (((generator << 2) + lane) << 5) + (k >> 1));
  return NIBBLES + (generator * 16 + ((byte >> ((<u8>(k & 1)) << 2)) & 15)) * PACKED_POINT;
}

// Any m, r; double-and-add over both generators at once, four bits at a time.
function commitComplete(m: usize, r: usize, n: usize, out: usize, work: usize): void {
  if (!nibblesBuilt) buildNibbles();
  for (let done: usize = 0; done < n; done += LANES) {
    for (let lane: usize = 0; lane < LANES; lane++) {
      const from = min(done + lane, n - 1) << 5;
      scalarReduce(SCALARS + (lane << 5), m + from);
      scalarReduce(SCALARS + ((4 + lane) << 5), r + from);
    }
    pointIdentity(SUM);
    for (let k: usize = 64; k-- > 0;) {
      if (k != 63) for (let i = 0; i < 4; i++) pointDouble(SUM, SUM);
      for (let generator: usize = 0; generator < 2; generator++) {
        const e0 = nibble(generator, 0, k),
          e1 = nibble(generator, 1, k);
        const e2 = nibble(generator, 2, k),
          e3 = nibble(generator, 3, k);
        for (let coordinate: usize = 0; coordinate < 4; coordinate++) {
          const at = coordinate * PACKED;
          feGather(ADDEND + coordinate * FE, e0 + at, e1 + at, e2 + at, e3 + at);
        }
        pointAdd(SUM, SUM, ADDEND);
      }
    }
    doublingOpen(work, SUM, true);
    doublingFinish(work, 1, min(LANES, n - done), out + (done << 5));
  }
}

// out = n commitments of the 32-byte m and r, each taken mod L. tables: built with the same window. work:
// pedersenWorkBytes(capacity) bytes; capacity a multiple of 4, the size of a sub-batch. Returns how many sub-batches took
// the complete path.
// prettier-ignore
export function pedersenCommit(
  tables: usize, window: i32, m: usize, r: usize, n: usize, out: usize, work: usize, capacity: usize,
): i32 {
  let complete = 0;
  for (let done: usize = 0; done < n; done += capacity) {
    const count = min(capacity, n - done), at = done << 5;
    if (!commitAffine(tables, window, m + at, r + at, count, out + at, work, capacity)) {
      commitComplete(m + at, r + at, count, out + at, work);
      complete++;
    }
  }
  return complete;
}
