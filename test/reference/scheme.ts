// The reference's storage proof, written anew from its description (P-256, SHA3-256, decimal and hex texts), with
// its holes: the reply overwrites the request, so that g, h and seed are the prover's; root, commitment, chunk and
// chain value all come from the prover; and the seed is hashed after the data. Only tests use it.
import { p256 } from '@noble/curves/nist.js';
import { sha3_256 } from '@noble/hashes/sha3.js';
import { concatBytes, fromHex, toHex, utf8 } from '../../src/domain/model/bytes.js';

type Point = InstanceType<typeof p256.Point>;
const order = p256.Point.Fn.ORDER;

const integerOf = (digest: Uint8Array): bigint => BigInt(`0x${toHex(digest)}`);

/** SHA3-256 as an integer; it travels as decimal text. */
export const hashData = (data: Uint8Array | string): bigint =>
  integerOf(sha3_256(typeof data === 'string' ? utf8(data) : data));

export const pointToHex = (point: Point): string => {
  const { x, y } = point.toAffine();
  return toHex(utf8(`${x},${y}`));
};

export function hexToPoint(text: string): Point {
  const [x, y] = new TextDecoder().decode(fromHex(text)).split(',').map(BigInt);
  const point = p256.Point.fromAffine({ x: x!, y: y! });
  point.assertValidity();
  return point;
}

export const commit = (g: Point, h: Point, m: bigint, r: bigint): Point =>
  g.multiply(m % order).add(h.multiply(r % order));

/** Two points whose logarithms their maker knows. */
export const setUp = (a: bigint, b: bigint): { readonly g: string; readonly h: string } => ({
  g: pointToHex(p256.Point.BASE.multiply(a)),
  h: pointToHex(p256.Point.BASE.multiply(b)),
});

export type PathStep = { readonly left: string } | { readonly right: string };

/** Leaves raw, parents SHA3-256(left ‖ right), an odd last node promoted. */
export function merkleTree(leaves: readonly Uint8Array[]): {
  readonly root: string;
  path(index: number): PathStep[];
} {
  const levels: Uint8Array[][] = [[...leaves]];
  for (let level = levels[0]!; level.length > 1; level = levels.at(-1)!) {
    const next: Uint8Array[] = [];
    for (let i = 0; i < level.length; i += 2) {
      const right = level[i + 1];
      next.push(right === undefined ? level[i]! : sha3_256(concatBytes(level[i]!, right)));
    }
    levels.push(next);
  }
  return {
    root: toHex(levels.at(-1)![0]!),
    path(index) {
      const steps: PathStep[] = [];
      for (const level of levels.slice(0, -1)) {
        const sibling = level[index ^ 1];
        if (sibling !== undefined)
          steps.push(index % 2 === 1 ? { left: toHex(sibling) } : { right: toHex(sibling) });
        index >>= 1;
      }
      return steps;
    },
  };
}

function followPath(path: readonly PathStep[], leaf: string, root: string): boolean {
  let node = fromHex(leaf);
  for (const step of path) {
    node = sha3_256(
      'left' in step ? concatBytes(fromHex(step.left), node) : concatBytes(node, fromHex(step.right)),
    );
  }
  return toHex(node) === root;
}

export interface StoreMessage {
  readonly g: string;
  readonly h: string;
  readonly seed: string;
  readonly randomness?: bigint;
  readonly commitment?: string;
  readonly commitmentHash?: string;
}

export interface ChallengeMessage {
  readonly challengeIndex: number;
  readonly chunkSize: number;
  readonly g: string;
  readonly h: string;
  readonly seed: string;
  readonly commitmentHash?: string;
  readonly commitmentProof?: string;
  readonly commitment?: string;
  readonly dataChunk?: Uint8Array;
  readonly randomness?: bigint;
  readonly merkleProof?: readonly PathStep[];
  readonly merkleRoot?: string;
}

/** What the transport does: every field of the reply takes the place of the request's. */
export const overwritten = <Message extends object>(request: Message, reply: Partial<Message>): Message => ({
  ...request,
  ...reply,
});

const opens = (
  message: { g: string; h: string; commitment?: string; randomness?: bigint },
  m: bigint,
): boolean =>
  commit(hexToPoint(message.g), hexToPoint(message.h), m, message.randomness!).equals(
    hexToPoint(message.commitment!),
  );

/** The validator's check of a store. It still has the data. */
export function verifyStore(message: StoreMessage, data: Uint8Array): boolean {
  const m = hashData(concatBytes(data, utf8(message.seed)));
  return message.commitmentHash === String(m) && opens(message, m);
}

/** The validator's check of a challenge. Nothing is compared with anything it knows. */
export function verifyChallenge(message: ChallengeMessage): boolean {
  const { commitmentHash, commitmentProof, seed, dataChunk, commitment, merkleProof, merkleRoot } = message;
  if (commitmentHash !== String(hashData(`${commitmentProof}${seed}`))) return false;
  if (!opens(message, hashData(concatBytes(dataChunk!, utf8(seed))))) return false;
  return followPath(merkleProof!, commitment!, merkleRoot!);
}

/** The honest miner: keeps the data and the seed of its last answer. */
export class ReferenceMiner {
  #seed = '';

  constructor(
    readonly data: Uint8Array,
    readonly scalar: () => bigint,
  ) {}

  store({ g, h, seed }: StoreMessage): Partial<StoreMessage> {
    this.#seed = seed;
    const m = hashData(concatBytes(this.data, utf8(seed)));
    const randomness = this.scalar();
    const commitment = pointToHex(commit(hexToPoint(g), hexToPoint(h), m, randomness));
    return { randomness, commitment, commitmentHash: String(m) };
  }

  challenge(message: ChallengeMessage): Partial<ChallengeMessage> {
    const { seed, chunkSize, challengeIndex } = message;
    const [g, h] = [hexToPoint(message.g), hexToPoint(message.h)];
    const proof = String(hashData(concatBytes(this.data, utf8(this.#seed))));
    this.#seed = seed;
    const chunks: Uint8Array[] = [];
    for (let at = 0; at < this.data.length; at += chunkSize)
      chunks.push(this.data.subarray(at, at + chunkSize));
    const blindings = chunks.map(() => this.scalar());
    const commitments = chunks.map((chunk, i) =>
      pointToHex(commit(g, h, hashData(concatBytes(chunk, utf8(seed))), blindings[i]!)),
    );
    const tree = merkleTree(commitments.map(fromHex));
    return {
      commitmentProof: proof,
      commitmentHash: String(hashData(`${proof}${seed}`)),
      dataChunk: chunks[challengeIndex]!,
      commitment: commitments[challengeIndex]!,
      randomness: blindings[challengeIndex]!,
      merkleProof: tree.path(challengeIndex),
      merkleRoot: tree.root,
    };
  }
}
