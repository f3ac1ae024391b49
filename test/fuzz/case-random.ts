// The random numbers of one case: SplitMix64 (Steele, Lea, Flood 2014) from a 64-bit state.

const mask = 0xffff_ffff_ffff_ffffn;

export interface CaseRandom {
  /** 0 … n − 1. */
  below(n: number): number;
  bytes(length: number): Uint8Array;
}

export function caseRandom(seed: number, number: number): CaseRandom {
  let state = (BigInt(seed) << 32n) ^ BigInt(number);
  const next = (): bigint => {
    state = (state + 0x9e3779b97f4a7c15n) & mask;
    let z = state;
    z = ((z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n) & mask;
    z = ((z ^ (z >> 27n)) * 0x94d049bb133111ebn) & mask;
    return z ^ (z >> 31n);
  };
  return {
    below: (n) => Number(next() % BigInt(n)),
    bytes(length) {
      const out = new Uint8Array(length);
      // Now and then all zero or all one: carries and signs.
      const extreme = next() % 16n;
      if (extreme < 2n) return out.fill(extreme === 0n ? 0 : 0xff);
      // Long ones from xorshift32: a 64-bit integer per 8 bytes would take most of the time.
      let x = Number(next() & 0xffff_ffffn) | 1;
      for (let i = 0; i < length; i++) {
        x ^= x << 13;
        x ^= x >>> 17;
        x ^= x << 5;
        out[i] = x;
      }
      return out;
    },
  };
}
