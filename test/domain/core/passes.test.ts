// The two passes over a replica give what the single calls give, in any size and chunking; scalars; the memory stays as it was.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { blake3 } from '@noble/hashes/blake3.js';
import fc from 'fast-check';
import { CoreInputError } from '../../../src/domain/core/core-input-error.js';
import type { Pass } from '../../../src/domain/core/pass-steps.js';
import { modelHash } from '../../model/blake3-model.js';
import { hex, pseudoData } from '../../model/pseudo-data.js';
import { propertyOptions } from '../../property-options.js';
import { cores } from './both-builds.js';

const L = 2n ** 252n + 27742317777372353535851937790883648493n;
const KEY = pseudoData(32, 3);
const BLINDING = pseudoData(32, 4);
const DATA = pseudoData(1_400_000);

function feed(pass: Pass, data: Uint8Array): void {
  let which = 0;
  for (let at = 0; at < data.length; at += pass.inputs[0]!.length) {
    const part = data.subarray(at, at + pass.inputs[0]!.length);
    // What a step leaves behind its end must not matter.
    pass.inputs[which]!.fill(0xa5).set(part);
    pass.absorb(which, part.length);
    which = 1 - which;
  }
}

const numberOf = (bytes: Uint8Array): bigint => BigInt(`0x${hex(bytes.slice().reverse())}`);
function bytesOf(value: bigint, length: number): Uint8Array {
  return new Uint8Array(Buffer.from(value.toString(16).padStart(2 * length, '0'), 'hex').reverse());
}

// Around a leaf, a chunk, a step of 256 KiB, and sizes between.
const size = fc.oneof(
  fc.constantFrom(...[1, 63, 64, 65, 1023, 1024, 1025, 2047, 2048, 2049, 262_143, 262_144, 262_145, 263_168]),
  fc.constantFrom(...[524_287, 524_288, 524_289, 786_432, 1_048_576, 1_048_577, 1_400_000]),
  fc.integer({ min: 1, max: 10_000 }),
  fc.integer({ min: 1, max: DATA.length }),
);

for (const core of cores) {
  test(`${core.build}: a proof pass is chunk nodes, commitments and roots`, (t) => {
    fc.assert(
      fc.property(size, fc.nat(10), (length, k) => {
        const data = DATA.subarray(0, length);
        const chunkSize = 1024 << k;
        const pass = core.startProof({ key: KEY, size: length, chunkSize, blinding: BLINDING });
        feed(pass, data);
        const proof = pass.finish();
        assert.equal(proof.count, Math.ceil(length / chunkSize));
        assert.equal(hex(proof.keyedRoot), hex(blake3(data, { key: KEY })));
        assert.equal(hex(proof.nodes), hex(core.chunkNodes(KEY, data, 0, chunkSize)));
        const r = core.blindings(BLINDING, 0, proof.count);
        assert.equal(hex(proof.commitments), hex(core.commit(proof.nodes, r)));
        assert.equal(
          hex(proof.commitmentRoot),
          hex(core.treeRoot({ kind: 'commitment' }, proof.commitments)),
        );
      }),
      propertyOptions(t, 60),
    );
  });

  test(`${core.build}: a proof of more commitments than one batch`, () => {
    const data = pseudoData(5000 * 1024 - 3);
    const pass = core.startProof({ key: KEY, size: data.length, chunkSize: 1024, blinding: BLINDING });
    feed(pass, data);
    const proof = pass.finish();
    assert.equal(proof.count, 5000);
    const r = core.blindings(BLINDING, 0, 5000);
    assert.equal(hex(proof.commitments), hex(core.commit(core.chunkNodes(KEY, data, 0, 1024), r)));
    assert.equal(hex(proof.keyedRoot), hex(core.keyed(KEY, data)));
  });

  test(`${core.build}: a digest pass is the root, the keyed roots and the leaves`, (t) => {
    fc.assert(
      fc.property(size, fc.nat(3), fc.boolean(), (length, count, outboard) => {
        const data = DATA.subarray(0, length);
        const keys = Array.from({ length: count }, (_, i) => pseudoData(32, i + 20));
        const pass = core.startDigest({ size: length, keys, outboard });
        feed(pass, data);
        const digest = pass.finish();
        assert.equal(hex(digest.root), hex(blake3(data)));
        assert.deepEqual(
          digest.keyed.map(hex),
          keys.map((key) => hex(blake3(data, { key }))),
        );
        if (outboard) assert.equal(hex(digest.leafNodes!), hex(core.chunkNodes(null, data, 0, 1024)));
        else assert.equal('leafNodes' in digest, false);
      }),
      propertyOptions(t, 30),
    );
    const keys = Array.from({ length: 64 }, (_, i) => pseudoData(32, i + 1));
    const pass = core.startDigest({ size: 700_000, keys, outboard: true });
    feed(pass, DATA.subarray(0, 700_000));
    assert.deepEqual(
      pass.finish().keyed.map(hex),
      keys.map((key) => hex(core.keyed(key, DATA.subarray(0, 700_000)))),
    );
  });

  test(`${core.build}: other calls between the steps of a pass do not disturb it`, () => {
    const data = DATA.subarray(0, 600_000);
    const pass = core.startProof({ key: KEY, size: data.length, chunkSize: 1024, blinding: BLINDING });
    const commitments = pseudoData(32 * 3000);
    for (let at = 0; at < data.length; at += 262_144) {
      const part = data.subarray(at, at + 262_144);
      pass.inputs[0]!.set(part);
      core.hash(DATA);
      core.xof({ kind: 'keyed', key: BLINDING }, DATA, 5000, 77);
      core.commit(commitments.subarray(0, 64), core.blindings(KEY, 0, 2));
      core.treeRoot({ kind: 'commitment' }, commitments);
      const proof = core.multiproof({ kind: 'commitment' }, commitments, [5, 2999]);
      core.multiproofRoot({ kind: 'commitment' }, 3000, [5, 2999], commitments.subarray(0, 64), proof);
      core.chunkNodes(BLINDING, DATA, 0, 4096);
      pass.absorb(0, part.length);
    }
    core.chunkNodes(BLINDING, DATA, 0, 1024);
    const proof = pass.finish();
    assert.equal(hex(proof.keyedRoot), hex(core.keyed(KEY, data)));
    assert.equal(hex(proof.nodes), hex(core.chunkNodes(KEY, data, 0, 1024)));
    assert.equal(
      hex(proof.commitments),
      hex(core.commit(proof.nodes, core.blindings(BLINDING, 0, proof.count))),
    );
  });

  test(`${core.build}: steps out of order, too many passes, unfinished data are refused`, () => {
    const refuses = (code: string, call: () => unknown): void => {
      assert.throws(call, (error: unknown) => error instanceof CoreInputError && error.code === code);
    };
    const input = { key: KEY, size: 300_000, chunkSize: 1024, blinding: BLINDING };
    const pass = core.startProof(input);
    const step = pass.inputs[0]!.length;
    for (const length of [0, 1, step - 1, step + 1, -1, 300_000])
      refuses('bad-pass', () => pass.absorb(0, length));
    for (const which of [-1, 2, 0.5]) refuses('bad-pass', () => pass.absorb(which, step));
    refuses('bad-pass', () => pass.finish());
    pass.absorb(0, step);
    refuses('bad-pass', () => pass.absorb(1, step));
    refuses('bad-pass', () => pass.finish());
    const digest = core.startDigest({ size: 5, keys: [], outboard: false });
    refuses('bad-pass', () => pass.absorb(1, 300_000 - step));
    refuses('bad-pass', () => pass.finish());
    digest.absorb(1, 5);
    refuses('bad-pass', () => digest.absorb(0, 1));

    refuses('bad-key', () => core.startProof({ ...input, key: new Uint8Array(31) }));
    refuses('bad-key', () => core.startProof({ ...input, blinding: new Uint8Array(33) }));
    for (const length of [0, -1, 2 ** 26 + 1, 1.5, Number.NaN]) {
      refuses('bad-data-length', () => core.startProof({ ...input, size: length, chunkSize: 2 ** 20 }));
      refuses('bad-data-length', () => core.startDigest({ size: length, keys: [], outboard: true }));
    }
    refuses('bad-chunk-size', () => core.startProof({ ...input, chunkSize: 1000 }));
    refuses('bad-key', () => core.startDigest({ size: 5, keys: [new Uint8Array(5)], outboard: false }));
    const keys = Array.from({ length: 65 }, () => KEY);
    refuses('bad-count', () => core.startDigest({ size: 5, keys, outboard: false }));
    core.startProof({ ...input, size: 2 ** 26, chunkSize: 1024 });
  });

  test(`${core.build}: blindings are the protocol's, in any range`, () => {
    const expected = (j: number): string => {
      const wide = blake3(new Uint8Array(0), { key: BLINDING, dkLen: 64 * (j + 1) }).subarray(64 * j);
      return hex(bytesOf(numberOf(wide) % L, 32));
    };
    for (const [first, count] of [
      [0, 1],
      [0, 9],
      [1, 5],
      [3, 1],
      [6, 4],
      [2047, 3],
    ] as const) {
      const r = core.blindings(BLINDING, first, count);
      assert.equal(r.length, 32 * count);
      for (let i = 0; i < count; i++) assert.equal(hex(r.subarray(32 * i, 32 * i + 32)), expected(first + i));
    }
    const all = core.blindings(BLINDING, 0, 65536);
    assert.equal(hex(core.blindings(BLINDING, 4095, 4000)), hex(all.subarray(32 * 4095, 32 * 8095)));
    assert.equal(core.blindings(BLINDING, 65536, 0).length, 0);
    for (const [first, count] of [
      [-1, 1],
      [0, 65537],
      [65536, 1],
      [0.5, 1],
      [0, Number.NaN],
    ] as const) {
      assert.throws(() => core.blindings(BLINDING, first, count), { code: 'bad-range' });
    }
  });

  test(`${core.build}: scalars at the edges of the group order`, () => {
    for (const [value, canonical] of [
      [0n, true],
      [1n, true],
      [L - 1n, true],
      [L, false],
      [L + 1n, false],
      [2n ** 252n, true],
      [2n ** 255n - 1n, false],
      [2n ** 256n - 1n, false],
    ] as const) {
      const scalar = bytesOf(value, 32);
      assert.equal(core.isCanonicalScalar(scalar), canonical);
      assert.equal(hex(core.reduceScalar(scalar)), hex(bytesOf(value % L, 32)));
      if (canonical) assert.equal(core.commit(scalar, scalar).length, 32);
      else assert.throws(() => core.commit(KEY, scalar), { code: 'bad-scalar' });
      // m is read mod L.
      assert.equal(
        hex(
          core.commit(
            scalar,
            KEY.map((b, i) => (i === 31 ? 0 : b)),
          ),
        ),
        hex(
          core.commit(
            bytesOf(value % L, 32),
            KEY.map((b, i) => (i === 31 ? 0 : b)),
          ),
        ),
      );
    }
    assert.equal(core.isCanonicalScalar(new Uint8Array(31)), false);
    assert.equal(core.isCanonicalScalar(new Uint8Array(33)), false);
    const wide = pseudoData(64);
    assert.equal(hex(core.reduceWide(wide)), hex(bytesOf(numberOf(wide) % L, 32)));
    assert.throws(() => core.reduceWide(new Uint8Array(63)), { code: 'bad-scalar' });
    assert.throws(() => core.reduceScalar(new Uint8Array(33)), { code: 'bad-scalar' });
    assert.throws(() => core.commit(new Uint8Array(64), new Uint8Array(32)), { code: 'bad-count' });
    assert.throws(() => core.commit(new Uint8Array(0), new Uint8Array(0)), { code: 'bad-count' });
  });

  test(`${core.build}: the memory is what it was at the start`, () => {
    const pass = core.startDigest({ size: 1, keys: [], outboard: false });
    assert.equal(pass.inputs[0]!.buffer.byteLength, core.memoryBytes);
    assert.ok(core.memoryBytes <= 20 * 1024 * 1024, `${core.memoryBytes}`);
  });
}

test('both builds answer with the same bytes', () => {
  const data = DATA.subarray(0, 900_001);
  const answers = cores.map((core) => {
    const pass = core.startProof({ key: KEY, size: data.length, chunkSize: 4096, blinding: BLINDING });
    feed(pass, data);
    const { keyedRoot, commitmentRoot, nodes, commitments } = pass.finish();
    return [keyedRoot, commitmentRoot, nodes, commitments].map(hex).join();
  });
  assert.equal(new Set(answers).size, 1);
  assert.equal(answers[0]!.slice(0, 64), hex(modelHash(KEY, data)));
});
