// What the fuzzer compares: a case is made of random numbers alone, so that its seed is all there is to know about it.

import { ristretto255, ristretto255_hasher } from '@noble/curves/ed25519.js';
import { blake3 } from '@noble/hashes/blake3.js';
import type { HashMode, Tree } from '../../src/domain/core/modes.js';
import type { ProofCore } from '../../src/domain/core/proof-core.js';
import {
  type Merge,
  modelChunkNodes,
  modelCommitmentMerge,
  modelHash,
  modelMerge,
  modelMultiproof,
  modelTree,
} from '../model/blake3-model.js';
import type { CaseRandom } from './case-random.js';

/** One comparison. Throws, or returns the first difference in words; null when both agree. */
export type Subject = (core: ProofCore, random: CaseRandom) => string | null;

const { Point } = ristretto255;
const { Fn } = Point;
const L = Fn.ORDER;
const ascii = (text: string): Uint8Array => new TextEncoder().encode(text);
const derive = (context: string, dkLen = 32): Uint8Array =>
  blake3(new Uint8Array(0), { context: ascii(context), dkLen });
const G = Point.fromBytes(Point.BASE.toBytes()).precompute(8);
const H = ristretto255_hasher.deriveToCurve!(derive('filetao v1 pedersen H', 64)).precompute(8);
const leafKey = derive('filetao v1 commitment leaf');
const nodeKey = derive('filetao v1 commitment node');

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const concat = (parts: readonly Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(parts));

function differs(what: string, ours: Uint8Array | null, theirs: Uint8Array): string | null {
  if (ours !== null && hex(ours) === hex(theirs)) return null;
  const shown = (bytes: Uint8Array | null): string =>
    bytes === null ? 'null' : `${bytes.length} bytes ${hex(bytes.subarray(0, 64))}`;
  return `${what}: the core gives ${shown(ours)}, the reference ${shown(theirs)}`;
}

function integerOf(bytes: Uint8Array): bigint {
  return BigInt(`0x${hex(bytes.slice().reverse())}`);
}

function bytesOf(value: bigint): Uint8Array {
  return new Uint8Array(Buffer.from(value.toString(16).padStart(64, '0'), 'hex').reverse());
}

/** Values around what windows, signs and reductions turn on, and any. */
function scalar(random: CaseRandom): bigint {
  const any = integerOf(random.bytes(32));
  const edge = BigInt(random.below(5)) - 2n;
  const bit = 1n << BigInt(random.below(256));
  const choices = [
    any,
    any,
    any,
    bit + edge,
    L + edge,
    L * BigInt(1 + random.below(15)) + edge,
    edge,
    any % bit,
  ];
  const chosen = choices[random.below(choices.length)]!;
  return ((chosen % (1n << 256n)) + (1n << 256n)) % (1n << 256n);
}

const times = (point: typeof G, by: bigint) => (by === 0n ? Point.ZERO : point.multiplyUnsafe(by));

/** Lengths around blocks, leaves, steps, and any. */
function length(random: CaseRandom, max: number): number {
  const units = [1, 64, 1024, 16 * 1024, 256 * 1024].filter((unit) => unit <= max);
  const unit = units[random.below(units.length)]!;
  const near = unit * (1 + random.below(8)) + random.below(3) - 1;
  return Math.max(0, Math.min(max, random.below(3) === 0 ? random.below(max + 1) : near));
}

const keyOrNone = (random: CaseRandom): Uint8Array | null =>
  random.below(2) === 0 ? null : random.bytes(32);

const commitments: Subject = (core, random) => {
  const count = 1 + random.below(12);
  const m = Array.from({ length: count }, () => scalar(random));
  const r = Array.from({ length: count }, (_, i) => {
    // Pairs that meet: equal, opposite, doubled.
    const other = m[i]! % L;
    const special = [other, (L - other) % L, (2n * other) % L, 0n];
    return random.below(4) === 0 ? special[random.below(4)]! : scalar(random) % L;
  });
  const theirs = m.map((value, i) =>
    times(G, value % L)
      .add(times(H, r[i]!))
      .toBytes(),
  );
  return differs('commit', core.commit(concat(m.map(bytesOf)), concat(r.map(bytesOf))), concat(theirs));
};

const scalars: Subject = (core, random) => {
  const value = scalar(random);
  const bytes = bytesOf(value);
  if (core.isCanonicalScalar(bytes) !== value < L) return `isCanonicalScalar(${hex(bytes)}) is wrong`;
  const high = scalar(random);
  const wide = concat([bytes, bytesOf(high)]);
  return (
    differs('reduceScalar', core.reduceScalar(bytes), bytesOf(value % L)) ??
    differs('reduceWide', core.reduceWide(wide), bytesOf(((high << 256n) + value) % L))
  );
};

const blindings: Subject = (core, random) => {
  const b = random.bytes(32);
  const [first, count] = [random.below(200), 1 + random.below(20)];
  const xof = blake3(new Uint8Array(0), { key: b, dkLen: 64 * (first + count) });
  const theirs = Array.from({ length: count }, (_, i) =>
    bytesOf(integerOf(xof.subarray(64 * (first + i), 64 * (first + i + 1))) % L),
  );
  return differs('blindings', core.blindings(b, first, count), concat(theirs));
};

const hashes: Subject = (core, random) => {
  const data = random.bytes(length(random, 40_000));
  const key = random.bytes(32);
  const context = hex(random.bytes(random.below(40)));
  const modes: [HashMode, Parameters<typeof blake3>[1]][] = [
    [{ kind: 'hash' }, {}],
    [{ kind: 'keyed', key }, { key }],
    [{ kind: 'derive', context }, { context: ascii(context) }],
  ];
  const [mode, theirMode] = modes[random.below(3)]!;
  const [seek, wanted] = [random.below(300), random.below(600)];
  const theirs = blake3(data, { ...theirMode, dkLen: Math.max(1, seek + wanted) });
  const hasher = core.createHasher(mode);
  for (let at = 0; at < data.length; ) {
    const part = 1 + random.below(20_000);
    hasher.update(data.subarray(at, at + part));
    at += part;
  }
  return (
    differs('xof', core.xof(mode, data, wanted, seek), theirs.subarray(seek, seek + wanted)) ??
    differs('hasher', hasher.digest(), blake3(data, theirMode)) ??
    differs('hash', core.hash(data), blake3(data))
  );
};

const manyHashes: Subject = (core, random) => {
  const size = 1 + random.below(random.below(2) === 0 ? 100 : 1024);
  const count = 1 + random.below(20);
  const data = random.bytes(size * count);
  const key = keyOrNone(random);
  const theirs = Array.from({ length: count }, (_, i) =>
    blake3(data.subarray(i * size, (i + 1) * size), key === null ? {} : { key }),
  );
  return differs('hashEach', core.hashEach(key, data, size), concat(theirs));
};

const trees: Subject = (core, random) => {
  const chunkSize = 1024 << random.below(4);
  const data = random.bytes(Math.max(chunkSize + 1, length(random, 24 * 1024)));
  const kinds: Tree[] = [
    { kind: 'content' },
    { kind: 'keyed', key: random.bytes(32) },
    { kind: 'commitment' },
  ];
  const tree = kinds[random.below(3)]!;
  const key = tree.kind === 'keyed' ? tree.key : null;
  const nodes = modelChunkNodes(key, data, chunkSize);
  const count = nodes.length;
  const opened = Array.from({ length: count }, (_, i) => i).filter(() => random.below(3) === 0);
  if (opened.length === 0) opened.push(random.below(count));
  const isCommitment = tree.kind === 'commitment';
  const merge: Merge = isCommitment ? modelCommitmentMerge(nodeKey) : modelMerge(key);
  const leaves = isCommitment ? nodes.map((node) => modelHash(leafKey, node)) : nodes;
  const root = modelTree(leaves, merge);
  const proof = concat(modelMultiproof(leaves, merge, opened));
  const values = concat(opened.map((i) => nodes[i]!));
  const chunks = opened.map((i) => data.subarray(i * chunkSize, (i + 1) * chunkSize));
  const wrong = proof.slice();
  if (wrong.length > 0) wrong[random.below(wrong.length)]! ^= 1 << random.below(8);
  const reached = core.multiproofRoot(tree, count, opened, values, wrong);
  if (wrong.length > 0 && reached !== null && hex(reached) === hex(root))
    return 'a changed proof reaches the root';
  return (
    differs('chunkNodes', core.chunkNodes(key, data, 0, chunkSize), concat(nodes)) ??
    differs('openedChunkNodes', core.openedChunkNodes([key], chunks, opened, chunkSize)[0]!, values) ??
    differs('treeRoot', core.treeRoot(tree, concat(nodes)), root) ??
    differs('multiproof', core.multiproof(tree, concat(nodes), opened), proof) ??
    differs('multiproofRoot', core.multiproofRoot(tree, count, opened, values, proof), root)
  );
};

const proofs: Subject = (core, random) => {
  const chunkSize = 1024 << random.below(3);
  const data = random.bytes(Math.max(1, length(random, 8 * 1024)));
  const [key, blinding] = [random.bytes(32), random.bytes(32)];
  const pass = core.startProof({ key, size: data.length, chunkSize, blinding });
  pass.inputs[0]!.set(data);
  pass.absorb(0, data.length);
  const ours = pass.finish();
  const nodes = modelChunkNodes(key, data, chunkSize);
  const xof = blake3(new Uint8Array(0), { key: blinding, dkLen: 64 * nodes.length });
  const theirs = nodes.map((node, j) => {
    const r = integerOf(xof.subarray(64 * j, 64 * j + 64)) % L;
    return times(G, integerOf(node) % L)
      .add(times(H, r))
      .toBytes();
  });
  const leaves = theirs.map((commitment) => blake3(commitment, { key: leafKey }));
  return (
    differs('nodes', ours.nodes, concat(nodes)) ??
    differs('keyedRoot', ours.keyedRoot, blake3(data, { key })) ??
    differs('commitments', ours.commitments, concat(theirs)) ??
    differs('commitmentRoot', ours.commitmentRoot, modelTree(leaves, modelCommitmentMerge(nodeKey)))
  );
};

export const subjects: Readonly<Record<string, Subject>> = {
  commitments,
  scalars,
  blindings,
  hashes,
  manyHashes,
  trees,
  proofs,
};
