import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { concatBytes } from '../../../src/domain/model/bytes.js';
import { limits } from '../../../src/domain/model/constants.js';
import { retrieveSeed } from '../../../src/domain/protocol/derivations.js';
import {
  headerTo,
  type RangeBody,
  rangeKind,
  retrieveKind,
  retrieveProofKind,
} from '../../../src/domain/protocol/messages.js';
import { chunkCount } from '../../../src/domain/protocol/parameters.js';
import {
  openRange,
  rangeBulkLength,
  rangeBytes,
  rangeProof,
  retrieveFault,
  retrieveProofBody,
} from '../../../src/domain/protocol/retrieve.js';
import { propertyOptions } from '../../property-options.js';
import { bytes32, core, dataOf, flipped, miner, partyOf, sign, unsigned, validator } from './play.js';

const data = dataOf(5000);
const request = (nonce = 1, of = data) =>
  sign(
    retrieveKind,
    {
      ...headerTo(partyOf(validator), miner.publicKey),
      root: core.hash(of),
      size: of.length,
      prevLink: bytes32(3),
      nonce: bytes32(nonce),
    },
    validator,
  );

test('an honest retrieval verifies, each wrong value is named', () => {
  const asked = request();
  const root = core.hash(data);
  const keyedRoot = core.keyed(retrieveSeed(core, asked.body), data);
  const body = retrieveProofBody(core, partyOf(miner), asked, keyedRoot);
  const proof = sign(retrieveProofKind, body, miner).value;
  const fault = (change: object, of = asked, reached = root) =>
    retrieveFault(core, of, reached, keyedRoot, { ...proof, ...change });
  assert.equal(fault({}), null);
  assert.equal(fault({ keyedRoot: flipped(keyedRoot, 4) }), 'keyed-root');
  assert.equal(fault({ proof: flipped(proof.proof, 4) }), 'proof');
  assert.equal(fault({ proof: bytes32(3) }), 'proof');
  assert.equal(fault({ requestDigest: bytes32(3) }), 'wrong-request');
  assert.equal(fault({}, asked, flipped(root, 0)), 'root');
  // the answer to an earlier request for the same bytes
  const next = request(2);
  const nextKeyed = core.keyed(retrieveSeed(core, next.body), data);
  assert.equal(retrieveFault(core, next, root, nextKeyed, proof), 'wrong-request');
  const relabelled = { ...proof, requestDigest: next.digest };
  assert.equal(retrieveFault(core, next, root, nextKeyed, relabelled), 'keyed-root');
  assert.equal(retrieveFault(core, next, root, nextKeyed, { ...relabelled, keyedRoot: nextKeyed }), 'proof');
  // other bytes with a proof that fits them
  const wrong = flipped(data, 4999);
  const wrongKeyed = core.keyed(retrieveSeed(core, asked.body), wrong);
  const fitting = retrieveProofBody(core, partyOf(miner), asked, wrongKeyed);
  assert.equal(retrieveFault(core, asked, core.hash(wrong), wrongKeyed, fitting), 'root');
});

const rangeOf = (of: Uint8Array, chunkSize: number, firstChunk: number, chunks: number): RangeBody =>
  unsigned(rangeKind, {
    ...headerTo(partyOf(validator), miner.publicKey),
    root: core.hash(of),
    size: of.length,
    chunkSize,
    firstChunk,
    chunks,
    nonce: bytes32(1),
  }).value;

function bulkOf(of: Uint8Array, range: RangeBody): Uint8Array {
  const { start, end } = rangeBytes(range)!;
  return concatBytes(
    of.subarray(start, end),
    rangeProof(core, range, core.chunkNodes(null, of, 0, range.chunkSize)),
  );
}

test('honest ranges open to exactly their bytes', (t) => {
  const shapes = fc.record({
    size: fc.integer({ min: 1, max: 60_000 }),
    k: fc.integer({ min: 0, max: 6 }),
    from: fc.nat(),
    length: fc.nat(),
    at: fc.nat(),
  });
  fc.assert(
    fc.property(shapes, ({ size, k, from, length, at }) => {
      const of = dataOf(size, size);
      const count = chunkCount(size, 1024 << k);
      const first = from % count;
      const range = rangeOf(of, 1024 << k, first, 1 + (length % (count - first)));
      const { start, end } = rangeBytes(range)!;
      const bulk = bulkOf(of, range);
      assert.equal(bulk.length, rangeBulkLength(core, range));
      assert.deepEqual(openRange(core, range, bulk), of.subarray(start, end));
      assert.equal(openRange(core, range, flipped(bulk, at % bulk.length)), null);
      assert.equal(openRange(core, range, bulk.subarray(1)), null);
      assert.equal(openRange(core, range, concatBytes(bulk, new Uint8Array(1))), null);
    }),
    propertyOptions(t, 150),
  );
});

test('every changed byte of a range answer is rejected', () => {
  const range = rangeOf(data, 1024, 1, 2);
  const bulk = bulkOf(data, range);
  for (let at = 0; at < bulk.length; at++) {
    assert.equal(openRange(core, range, flipped(bulk, at, 1 << (at % 8))), null, String(at));
  }
  assert.equal(openRange(core, rangeOf(data, 1024, 2, 2), bulk), null, 'chunks of another place');
});

test('a range past the replica is refused, not answered', () => {
  for (const [first, chunks] of [
    [5, 1],
    [4, 2],
    [0, 6],
    [limits.chunkCountMax - 1, limits.chunkCountMax],
  ] as const) {
    const range = rangeOf(data, 1024, first, chunks);
    assert.equal(rangeBytes(range), null);
    assert.equal(openRange(core, range, data), null);
  }
  assert.deepEqual(rangeBytes(rangeOf(data, 1024, 4, 1)), { start: 4096, end: 5000 });
});
