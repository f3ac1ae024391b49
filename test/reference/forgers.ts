// Miners that beat the reference's scheme: those of src/tools/attack, in its terms.
import { p256 } from '@noble/curves/nist.js';
import { sha3_256 } from '@noble/hashes/sha3.js';
import { concatBytes, toHex, utf8 } from '../../src/domain/model/bytes.js';
import {
  type ChallengeMessage,
  commit,
  hashData,
  hexToPoint,
  pointToHex,
  type StoreMessage,
  setUp,
} from './scheme.js';

/** Holds no data: a chunk of junk, an empty path, and the leaf for a root. */
export class NoData {
  challenge({ g, h, seed }: ChallengeMessage): Partial<ChallengeMessage> {
    const dataChunk = utf8('junk');
    const randomness = 7n;
    const m = hashData(concatBytes(dataChunk, utf8(seed)));
    const commitment = pointToHex(commit(hexToPoint(g), hexToPoint(h), m, randomness));
    return {
      commitmentProof: '1',
      commitmentHash: String(hashData(`1${seed}`)),
      dataChunk,
      commitment,
      randomness,
      merkleProof: [],
      merkleRoot: commitment,
    };
  }
}

/** Keeps the state of SHA3 after the data, 200 bytes of sponge, and throws the data away. */
export class HashState {
  readonly #state: ReturnType<typeof sha3_256.create>;

  constructor(data: Uint8Array) {
    this.#state = sha3_256.create().update(data);
  }

  /** SHA3-256(data ‖ seed) for any seed that is ever named. */
  proof(seed: string): bigint {
    return BigInt(`0x${toHex(this.#state.clone().update(utf8(seed)).digest())}`);
  }

  store({ g, h, seed }: StoreMessage): Partial<StoreMessage> {
    const m = this.proof(seed);
    const commitment = pointToHex(commit(hexToPoint(g), hexToPoint(h), m, 5n));
    return { randomness: 5n, commitment, commitmentHash: String(m) };
  }
}

/** Replies with generators whose logarithms it knows: one commitment, made beforehand, opens to anything. */
export class OwnGenerators {
  readonly #a = 3n;
  readonly #b = 5n;
  readonly #c = 1_000_003n;
  readonly commitment = pointToHex(p256.Point.BASE.multiply(this.#c));

  /** r with a·m + b·r = c. */
  open(m: bigint): { readonly g: string; readonly h: string; readonly randomness: bigint } {
    const { Fn } = p256.Point;
    const randomness = Fn.mul(Fn.sub(this.#c, Fn.mul(this.#a, Fn.create(m))), Fn.inv(this.#b));
    return { ...setUp(this.#a, this.#b), randomness };
  }
}
