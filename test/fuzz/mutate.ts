// Changes of an input that break decoders: bits, bytes, lengths, pieces cut out, doubled or taken from elsewhere, and
// the numbers that lengths overflow at.
import type { CaseRandom } from './case-random.js';

const extremes: readonly (readonly number[])[] = [
  [0x00],
  [0x7f],
  [0x80],
  [0xff],
  [0x00, 0x00, 0x00, 0x80],
  [0xff, 0xff, 0xff, 0x7f],
  [0xff, 0xff, 0xff, 0xff],
  // CBOR: huge strings, arrays and maps, indefinite lengths, 64-bit integers, floats, tags
  [0x5b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
  [0x9a, 0x7f, 0xff, 0xff, 0xff],
  [0xbb, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x00],
  [0x5f],
  [0x9f],
  [0xbf],
  [0x1b, 0x00, 0x20, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00],
  [0xfb, 0x7f, 0xf8, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00],
  [0xd8, 0x2a],
  // text: quotes, nesting, prototypes, control characters, broken UTF-8
  [0x22],
  [0x5b, 0x5b, 0x5b, 0x5b],
  [...Buffer.from('"__proto__":{"x":1},')],
  [...Buffer.from('1e999')],
  [0x0d, 0x0a],
  [0xed, 0xa0, 0x80],
  [0xf4, 0x90, 0x80, 0x80],
];

/** One to six changes. @param others samples to take pieces from */
export function mutate(sample: Uint8Array, others: readonly Uint8Array[], random: CaseRandom): Uint8Array {
  let data: Uint8Array = Uint8Array.from(sample);
  for (let changes = 1 + random.below(random.below(3) === 0 ? 6 : 2); changes > 0; changes--) {
    const at = random.below(data.length + 1);
    const length = random.below(1 + Math.min(64, data.length - at));
    switch (random.below(9)) {
      case 0:
      case 1:
        if (at < data.length) data[at]! ^= 1 << random.below(8);
        break;
      case 2:
        if (at < data.length) data[at] = random.below(256);
        break;
      case 3:
        data = data.slice(0, at);
        break;
      case 4:
        data = join(data.subarray(0, at), data.subarray(at + length));
        break;
      case 5:
        data = join(data.subarray(0, at + length), data.subarray(at));
        break;
      case 6: {
        const other = others[random.below(others.length)] ?? sample;
        const from = random.below(other.length + 1);
        data = join(
          data.subarray(0, at),
          other.subarray(from, from + random.below(200)),
          data.subarray(random.below(2) === 0 ? at : at + length),
        );
        break;
      }
      case 7: {
        const extreme = Uint8Array.from(extremes[random.below(extremes.length)]!);
        data = join(
          data.subarray(0, at),
          extreme,
          data.subarray(random.below(2) === 0 ? at : at + extreme.length),
        );
        break;
      }
      default: {
        const fill = new Uint8Array(1 + random.below(300)).fill(random.below(256));
        data = join(data.subarray(0, at), fill, data.subarray(at));
      }
    }
  }
  return data.subarray(0, inputBytesMax);
}

const inputBytesMax = 256 * 1024;

const join = (...parts: readonly Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(parts));
