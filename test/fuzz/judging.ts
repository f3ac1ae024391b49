// How the fuzzer judges what a decoder does with an input: refused with a typed, one-line error, or accepted as it may be.
import { CoreInputError } from '../../src/domain/core/core-input-error.js';
import { equalBytes } from '../../src/domain/model/bytes.js';
import { FileTaoError } from '../../src/domain/model/errors.js';
import type { CaseRandom } from './case-random.js';

export interface InputSubject {
  readonly samples: readonly Uint8Array[];
  /** Which folder of the corpus it is fed with too. */
  readonly corpus: 'cbor' | 'json' | 'text';
  /** What is wrong with how it took the input, or null. */
  judge(input: Uint8Array, random: CaseRandom): Promise<string | null> | string | null;
}

export type Decode = (input: Uint8Array, random: CaseRandom) => unknown;

/** Quoted input is cut off. */
const messageLengthMax = 7000;

/** null for the refusals that a caller may see; anything else is a fault of ours. */
function faultOf(error: unknown): string | null {
  if (error instanceof CoreInputError) return null;
  if (!(error instanceof FileTaoError))
    return `threw ${error instanceof Error ? error.stack : String(error)}`;
  if (error.code === 'internal') return `an internal error: ${error.message}`;
  if (/[\r\n]/u.test(error.message)) return `more than one line: ${JSON.stringify(error.message)}`;
  if (error.message.length > messageLengthMax) return `a message of ${error.message.length} characters`;
  return null;
}

export const decoding =
  (decode: Decode): InputSubject['judge'] =>
  async (input, random) => {
    try {
      const said = await decode(input, random);
      return typeof said === 'string' ? said : null;
    } catch (error) {
      return faultOf(error);
    }
  };

/** Accepts nothing but the samples: everything in them is under a signature or an authenticated cipher. */
export const refusing = (
  samples: readonly Uint8Array[],
  decode: Decode,
  canonical: (input: Uint8Array) => Uint8Array = (input) => input,
): InputSubject['judge'] =>
  decoding(async (input, random) => {
    await decode(input, random);
    const said = canonical(input);
    return samples.some((sample) => equalBytes(sample, said)) ? null : 'accepted what nobody signed';
  });

export const utf8 = (text: string): Uint8Array => new Uint8Array(Buffer.from(text));
export const textOf = (input: Uint8Array): string => Buffer.from(input).toString('utf8');
export const asJson = (value: unknown): Uint8Array => utf8(JSON.stringify(value));
