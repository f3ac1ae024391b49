// BLAKE3 in the core against @noble/hashes: all modes, all short lengths, every boundary of the tree, output at any place.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { blake3 } from '@noble/hashes/blake3.js';
import fc from 'fast-check';
import { CoreInputError } from '../../../src/domain/core/core-input-error.js';
import type { HashMode } from '../../../src/domain/core/modes.js';
import type { ProofCore } from '../../../src/domain/core/proof-core.js';
import { modelHash, modelOutputBlock } from '../../model/blake3-model.js';
import { hex, pseudoData } from '../../model/pseudo-data.js';
import { propertyOptions } from '../../property-options.js';
import { cores } from './both-builds.js';

const DATA = pseudoData(1024 * 1024 + 1025);
const KEY = pseudoData(32, 7);
const CONTEXT = 'filetao 2026-01-01 test context é';
const MODES: readonly [HashMode, Parameters<typeof blake3>[1]][] = [
  [{ kind: 'hash' }, {}],
  [{ kind: 'keyed', key: KEY }, { key: KEY }],
  [{ kind: 'derive', context: CONTEXT }, { context: new TextEncoder().encode(CONTEXT) }],
];

function digestOf(core: ProofCore, mode: HashMode, data: Uint8Array): Uint8Array {
  if (mode.kind === 'hash') return core.hash(data);
  if (mode.kind === 'keyed') return core.keyed(mode.key, data);
  return core.derive(mode.context, data);
}

// Powers of two from a leaf to 1 MiB, and one byte and one leaf to either side.
const boundaries = Array.from({ length: 11 }, (_, i) => 1024 * 2 ** i)
  .flatMap((size) => [size - 1024, size - 1, size, size + 1, size + 1023, size + 1024, size + 1025])
  .filter((size) => size > 4096);

for (const core of cores) {
  for (const [mode, options] of MODES) {
    test(`${core.build}: ${mode.kind}: every length from 0 to 4096`, () => {
      for (let length = 0; length <= 4096; length++) {
        const data = DATA.subarray(0, length);
        assert.equal(hex(digestOf(core, mode, data)), hex(blake3(data, options)), `length ${length}`);
      }
    });

    test(`${core.build}: ${mode.kind}: around every power of two to 1 MiB, whole, streamed and as output`, () => {
      for (const length of boundaries) {
        const data = DATA.subarray(0, length);
        const expected = blake3(data, { ...options, dkLen: 300 });
        assert.equal(hex(digestOf(core, mode, data)), hex(expected.subarray(0, 32)), `length ${length}`);
        const hasher = core.createHasher(mode);
        for (let at = 0; at < length; at += 60_000) hasher.update(data.subarray(at, at + 60_000));
        assert.equal(hex(hasher.digest()), hex(expected.subarray(0, 32)), `streamed, length ${length}`);
        assert.equal(hex(core.xof(mode, data, 300)), hex(expected), `output, length ${length}`);
      }
    });

    test(`${core.build}: ${mode.kind}: any pieces, any part of the output`, (t) => {
      fc.assert(
        fc.property(
          fc.array(fc.nat(40_000), { maxLength: 8 }),
          fc.nat(3000),
          fc.nat(3000),
          (pieces, seek, length) => {
            const hasher = core.createHasher(mode);
            let at = 0;
            for (const piece of pieces) {
              hasher.update(DATA.subarray(at, at + piece));
              at += piece;
            }
            const data = DATA.subarray(0, at);
            const expected = hex(blake3(data, { ...options, dkLen: seek + length + 1 }).subarray(seek, -1));
            assert.equal(hex(hasher.xof(length, seek)), expected);
            assert.equal(hex(core.xof(mode, data, length, seek)), expected);
          },
        ),
        propertyOptions(t, 60),
      );
    });
  }

  test(`${core.build}: long output, and output whose block counter passes 2^32`, () => {
    const data = DATA.subarray(0, 50);
    assert.equal(hex(core.xof({ kind: 'hash' }, data, 300_000)), hex(blake3(data, { dkLen: 300_000 })));
    const block = 2 ** 32 - 2;
    const expected = Buffer.concat([0, 1, 2, 3, 4].map((i) => modelOutputBlock(data, block + i)));
    assert.equal(hex(core.xof({ kind: 'hash' }, data, 250, block * 64 + 7)), hex(expected.subarray(7, 257)));
    assert.equal(
      hex(core.xof({ kind: 'hash' }, data, 64, 2 ** 53 - 1 - 127)),
      hex(
        Buffer.concat([modelOutputBlock(data, 2 ** 47 - 2), modelOutputBlock(data, 2 ** 47 - 1)]).subarray(
          0,
          64,
        ),
      ),
    );
    assert.equal(core.xof({ kind: 'hash' }, data, 0).length, 0);
  });

  test(`${core.build}: hashers live side by side, and reading one does not end it`, () => {
    const hashers = MODES.flatMap(([mode, options]) =>
      [0, 1, 2].map((i) => ({ hasher: core.createHasher(mode), options, taken: i * 1000, from: i * 1000 })),
    );
    for (let step = 1; step < 40; step++) {
      for (const [i, one] of hashers.entries()) {
        const size = (step * 977 * (i + 1)) % 20_000;
        one.hasher.update(DATA.subarray(one.taken, one.taken + size));
        one.taken += size;
        if (step % 7 !== 0) continue;
        const data = DATA.subarray(one.from, one.taken);
        assert.equal(hex(one.hasher.digest()), hex(blake3(data, one.options)));
      }
    }
  });

  test(`${core.build}: independent messages of every size up to a leaf`, () => {
    for (let size = 1; size <= 1024; size += size < 200 ? 1 : 31) {
      const count = 1 + (size % 9);
      const data = DATA.subarray(0, size * count);
      const each = Array.from({ length: count }, (_, i) => data.subarray(i * size, (i + 1) * size));
      const expected = Buffer.concat(each.map((message) => blake3(message)));
      assert.equal(hex(core.hashEach(null, data, size)), hex(expected), `size ${size}`);
      const keyed = Buffer.concat(each.map((message) => blake3(message, { key: KEY })));
      assert.equal(hex(core.hashEach(KEY, data, size)), hex(keyed), `size ${size}, keyed`);
    }
    const many = core.hashEach(null, DATA, 1);
    assert.equal(many.length, DATA.length * 32);
    assert.equal(hex(many.subarray(-32)), hex(blake3(DATA.subarray(-1))));
    assert.equal(core.hashEach(null, new Uint8Array(0), 64).length, 0);
  });

  test(`${core.build}: inputs outside the limits are refused by code`, () => {
    const refuses = (code: string, call: () => unknown): void => {
      assert.throws(call, (error: unknown) => error instanceof CoreInputError && error.code === code);
    };
    for (const key of [new Uint8Array(31), new Uint8Array(33), new Uint8Array(0)]) {
      refuses('bad-key', () => core.keyed(key, DATA));
      refuses('bad-key', () => core.xof({ kind: 'keyed', key }, DATA, 1));
      refuses('bad-key', () => core.createHasher({ kind: 'keyed', key }));
      refuses('bad-key', () => core.hashEach(key, DATA, 1));
    }
    for (const [length, seek] of [
      [-1, 0],
      [1, -1],
      [1.5, 0],
      [1, 0.5],
      [1, 2 ** 53],
      [2, 2 ** 53 - 2],
      [Number.NaN, 0],
    ] as const) {
      refuses('bad-range', () => core.xof({ kind: 'hash' }, KEY, length, seek));
      refuses('bad-range', () => core.createHasher({ kind: 'hash' }).xof(length, seek));
    }
    for (const size of [0, -1, 1025, 1.5, 7])
      refuses('bad-data-length', () => core.hashEach(null, KEY.subarray(0, 20), size));
  });
}

test('the plain model is BLAKE3 too', () => {
  for (const length of [0, 1, 63, 64, 65, 1023, 1024, 1025, 2048, 3073, 5000, 16_385]) {
    const data = DATA.subarray(0, length);
    assert.equal(hex(modelHash(null, data)), hex(blake3(data)));
    assert.equal(hex(modelHash(KEY, data)), hex(blake3(data, { key: KEY })));
  }
});
