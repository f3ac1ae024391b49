// Chunk nodes, tree roots and multiproofs against the plain model; invariants 1 and 2 of the protocol.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { blake3 } from '@noble/hashes/blake3.js';
import fc from 'fast-check';
import { CoreInputError } from '../../../src/domain/core/core-input-error.js';
import type { Tree } from '../../../src/domain/core/modes.js';
import type { ProofCore } from '../../../src/domain/core/proof-core.js';
import {
  type Merge,
  modelChunkNodes,
  modelCommitmentMerge,
  modelHash,
  modelMerge,
  modelMultiproof,
  modelTree,
} from '../../model/blake3-model.js';
import { hex, pseudoData } from '../../model/pseudo-data.js';
import { propertyOptions } from '../../property-options.js';
import { cores } from './both-builds.js';

const DATA = pseudoData(72 * 1024);
const KEY = pseudoData(32, 9);
const text = (string: string): Uint8Array => new TextEncoder().encode(string);
const nothing = new Uint8Array(0);
const K_LEAF = blake3(nothing, { context: text('filetao v1 commitment leaf') });
const K_NODE = blake3(nothing, { context: text('filetao v1 commitment node') });

const concat = (nodes: readonly Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(nodes));
const at = (nodes: Uint8Array, i: number): Uint8Array => nodes.subarray(32 * i, 32 * i + 32);

/** A tree over a replica's chunks, in the core's words and in the model's. */
interface Case {
  readonly tree: Tree;
  /** What the core is given: chunk nodes, or commitments. */
  readonly nodes: Uint8Array;
  readonly model: Uint8Array[];
  readonly merge: Merge;
  readonly root: string;
}

// The model's nodes of 2^k leaves from those of single leaves.
function modelFold(leaves: Uint8Array[], k: number, merge: Merge): Uint8Array[] {
  const nodes: Uint8Array[] = [];
  for (let i = 0; i < leaves.length; i += 2 ** k) {
    const inner: Merge = (left, right) => merge(left, right, false);
    nodes.push(modelTree(leaves.slice(i, i + 2 ** k), inner));
  }
  return nodes;
}

// Any 32 bytes can stand for commitments here; a wrong order or count of them shows.
const commitmentsOf = (count: number): Uint8Array => pseudoData(32 * count, count);

function checkMultiproofs(
  core: ProofCore,
  { tree, nodes, model, merge, root }: Case,
  opened: number[],
): void {
  const count = model.length;
  const expected = modelMultiproof(model, merge, opened);
  const proof = core.multiproof(tree, nodes, opened);
  assert.equal(hex(proof), hex(concat(expected)));
  assert.equal(core.multiproofLength(count, opened), expected.length);
  const values = concat(opened.map((index) => at(nodes, index)));
  const rootOf = (given: Uint8Array, with_: Uint8Array): string | null => {
    const result = core.multiproofRoot(tree, count, opened, given, with_);
    return result && hex(result);
  };
  assert.equal(rootOf(values, proof), root);
  const padded = new Uint8Array(proof.length + 96);
  padded.set(proof);
  for (let length = 0; length <= proof.length + 64; length += 16) {
    if (length !== proof.length) assert.equal(rootOf(values, padded.subarray(0, length)), null);
  }
  for (const length of [proof.length - 1, proof.length + 1]) {
    if (length > 0) assert.equal(rootOf(values, padded.subarray(0, length)), null);
  }
  for (const length of [values.length - 32, values.length - 1]) {
    assert.equal(rootOf(values.subarray(0, length), proof), null);
  }
  assert.equal(rootOf(concat([values, KEY]), proof), null);
  // Any changed bit leads elsewhere.
  const changedValues = values.slice();
  changedValues[(opened[0]! * 7) % values.length]! ^= 1;
  assert.notEqual(rootOf(changedValues, proof), root);
  if (proof.length > 0) {
    const changedProof = proof.slice();
    changedProof[(opened[0]! * 11) % proof.length]! ^= 128;
    assert.notEqual(rootOf(values, changedProof), root);
  }
}

for (const core of cores) {
  test(`${core.build}: every shape of 1 to 70 leaves, a byte more or less, in chunks of 1 to 64 KiB`, () => {
    for (let leaves = 1; leaves <= 70; leaves++) {
      for (const size of [1024 * leaves - 1, 1024 * leaves, 1024 * leaves + 1]) {
        const data = DATA.subarray(0, size);
        const plain = modelChunkNodes(null, data, 1024);
        const keyed = modelChunkNodes(KEY, data, 1024);
        for (let k = 0; k <= 6; k++) {
          const chunkSize = 1024 << k;
          const plainModel = modelFold(plain, k, modelMerge(null));
          const keyedModel = modelFold(keyed, k, modelMerge(KEY));
          const plainNodes = core.chunkNodes(null, data, 0, chunkSize);
          const keyedNodes = core.chunkNodes(KEY, data, 0, chunkSize);
          assert.equal(hex(plainNodes), hex(concat(plainModel)));
          assert.equal(hex(keyedNodes), hex(concat(keyedModel)));
          assert.equal(hex(core.foldNodes(null, concat(plain), 2 ** k)), hex(plainNodes));
          assert.equal(hex(core.foldNodes(KEY, concat(keyed), 2 ** k)), hex(keyedNodes));
          const count = plainModel.length;
          assert.equal(count, Math.ceil(size / chunkSize));

          const commitments = commitmentsOf(count);
          const commitmentModel = Array.from({ length: count }, (_, i) =>
            modelHash(K_LEAF, at(commitments, i)),
          );
          const commitmentMerge = modelCommitmentMerge(K_NODE);
          const cases: Case[] = [
            {
              tree: { kind: 'commitment' },
              nodes: commitments,
              model: commitmentModel,
              merge: commitmentMerge,
              root: hex(modelTree(commitmentModel, commitmentMerge)),
            },
          ];
          if (count > 1) {
            const contentRoot = hex(core.hash(data));
            const keyedRoot = hex(core.keyed(KEY, data));
            cases.push(
              {
                tree: { kind: 'content' },
                nodes: plainNodes,
                model: plainModel,
                merge: modelMerge(null),
                root: contentRoot,
              },
              {
                tree: { kind: 'keyed', key: KEY },
                nodes: keyedNodes,
                model: keyedModel,
                merge: modelMerge(KEY),
                root: keyedRoot,
              },
            );
          }
          for (const one of cases) assert.equal(hex(core.treeRoot(one.tree, one.nodes)), one.root);
          // One set of each shape checks all three trees; the next test draws many sets.
          const seed = leaves * 1000 + k * 10 + (size % 3);
          const opened = fc.sample(fc.subarray([...Array(count).keys()], { minLength: 1 }), {
            numRuns: 1,
            seed,
          })[0]!;
          for (const one of cases) checkMultiproofs(core, one, opened);
        }
      }
    }
  });

  test(`${core.build}: any index set in any shape`, (t) => {
    const shape = fc
      .record({
        leaves: fc.integer({ min: 1, max: 70 }),
        byte: fc.integer({ min: -1, max: 1 }),
        k: fc.nat(6),
      })
      .chain(({ leaves, byte, k }) => {
        const count = Math.ceil((leaves * 1024 + byte) / (1024 << k));
        const opened = fc.subarray([...Array(count).keys()], { minLength: 1 });
        return fc.record({
          size: fc.constant(leaves * 1024 + byte),
          k: fc.constant(k),
          count: fc.constant(count),
          opened,
        });
      });
    fc.assert(
      fc.property(shape, ({ size, k, count, opened }) => {
        const data = DATA.subarray(0, size);
        for (const tree of [
          { kind: 'content' },
          { kind: 'keyed', key: KEY },
          { kind: 'commitment' },
        ] as const) {
          if (tree.kind !== 'commitment' && count < 2) continue;
          const key = tree.kind === 'keyed' ? KEY : null;
          const nodes =
            tree.kind === 'commitment' ? commitmentsOf(count) : core.chunkNodes(key, data, 0, 1024 << k);
          const model = Array.from({ length: count }, (_, i) =>
            tree.kind === 'commitment' ? modelHash(K_LEAF, at(nodes, i)) : at(nodes, i),
          );
          const merge = tree.kind === 'commitment' ? modelCommitmentMerge(K_NODE) : modelMerge(key);
          const root = hex(core.treeRoot(tree, nodes));
          checkMultiproofs(core, { tree, nodes, model, merge, root }, opened);
        }
      }),
      propertyOptions(t, 600),
    );
  });

  test(`${core.build}: chunks from any first chunk, and opened chunks in any choice`, (t) => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: DATA.length }), fc.nat(4), fc.nat(1000), (size, k, pick) => {
        const chunkSize = 1024 << k;
        const data = DATA.subarray(0, size);
        const all = core.chunkNodes(KEY, data, 0, chunkSize);
        const count = all.length / 32;
        const first = pick % count;
        assert.equal(
          hex(core.chunkNodes(KEY, data.subarray(first * chunkSize), first, chunkSize)),
          hex(all.subarray(32 * first)),
        );
        const opened = [...Array(count).keys()].filter((i) => (i * 37 + pick) % 3 === 0 || i === first);
        const chunks = opened.map((i) => data.subarray(i * chunkSize, (i + 1) * chunkSize));
        const content = core.chunkNodes(null, data, 0, chunkSize);
        const found = core.openedChunkNodes([KEY, null, KEY], chunks, opened, chunkSize);
        assert.deepEqual(
          found.map(hex),
          [all, content, all].map((nodes) => hex(concat(opened.map((i) => at(nodes, i))))),
        );
      }),
      propertyOptions(t, 150),
    );
  });

  test(`${core.build}: leaf numbers up to 2^32 and chunks larger than a step`, () => {
    const data = DATA.subarray(0, 3000);
    const first = 2 ** 32 - 3;
    assert.equal(
      hex(core.chunkNodes(KEY, data, first, 1024)),
      hex(concat(modelChunkNodes(KEY, data, 1024, first))),
    );
    const long = pseudoData(3 * 1024 * 1024 + 5);
    for (const chunkSize of [256 * 1024, 512 * 1024, 1024 * 1024]) {
      const nodes = core.chunkNodes(KEY, long, 0, chunkSize);
      assert.equal(nodes.length / 32, Math.ceil(long.length / chunkSize));
      assert.equal(hex(core.treeRoot({ kind: 'keyed', key: KEY }, nodes)), hex(blake3(long, { key: KEY })));
      const opened = [1, nodes.length / 32 - 1];
      const chunks = opened.map((i) => long.subarray(i * chunkSize, (i + 1) * chunkSize));
      const otherKey = pseudoData(32, 3);
      const found = core.openedChunkNodes([otherKey, KEY], chunks, opened, chunkSize);
      assert.deepEqual(
        found.map(hex),
        [core.chunkNodes(otherKey, long, 0, chunkSize), nodes].map((all) =>
          hex(concat(opened.map((i) => at(all, i)))),
        ),
      );
    }
  });

  test(`${core.build}: trees of many nodes`, () => {
    // Around the blocks in which roots are computed, and the greatest number of chunks.
    const merge = modelCommitmentMerge(K_NODE);
    for (const count of [4095, 4096, 4097, 8193, 12_289]) {
      const commitments = commitmentsOf(count);
      const leaves = core.hashEach(K_LEAF, commitments, 32);
      const model = Array.from({ length: count }, (_, i) => at(leaves, i));
      const half = 2 ** Math.floor(Math.log2(count - 1));
      // Both halves by the core, joined by the model; the halves' halves likewise would be the model itself.
      const left = core.treeRoot({ kind: 'commitment' }, commitments.subarray(0, 32 * half));
      const right = core.treeRoot({ kind: 'commitment' }, commitments.subarray(32 * half));
      const root = hex(core.treeRoot({ kind: 'commitment' }, commitments));
      assert.equal(root, hex(merge(left, right, true)));
      if (count === 4097) assert.equal(root, hex(modelTree(model, merge)));
    }
    const data = pseudoData(65536 * 64);
    const commitments = data.subarray(0, 65536 * 32);
    const root = core.treeRoot({ kind: 'commitment' }, commitments);
    for (const opened of [[0], [65535], [0, 65535], [...Array(1024).keys()].map((i) => i * 63)]) {
      const proof = core.multiproof({ kind: 'commitment' }, commitments, opened);
      const values = concat(opened.map((i) => at(commitments, i)));
      const result = core.multiproofRoot({ kind: 'commitment' }, 65536, opened, values, proof);
      assert.equal(hex(result!), hex(root));
    }
    const all = [...Array(65536).keys()];
    assert.equal(core.multiproof({ kind: 'commitment' }, commitments, all).length, 0);
    const whole = core.multiproofRoot({ kind: 'commitment' }, 65536, all, commitments, nothing);
    assert.equal(hex(whole!), hex(root));
    const odd = all.filter((i) => i % 2 === 1);
    assert.equal(core.multiproofLength(65536, odd), 32768);
  });

  test(`${core.build}: inputs outside the limits are refused by code`, () => {
    const refuses = (code: string, call: () => unknown): void => {
      assert.throws(call, (error: unknown) => error instanceof CoreInputError && error.code === code);
    };
    const content: Tree = { kind: 'content' };
    const two = new Uint8Array(64);
    for (const chunkSize of [0, 512, 1023, 1025, 3072, 2 ** 21, -1024, 1024.5, Number.NaN]) {
      refuses('bad-chunk-size', () => core.chunkNodes(null, DATA, 0, chunkSize));
      refuses('bad-chunk-size', () => core.openedChunkNodes([null], [DATA], [0], chunkSize));
    }
    refuses('bad-data-length', () => core.chunkNodes(null, nothing, 0, 1024));
    refuses('bad-data-length', () => core.chunkNodes(null, new Uint8Array(2 ** 26 + 1), 0, 1024 * 1024));
    for (const first of [-1, 0.5, 2 ** 32])
      refuses('bad-index', () => core.chunkNodes(null, two, first, 1024));
    refuses('bad-data-length', () => core.openedChunkNodes([null], [two], [0, 1], 1024));
    refuses('bad-data-length', () => core.openedChunkNodes([null], [two, two], [0, 1], 1024)); // only the last may be short
    refuses('bad-data-length', () =>
      core.openedChunkNodes([null], [DATA.subarray(0, 1024), nothing], [0, 1], 1024),
    );
    refuses('bad-data-length', () => core.openedChunkNodes([null], [DATA, two], [0, 1], 1024));
    for (const nodes of [nothing, new Uint8Array(31), new Uint8Array(65), new Uint8Array(65537 * 32)]) {
      refuses('bad-count', () => core.multiproof(content, nodes, [0]));
      refuses('bad-count', () => core.foldNodes(null, nodes, 2));
    }
    for (const factor of [0, 3, -2, 131072, 1.5])
      refuses('bad-count', () => core.foldNodes(null, two, factor));
    refuses('bad-count', () => core.treeRoot(content, new Uint8Array(32)));
    refuses('bad-count', () => core.treeRoot({ kind: 'keyed', key: KEY }, new Uint8Array(32)));
    refuses('bad-count', () => core.multiproofRoot(content, 1, [0], new Uint8Array(32), nothing));
    refuses('bad-key', () => core.treeRoot({ kind: 'keyed', key: two }, two));
    refuses('bad-key', () => core.multiproofRoot({ kind: 'keyed', key: two }, 2, [0], KEY, KEY));
    for (const indices of [[], [2], [-1], [0, 0], [1, 0], [0.5], [Number.NaN]]) {
      refuses('bad-index', () => core.multiproofLength(2, indices));
      refuses('bad-index', () => core.multiproof(content, two, indices));
      refuses('bad-index', () => core.multiproofRoot(content, 2, indices, two, two));
    }
    for (const count of [0, 65537, 1.5, -1]) refuses('bad-count', () => core.multiproofLength(count, [0]));
    assert.equal(core.multiproof(content, new Uint8Array(32), [0]).length, 0);
  });
}
