// The vectors of docs/protocol.md (vectors and invariants), on both builds. They fix the protocol, so they are spelled out here.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hex } from '../../model/pseudo-data.js';
import { cores } from './both-builds.js';

const E = Uint8Array.from({ length: 5000 }, (_, i) => i % 251);
const SEED = new Uint8Array(32).fill(1);
const nothing = new Uint8Array(0);
const ROOT = 'ee78d92070de3df1c57c37002abf0a6b1a6589acdeef4d8ffac7cf3d9e8f2836';
const K = '6a7f1e5635d9ea3973f3a1a2fe162be1921292ff666b6549e19415b36f3c654f';
const LAST_NODE = '52a1c8f7436aa0ab63dea25ca34c11125c51856da89d3c2ef0d7e583b2cb149f';

const CHUNKINGS = [
  {
    chunkSize: 1024,
    count: 5,
    first: 'c9caca71622a10cde79f271151b7fa153a35ba55544c0cf9076bc6f75eabd40a',
    last: LAST_NODE,
    commitment: 'ca75f47938ea6de1cc27e4b4e8f1e92d833a8cef14bcbb9943f2963cc522db14',
    root: 'f0dd3f3d9dbada7a94c1fc788d167ecef0cbf5f74b0597f228db621eca078d58',
  },
  {
    chunkSize: 2048,
    count: 3,
    last: LAST_NODE,
    root: 'adcf9ee7d6cebeb2482528cb4fa507cfd7125010d3dce8c869fede72e3436de4',
  },
  {
    chunkSize: 8192,
    count: 1,
    first: 'af7367331eaab17cd995a113ee4c1cc817fb0433da389915fb73851766db4e9f',
    last: 'af7367331eaab17cd995a113ee4c1cc817fb0433da389915fb73851766db4e9f',
    root: 'd471c5ee922577cfb44f94b938d5c02d1c544e2ef72c3412bf89c97251377675',
  },
];

for (const core of cores) {
  test(`${core.build}: the keys of the commitment tree, root and K`, () => {
    assert.equal(
      hex(core.derive('filetao v1 commitment leaf', nothing)),
      'e1be53284620af957743051ec7237194f66771fa191c69bfa850a9269d817878',
    );
    assert.equal(
      hex(core.derive('filetao v1 commitment node', nothing)),
      '4dcbd61730d4163f8682f79182f341e075c8eb160c2375fff4267b6f2be31425',
    );
    assert.equal(hex(core.hash(E)), ROOT);
    assert.equal(hex(core.keyed(SEED, E)), K);
  });

  for (const vector of CHUNKINGS) {
    test(`${core.build}: E in chunks of ${vector.chunkSize} bytes`, () => {
      const { chunkSize, count } = vector;
      const nodes = core.chunkNodes(SEED, E, 0, chunkSize);
      assert.equal(nodes.length, 32 * count);
      if (vector.first) assert.equal(hex(nodes.subarray(0, 32)), vector.first);
      assert.equal(hex(nodes.subarray(-32)), vector.last);
      if (count > 1) {
        assert.equal(hex(core.treeRoot({ kind: 'keyed', key: SEED }, nodes)), K);
        const plain = core.chunkNodes(null, E, 0, chunkSize);
        assert.equal(hex(core.treeRoot({ kind: 'content' }, plain)), ROOT);
      } else {
        assert.notEqual(hex(nodes), K);
      }
      const r = new Uint8Array(32 * count);
      for (let j = 0; j < count; j++) r[32 * j] = j + 1;
      const commitments = core.commit(nodes, r);
      if (vector.commitment) assert.equal(hex(commitments.subarray(0, 32)), vector.commitment);
      assert.equal(hex(core.treeRoot({ kind: 'commitment' }, commitments)), vector.root);
    });
  }
}
