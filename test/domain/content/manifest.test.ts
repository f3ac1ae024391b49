import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CID } from 'multiformats/cid';
import { create } from 'multiformats/hashes/digest';
import { makeCid } from '../../../src/domain/content/cid.js';
import {
  checkManifest,
  type Manifest,
  manifestKind,
  pieceCount,
  pieceLength,
} from '../../../src/domain/content/manifest.js';
import { FileTaoError } from '../../../src/domain/model/errors.js';
import { bytes32, sign, validator } from '../protocol/play.js';

const manifest: Manifest = {
  version: 1,
  genesis: bytes32(7),
  netuid: 42,
  owner: validator.publicKey,
  cid: makeCid('hello'),
  size: 2500,
  pieceSize: 1000,
  pieceIds: [bytes32(1), bytes32(2), bytes32(3)],
  redundancy: { scheme: 'replicate', copies: 3 },
  expiry: 2_000_000_000,
};
const refused = (change: Partial<Manifest>, what: string) =>
  assert.throws(
    () => checkManifest({ ...manifest, ...change }),
    (error) => error instanceof FileTaoError && error.code === 'bad-message',
    what,
  );

test('a manifest survives its codec and is checked', () => {
  const { value } = sign(manifestKind, manifest, validator);
  assert.deepEqual({ ...value, redundancy: { ...value.redundancy } }, manifest);
  checkManifest(value);
  checkManifest({ ...manifest, size: 0, pieceIds: [] });
  checkManifest({ ...manifest, size: 2001 });
  checkManifest({ ...manifest, size: 3000 });
});

test('pieces that do not make the size are refused', () => {
  refused({ size: 2000 }, 'one too many');
  refused({ size: 3001 }, 'one too few');
  refused({ size: 0 }, 'an empty object has none');
  refused({ pieceIds: [] }, 'a full one has some');
  refused({ size: Number.MAX_SAFE_INTEGER, pieceSize: 1 }, 'no array of that length');
});

test('a CID of any other form is refused', () => {
  const cid = CID.parse(manifest.cid);
  const short = CID.createV1(0x55, create(0x12, new Uint8Array(20)));
  refused({ cid: short.toString() }, 'a digest cut to 20 bytes');
  refused({ cid: CID.createV1(0x55, create(0x12, new Uint8Array())).toString() }, 'no digest');
  refused({ cid: CID.createV1(0x70, cid.multihash).toString() }, 'dag-pb');
  refused({ cid: CID.createV1(0x55, create(0x13, cid.multihash.digest)).toString() }, 'sha2-512 by name');
  refused({ cid: CID.createV0(cid.multihash as Parameters<typeof CID.createV0>[0]).toString() }, 'version 0');
  refused({ cid: manifest.cid.toUpperCase() }, 'upper case');
  refused({ cid: ` ${manifest.cid}` }, 'a space before');
  refused({ cid: 'hello' }, 'no CID');
  refused({ cid: '' }, 'nothing');
});

test('piece lengths add up', () => {
  for (const [size, pieceSize] of [
    [0, 5],
    [1, 5],
    [5, 5],
    [6, 5],
    [99, 10],
  ] as const) {
    const count = pieceCount(size, pieceSize);
    const lengths = Array.from({ length: count }, (_, i) => pieceLength(size, pieceSize, i));
    assert.equal(
      lengths.reduce((sum, length) => sum + length, 0),
      size,
    );
    assert.ok(lengths.every((length) => length >= 1 && length <= pieceSize));
  }
});
