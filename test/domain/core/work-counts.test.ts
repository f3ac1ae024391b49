// How much work the core does, by counting: what a benchmark on a busy machine cannot show. Most bounds are exact, from the
// definition of BLAKE3 and of the protocol; where one is the implementation's choice, it is an upper bound with its reason.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Counts, countedCore } from './counted-core.js';

const { core, countsOf } = countedCore();
const kibibyte = 1024;
const key = new Uint8Array(32).fill(3);
const blinding = new Uint8Array(32).fill(4);
const size = 4096 * kibibyte;
const leaves = size / kibibyte;
/** 16 blocks of a leaf and its share of the merges, of which a tree of n leaves has n − 1. */
const treeCompressions = 17 * leaves - 1;
/** Merges of the last few nodes leave lanes empty, and single steps cost a few more. */
const slack = 64;
const scalars = core.blindings(key, 0, 8192);
core.commit(scalars.subarray(0, 32), scalars.subarray(0, 32));

const compressions = ({ compress1, compress4 }: Counts): number => compress1 + compress4;

function feed(pass: ReturnType<typeof core.startProof | typeof core.startDigest>): void {
  const step = pass.inputs[0]!.length;
  for (let at = 0; at < size; at += step) pass.absorb(0, Math.min(step, size - at));
  pass.finish();
}

const prove = (chunkSize: number): Counts =>
  countsOf(() => feed(core.startProof({ key, size, chunkSize, blinding })));

test('a proof reads every byte once, and hashes it once', () => {
  for (const chunkSize of [1, 2, 4, 16, 64, 1024].map((kib) => kib * kibibyte)) {
    const counts = prove(chunkSize);
    const chunks = size / chunkSize;
    assert.equal(counts.leafNodes, size);
    // For each chunk a blinding, a leaf of the commitment tree and a node.
    const least = treeCompressions + 3 * chunks - 1;
    const done = compressions(counts);
    assert.ok(
      done >= least && done <= least + slack,
      `${chunkSize}: ${done} compressions, at least ${least}`,
    );
  }
  // 64-byte blocks: 1.066 bytes hashed per byte proven at 64 KiB chunks, 1.25 at 1 KiB.
  assert.ok((64 * compressions(prove(64 * kibibyte))) / size < 1.07);
  assert.ok((64 * compressions(prove(kibibyte))) / size < 1.251);
});

test('a digest pass hashes every byte once for the root and once for each key', () => {
  for (const keys of [0, 1, 3]) {
    const counts = countsOf(() =>
      feed(core.startDigest({ size, keys: Array.from({ length: keys }, () => key), outboard: true })),
    );
    assert.equal(counts.leafNodes, (1 + keys) * size);
    const least = (1 + keys) * treeCompressions;
    assert.ok(
      compressions(counts) <= least + (1 + keys) * slack,
      `${keys} keys: ${compressions(counts)} of ${least}`,
    );
  }
});

test('the commitment tree hashes each leaf and each pair once, four at a time', () => {
  const count = 65_536;
  const counts = countsOf(() => core.treeRoot({ kind: 'commitment' }, new Uint8Array(32 * count)));
  assert.ok(compressions(counts) <= 2 * count - 1 + slack);
  assert.ok(counts.compress1 < slack, `${counts.compress1} compressions used one lane of four`);
});

test('hashing uses all lanes', () => {
  const one = countsOf(() => core.hash(new Uint8Array(64 * kibibyte)));
  assert.deepEqual([one.compress4, one.compress1], [17 * 64, 1]);
  const each = countsOf(() => core.hashEach(null, new Uint8Array(64 * kibibyte), kibibyte));
  assert.deepEqual([each.compress4, each.compress1], [16 * 64, 0]);
});

test('commitments share their inversions, and none is done twice', () => {
  // Measured 61 for a full sub-batch (46 table entries, the joining of partial sums, the encoding) and 7 for one commitment, whose 46
  // entries are summed side by side. An inversion costs 265 multiplications, as much as half a commitment does.
  const most = { 1: 8, 64: 8, 1000: 24, 4096: 64, 8192: 128 };
  for (const [count, inversionsMax] of Object.entries(most)) {
    const pairs = scalars.subarray(0, 32 * Number(count));
    const counts = countsOf(() => core.commit(pairs, pairs));
    assert.ok(counts.feInvert <= inversionsMax, `${count}: ${counts.feInvert} inversions`);
    assert.equal(counts.commitComplete, 0);
  }
  // A proof's inversions are those of its batches: chunks are not committed to one by one.
  assert.ok(prove(kibibyte).feInvert <= 64);
  assert.ok(prove(16 * kibibyte).feInvert <= 8);
});

test('a batch with an exceptional addition is done again, once', () => {
  const zero = new Uint8Array(64 * 32);
  assert.equal(countsOf(() => core.commit(zero, zero)).commitComplete, 1);
});
