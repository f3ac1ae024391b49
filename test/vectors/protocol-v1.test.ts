// Recomputes every value of protocol-v1.json without our core: @noble/hashes, @noble/curves, node:crypto, and
// for the values of subtrees, which no library gives, the plain model of test/model (tested against @noble/hashes).
// What stands here is written from the protocol's text, not from src/.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createCipheriv, createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import * as dagCbor from '@ipld/dag-cbor';
import { ristretto255, ristretto255_hasher } from '@noble/curves/ed25519.js';
import { blake3 } from '@noble/hashes/blake3.js';
import { sr25519Verify, waitReady } from '@polkadot/wasm-crypto';
import {
  keyPairFromPhrase,
  keyPairFromPrivateKey,
  keyPairFromSeed,
  signerOf,
  verifySr25519,
} from '../../src/adapters/wallets/sr25519.js';
import { loadCore } from '../../src/adapters/proving/load-core.js';
import { type MessageKind, openSealed } from '../../src/domain/identity/sealed.js';
import { replicaSecret } from '../../src/domain/protocol/derivations.js';
import {
  challengeKind,
  commitmentKind,
  openingKind,
  receiptKind,
  retrieveKind,
  retrieveProofKind,
  storeKind,
} from '../../src/domain/protocol/messages.js';
import { retrieveFault } from '../../src/domain/protocol/retrieve.js';
import { receiptFault } from '../../src/domain/protocol/store.js';
import { commitmentFault, openingFaults } from '../../src/domain/protocol/verifier.js';
import {
  modelChunkNodes,
  modelCommitmentMerge,
  modelMerge,
  modelMultiproof,
  modelTree,
} from '../model/blake3-model.js';

interface Message {
  readonly type: string;
  readonly signature: string;
  readonly body: string;
  readonly digest: string;
}
await waitReady();

const messageNames = [
  'store',
  'receipt',
  'challenge',
  'commitment',
  'openingRequest',
  'opening',
  'retrieve',
  'retrieveProof',
] as const;

// compiled, this file stands in dist/test/vectors
const vectors = JSON.parse(
  readFileSync(new URL('../../../test/vectors/protocol-v1.json', import.meta.url), 'utf8'),
) as {
  readonly section9: {
    readonly size: number;
    readonly seed: string;
    readonly root: string;
    readonly keyedRoot: string;
    readonly shapes: readonly {
      readonly chunkSize: number;
      readonly m: readonly string[];
      readonly c: readonly string[];
      readonly commitmentRoot: string;
    }[];
  };
  readonly keys: {
    readonly validator: Readonly<
      Record<'phrase' | 'seed' | 'privateKey' | 'publicKey' | 'replicaSecret', string>
    >;
    readonly miner: Readonly<Record<'seed' | 'privateKey' | 'publicKey' | 'minerSecret', string>>;
  };
  readonly replica: Readonly<Record<'piece' | 'pieceId' | 'key' | 'encoded' | 'root', string>>;
  readonly sampling: {
    readonly nu: string;
    readonly digest: string;
    readonly drawn: readonly { readonly count: number; readonly openings: number; readonly indices: number[] }[];
  };
  readonly round: {
    readonly k0: string;
    readonly genesisLink: string;
    readonly nu: string;
    readonly seed: string;
    readonly b: string;
    readonly r: readonly string[];
    readonly indices: readonly number[];
    readonly bulk: string;
  };
  readonly messages: Readonly<Record<(typeof messageNames)[number], Message>>;
};

const unhex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'hex'));
const hex = (value: Uint8Array): string => Buffer.from(value).toString('hex');
const join = (...parts: readonly Uint8Array[]): Uint8Array => Uint8Array.from(Buffer.concat(parts));
const ascii = (text: string): Uint8Array => new TextEncoder().encode(text);
const derive = (context: string, ...material: readonly Uint8Array[]): Uint8Array =>
  blake3(join(...material), { context: ascii(context) });
const keyed = (key: Uint8Array, data: Uint8Array, dkLen = 32): Uint8Array => blake3(data, { key, dkLen });

const order = 2n ** 252n + 27742317777372353535851937790883648493n;
const scalarOf = (little: Uint8Array): bigint => BigInt(`0x${hex(Uint8Array.from(little).reverse())}`) % order;
const { Point } = ristretto255;
const H = ristretto255_hasher.deriveToCurve!(blake3(new Uint8Array(), { context: ascii('filetao v1 pedersen H'), dkLen: 64 }));
const times = (point: InstanceType<typeof Point>, by: bigint) => (by === 0n ? Point.ZERO : point.multiply(by));
const commit = (m: Uint8Array, r: Uint8Array): Uint8Array =>
  times(Point.BASE, scalarOf(m)).add(times(H, scalarOf(r))).toBytes();
const little32 = (value: bigint): Uint8Array =>
  Uint8Array.from({ length: 32 }, (_, i) => Number((value >> BigInt(8 * i)) & 255n));

const kLeaf = derive('filetao v1 commitment leaf');
const kNode = derive('filetao v1 commitment node');
const leavesOf = (commitments: readonly Uint8Array[]) => commitments.map((c) => keyed(kLeaf, c));
const commitmentRoot = (commitments: readonly Uint8Array[]): Uint8Array =>
  modelTree(leavesOf(commitments), modelCommitmentMerge(kNode));

test('section 9: keys of the commitment tree and the second generator', () => {
  assert.equal(hex(kLeaf), 'e1be53284620af957743051ec7237194f66771fa191c69bfa850a9269d817878');
  assert.equal(hex(kNode), '4dcbd61730d4163f8682f79182f341e075c8eb160c2375fff4267b6f2be31425');
  assert.equal(hex(H.toBytes()), '9efec94515fc68cbc70d6153d5aa6c8543cf4506d17dd4d818eeb50ef144d07e');
});

test('section 9: roots, nodes, commitments', () => {
  const { section9 } = vectors;
  const data = Uint8Array.from({ length: 5000 }, (_, i) => i % 251);
  const seed = new Uint8Array(32).fill(1);
  assert.equal(section9.root, 'ee78d92070de3df1c57c37002abf0a6b1a6589acdeef4d8ffac7cf3d9e8f2836');
  assert.equal(section9.keyedRoot, '6a7f1e5635d9ea3973f3a1a2fe162be1921292ff666b6549e19415b36f3c654f');
  assert.equal(hex(blake3(data)), section9.root);
  assert.equal(hex(keyed(seed, data)), section9.keyedRoot);
  assert.equal(hex(seed), section9.seed);
  // the protocol's own figures: chunk size, index of m, m, index of c, c, R
  const printed = [
    [1024, 0, 'c9caca71622a10cde79f271151b7fa153a35ba55544c0cf9076bc6f75eabd40a', 'f0dd3f3d9dbada7a94c1fc788d167ecef0cbf5f74b0597f228db621eca078d58'],
    [2048, 2, '52a1c8f7436aa0ab63dea25ca34c11125c51856da89d3c2ef0d7e583b2cb149f', 'adcf9ee7d6cebeb2482528cb4fa507cfd7125010d3dce8c869fede72e3436de4'],
    [8192, 0, 'af7367331eaab17cd995a113ee4c1cc817fb0433da389915fb73851766db4e9f', 'd471c5ee922577cfb44f94b938d5c02d1c544e2ef72c3412bf89c97251377675'],
  ] as const;
  for (const [i, shape] of section9.shapes.entries()) {
    const [chunkSize, index, node, root] = printed[i]!;
    assert.equal(shape.chunkSize, chunkSize);
    assert.equal(shape.m[index], node);
    assert.equal(shape.commitmentRoot, root);
    const m = modelChunkNodes(seed, data, chunkSize);
    const c = m.map((value, j) => commit(value, little32(BigInt(j + 1))));
    assert.deepEqual(m.map(hex), shape.m);
    assert.deepEqual(c.map(hex), shape.c);
    assert.equal(hex(commitmentRoot(c)), shape.commitmentRoot);
    if (m.length === 1) assert.notEqual(shape.m[0], section9.keyedRoot);
    else assert.equal(hex(modelTree(m, modelMerge(seed))), section9.keyedRoot);
  }
  const { m, c } = section9.shapes[0]!;
  assert.equal(c[0], 'ca75f47938ea6de1cc27e4b4e8f1e92d833a8cef14bcbb9943f2963cc522db14');
  assert.equal(m[4], section9.shapes[1]!.m[2]);
});

const { validator, miner } = vectors.keys;

/** schnorrkel's expansion of a mini secret, mode Ed25519: https://github.com/w3f/schnorrkel/blob/master/src/keys.rs */
function expand(seed: Uint8Array): { readonly privateKey: string; readonly publicKey: string } {
  const digest = Uint8Array.from(createHash('sha512').update(seed).digest());
  digest[0]! &= 248;
  digest[31]! = (digest[31]! & 63) | 64;
  const scalar = BigInt(`0x${hex(digest.slice(0, 32).reverse())}`) >> 3n;
  return {
    privateKey: hex(join(little32(scalar), digest.subarray(32))),
    publicKey: hex(Point.BASE.multiply(scalar % order).toBytes()),
  };
}

test('the same secrets come from phrase, seed and stored private key', () => {
  // published for Substrate's development phrase
  assert.equal(validator.seed, 'fac7959dbfe72f052e5a0c3c8d6530f202b02fd8f9f5ca3580ec8deb7797479e');
  assert.equal(validator.publicKey, '46ebddef8cd9bb167dc30878d7113b7e168e6f0646beffd77d69d39bad76b47a');
  for (const key of [validator, miner]) {
    const { privateKey, publicKey } = expand(unhex(key.seed));
    assert.equal(key.privateKey, privateKey);
    assert.equal(key.publicKey, publicKey);
  }
  const expected = hex(derive('filetao v1 replica secret', unhex(validator.privateKey)));
  assert.equal(validator.replicaSecret, expected);
  assert.equal(miner.minerSecret, hex(derive('filetao v1 miner secret', unhex(miner.privateKey))));
  for (const pair of [
    keyPairFromPhrase(validator.phrase),
    keyPairFromSeed(unhex(validator.seed)),
    keyPairFromPrivateKey(unhex(validator.privateKey), unhex(validator.publicKey)),
  ]) {
    assert.equal(hex(replicaSecret(signerOf(pair))), expected);
  }
});

test('the replica is the piece under AES-256-CTR', () => {
  const { piece, pieceId, key, encoded, root } = vectors.replica;
  assert.equal(pieceId, hex(blake3(unhex(piece))));
  const secret = unhex(validator.replicaSecret);
  assert.equal(key, hex(derive('filetao v1 replica', secret, unhex(pieceId), unhex(miner.publicKey))));
  const cipher = createCipheriv('aes-256-ctr', unhex(key), new Uint8Array(16));
  assert.equal(encoded, hex(cipher.update(unhex(piece))));
  assert.equal(root, hex(blake3(unhex(encoded))));
});

function drawIndices(nu: Uint8Array, digest: Uint8Array, count: number, openings: number): number[] {
  const words = new DataView(Uint8Array.from(keyed(nu, digest, 16384)).buffer);
  const drawn: number[] = [];
  for (let at = 0; drawn.length < openings; at += 8) {
    const word = words.getBigUint64(at, true);
    if (word >= (2n ** 64n / BigInt(count)) * BigInt(count)) continue;
    const index = Number(word % BigInt(count));
    if (!drawn.includes(index)) drawn.push(index);
  }
  return drawn.sort((a, b) => a - b);
}

test('sampled indices', () => {
  const { nu, digest, drawn } = vectors.sampling;
  for (const { count, openings, indices } of drawn) {
    assert.deepEqual(indices, drawIndices(unhex(nu), unhex(digest), count, openings));
  }
});

const { messages, round } = vectors;
const bodyOf = (name: keyof typeof messages) =>
  dagCbor.decode<{ readonly sender: Uint8Array }>(unhex(messages[name].body));

test('each message is signed by its sender over its type and the hash of its body', () => {
  assert.deepEqual(Object.keys(messages).sort(), [...messageNames].sort());
  for (const name of messageNames) {
    const { type, signature, body, digest } = messages[name];
    assert.equal(digest, hex(blake3(unhex(body))), name);
    assert.equal(body, hex(dagCbor.encode(dagCbor.decode(unhex(body)))), name);
    const text = join(ascii(`filetao v1 ${type}\n`), unhex(digest));
    const { sender } = bodyOf(name);
    assert.equal(sr25519Verify(unhex(signature), text, sender), true, name);
    assert.equal(verifySr25519(text, unhex(signature), sender), true, name);
    assert.equal(verifySr25519(unhex(body), unhex(signature), sender), false, name);
  }
});

const [V, M] = [unhex(validator.publicKey), unhex(miner.publicKey)];
const replica = unhex(vectors.replica.encoded);
const root = unhex(vectors.replica.root);
const network = { version: 1, genesis: new Uint8Array(32).fill(0x67), netuid: 22 };
const fromValidator = { ...network, sender: V, receiver: M };
const fromMiner = { ...network, sender: M, receiver: V };
const block = { blockNumber: 1234, blockHash: new Uint8Array(32).fill(0xb1) };
const wide = (bytes64: Uint8Array): Uint8Array => little32(scalarOf(bytes64));
/** The body of a message, field by field from the protocol's text. */
const assertBody = (name: keyof typeof messages, fields: object): void =>
  assert.equal(messages[name].body, hex(dagCbor.encode(fields)), name);
const digestOf = (name: keyof typeof messages): Uint8Array => unhex(messages[name].digest);

const s0 = new Uint8Array(32).fill(2);
const k0 = keyed(s0, replica);
const link0 = derive('filetao v1 link genesis', s0, k0, root, V, M);

test('store and receipt', () => {
  assert.equal(round.k0, hex(k0));
  assert.equal(round.genesisLink, hex(link0));
  assertBody('store', { ...fromValidator, root, size: 5000, seed: s0, expiry: 2_000_000_000, ...block });
  const blinding = wide(
    blake3(join(unhex(miner.minerSecret), digestOf('store')), {
      context: ascii('filetao v1 store blinding'),
      dkLen: 64,
    }),
  );
  assertBody('receipt', {
    ...fromMiner,
    storeDigest: digestOf('store'),
    root,
    size: 5000,
    keyedRoot: k0,
    commitment: commit(k0, blinding),
    blinding,
    link: link0,
    expiry: 2_000_000_000,
  });
});

const nu = new Uint8Array(32).fill(3);
const seed = derive('filetao v1 seed', unhex(messages.challenge.body));
const b = derive('filetao v1 blinding', unhex(miner.minerSecret), digestOf('challenge'));
const stream = keyed(b, new Uint8Array(), 5 * 64);
const r = [0, 1, 2, 3, 4].map((j) => wide(stream.subarray(64 * j, 64 * j + 64)));
const m = modelChunkNodes(seed, replica, 1024);
const c = m.map((value, j) => commit(value, r[j]!));
const K = keyed(seed, replica);
const R = commitmentRoot(c);
const link1 = derive('filetao v1 link', link0, seed, K, R);

test('challenge and commitment', () => {
  assertBody('challenge', {
    ...fromValidator,
    root,
    size: 5000,
    n: 1,
    prevLink: link0,
    ...block,
    nonce: new Uint8Array(32).fill(4),
    chunkSize: 1024,
    openings: 2,
    openingCommit: derive('filetao v1 opening', nu),
  });
  assert.equal(round.seed, hex(seed));
  assert.equal(round.b, hex(b));
  assert.deepEqual(round.r, r.map(hex));
  assertBody('commitment', {
    ...fromMiner,
    challengeId: digestOf('challenge'),
    count: 5,
    keyedRoot: K,
    commitmentRoot: R,
    link: link1,
  });
});

test('opening', () => {
  assertBody('openingRequest', { ...fromValidator, challengeId: digestOf('challenge'), nu });
  const indices = drawIndices(nu, digestOf('commitment'), 5, 2);
  assert.deepEqual(round.indices, indices);
  const chunks = indices.flatMap((j) => [replica.subarray(1024 * j, 1024 * j + 1024), r[j]!]);
  const bulk = join(
    ...chunks,
    ...modelMultiproof(modelChunkNodes(null, replica, 1024), modelMerge(null), indices),
    ...modelMultiproof(m, modelMerge(seed), indices),
    ...modelMultiproof(leavesOf(c), modelCommitmentMerge(kNode), indices),
  );
  assert.equal(round.bulk, hex(bulk));
  assertBody('opening', {
    ...fromMiner,
    challengeId: digestOf('challenge'),
    bulkDigest: blake3(bulk),
    bulkLength: bulk.length,
  });
});

test('retrieve and proof', () => {
  const asked = { ...fromValidator, root, size: 5000, prevLink: link1, nonce: new Uint8Array(32).fill(5) };
  assertBody('retrieve', asked);
  const s = derive('filetao v1 retrieve seed', unhex(messages.retrieve.body));
  const keyedRoot = keyed(s, replica);
  assertBody('retrieveProof', {
    ...fromMiner,
    requestDigest: digestOf('retrieve'),
    keyedRoot,
    proof: derive('filetao v1 retrieve', link1, s, keyedRoot),
  });
});

test('our code accepts the pinned messages', () => {
  const core = loadCore();
  const opened = <Value>(name: keyof typeof messages, kind: MessageKind<Value>) =>
    openSealed(kind, join(unhex(messages[name].signature), unhex(messages[name].body)), verifySr25519);
  assert.equal(receiptFault(core, opened('store', storeKind), k0, opened('receipt', receiptKind).value), null);
  const challenge = opened('challenge', challengeKind);
  const commitment = opened('commitment', commitmentKind);
  assert.equal(commitmentFault(core, challenge, commitment.value), null);
  const opening = opened('opening', openingKind).value;
  const bulk = unhex(round.bulk);
  assert.deepEqual(openingFaults(core, [{ challenge, commitment, nu, opening, bulk }]), [null]);
  const asked = opened('retrieve', retrieveKind);
  const proof = opened('retrieveProof', retrieveProofKind).value;
  const s = derive('filetao v1 retrieve seed', asked.body);
  assert.equal(retrieveFault(core, asked, root, keyed(s, replica), proof), null);
});

test('our code makes the pinned values', () => {
  const script = fileURLToPath(new URL('../../../scripts/make-vectors.mjs', import.meta.url));
  const { status, stderr } = spawnSync(process.execPath, [script, '--check'], { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
});
