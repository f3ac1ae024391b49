// exp and log out of additions, multiplications and divisions alone, so that every machine and every version of the
// engine computes the same bits: the language leaves the accuracy of Math.exp and Math.log open, and an auditor must
// get the validator’s own figures. The algorithms and constants are those of FreeBSD’s msun (e_exp.c, e_log.c; Sun
// Microsystems 1993),
// error below one unit in the last place. Costs about 20 ns a call, some thirty calls a batch.

const ln2High = 0.6931471803691238;
const ln2Low = 1.9082149292705877e-10;
const twoTo54 = 2 ** 54;

const words = new DataView(new ArrayBuffer(8));

/** x·2^k, exact where the result is no subnormal number. */
function scaled(x: number, k: number): number {
  // 2^k itself may be out of range where x·2^k is not.
  if (k > 1023) return x * 2 ** 1023 * 2 ** (k - 1023);
  if (k < -1022) return x * 2 ** -1022 * 2 ** Math.max(k + 1022, -1022);
  return x * 2 ** k;
}

export function exp(x: number): number {
  if (Number.isNaN(x)) return x;
  if (x > 709.782712893384) return Infinity;
  if (x < -745.1332191019411) return 0;
  const size = Math.abs(x);
  let high = x;
  let low = 0;
  let k = 0;
  if (size > 0.5 * Math.LN2) {
    k = size < 1.5 * Math.LN2 ? Math.sign(x) : Math.trunc(x * Math.LOG2E + (x < 0 ? -0.5 : 0.5));
    high = x - k * ln2High;
    low = k * ln2Low;
  } else if (size < 2 ** -28) return 1 + x;
  const r = high - low;
  const t = r * r;
  const c =
    r -
    t *
      (0.16666666666666602 +
        t *
          (-0.0027777777777015593 +
            t * (0.00006613756321437934 + t * (-0.0000016533902205465252 + t * 4.1381367970572385e-8))));
  if (k === 0) return 1 - ((r * c) / (c - 2) - r);
  return scaled(1 - (low - (r * c) / (2 - c) - high), k);
}

/** Of numbers above zero; NaN below, −∞ at zero. */
export function log(x: number): number {
  if (Number.isNaN(x) || x < 0) return NaN;
  if (x === 0) return -Infinity;
  if (x === Infinity) return x;
  let k = 0;
  words.setFloat64(0, x);
  if (words.getUint32(0) < 0x00100000) {
    k -= 54;
    words.setFloat64(0, x * twoTo54);
  }
  let highWord = words.getUint32(0);
  k += (highWord >>> 20) - 1023;
  highWord &= 0x000fffff;
  const above = (highWord + 0x95f64) & 0x100000;
  words.setUint32(0, highWord | (above ^ 0x3ff00000));
  k += above >>> 20;
  const f = words.getFloat64(0) - 1;
  if ((0x000fffff & (2 + highWord)) < 3) {
    if (f === 0) return k === 0 ? 0 : k * ln2High + k * ln2Low;
    const r = f * f * (0.5 - 0.3333333333333333 * f);
    return k === 0 ? f - r : k * ln2High - (r - k * ln2Low - f);
  }
  const s = f / (2 + f);
  const z = s * s;
  const w = z * z;
  const t1 = w * (0.3999999999940942 + w * (0.22222198432149784 + w * 0.15313837699209373));
  const t2 =
    z * (0.6666666666666735 + w * (0.2857142874366239 + w * (0.1818357216161805 + w * 0.14798198605116586)));
  const r = t2 + t1;
  // fdlibm chooses between two forms by bits of f; signed arithmetic as there
  if (((highWord - 0x6147a) | (0x6b851 - highWord)) > 0) {
    const half = 0.5 * f * f;
    return k === 0 ? f - (half - s * (half + r)) : k * ln2High - (half - (s * (half + r) + k * ln2Low) - f);
  }
  return k === 0 ? f - s * (f - r) : k * ln2High - (s * (f - r) - k * ln2Low - f);
}
