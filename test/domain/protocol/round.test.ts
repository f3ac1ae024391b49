import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { verifySr25519 } from '../../../src/adapters/wallets/sr25519.js';
import { openSealed, sealMessage } from '../../../src/domain/identity/sealed.js';
import { concatBytes, equalBytes, toHex } from '../../../src/domain/model/bytes.js';
import { FileTaoError } from '../../../src/domain/model/errors.js';
import { nextLink, roundSeed } from '../../../src/domain/protocol/derivations.js';
import { openedIndices } from '../../../src/domain/protocol/indices.js';
import {
  challengeKind,
  checkAnswer,
  commitmentKind,
  openingKind,
} from '../../../src/domain/protocol/messages.js';
import { decodeOpening, encodeOpening, type OpeningBulk } from '../../../src/domain/protocol/opening.js';
import { chunkCount } from '../../../src/domain/protocol/parameters.js';
import { outboardReaches, requestedIndices } from '../../../src/domain/protocol/prover.js';
import { type AnsweredRound, commitmentFault, openingFaults } from '../../../src/domain/protocol/verifier.js';
import { propertyOptions } from '../../property-options.js';
import {
  answered,
  bytes32,
  type Committed,
  challengeOf,
  commit,
  core,
  dataOf,
  defaultNu,
  flipped,
  miner,
  type Opening,
  open,
  otherMiner,
  outboardOf,
  partyOf,
  play,
  requestOf,
  sign,
  unsigned,
  validator,
} from './play.js';

const verdict = (round: AnsweredRound) => openingFaults(core, [round])[0];

/** The fault of a round, at whichever of the two checks it shows. */
function faultOf(committed: Committed, opening: Opening): string | null {
  const early = commitmentFault(core, committed.challenge, committed.commitment.value);
  return early ?? verdict(answered(committed, opening)) ?? null;
}

const sizes = fc.oneof(
  fc.integer({ min: 1, max: 4096 }),
  fc.integer({ min: 1, max: 200 * 1024 }),
  // around every boundary of a leaf
  fc.tuple(fc.integer({ min: 1, max: 200 }), fc.integer({ min: -1, max: 1 })).map(([k, d]) => k * 1024 + d),
);

test('honest rounds pass in every shape', (t) => {
  const shapes = fc.record({
    size: sizes,
    chunkSize: fc.integer({ min: 0, max: 6 }).map((k) => 1024 << k),
    share: fc.double({ min: 0, max: 1, noNaN: true }),
    n: fc.integer({ min: 1, max: 2 ** 40 }),
  });
  fc.assert(
    fc.property(shapes, ({ size, chunkSize, share, n }) => {
      const count = chunkCount(size, chunkSize);
      const openings = Math.max(1, Math.round(share * Math.min(count, 1024)));
      const { committed, opening } = play(dataOf(size, n), chunkSize, openings, n);
      assert.equal(opening.indices.length, openings);
      assert.equal(faultOf(committed, opening), null);
    }),
    propertyOptions(t, 60),
  );
});

test('every count of openings passes, from one to all', () => {
  const data = dataOf(9 * 1024 + 17);
  for (let openings = 1; openings <= 10; openings++) {
    const { committed, opening } = play(data, 1024, openings, openings);
    assert.equal(faultOf(committed, opening), null);
  }
});

// One sample round for the tampering below: 7 chunks of 1 KiB, the last of 100 bytes, 3 opened.
const data = dataOf(6 * 1024 + 100, 5);
const shape = { size: data.length, chunkSize: 1024, openings: 3 };
const sample = play(data, shape.chunkSize, shape.openings);
const { challenge, committed } = sample;
const { indices, bulk } = sample.opening;
const parts = decodeOpening(core, shape, indices, bulk)!;

/** The fault of the sample round with another bulk, rightly signed by the miner. */
const withBulk = (tampered: Uint8Array) =>
  faultOf(
    committed,
    open(committed, data, defaultNu, () => tampered),
  );
const withParts = (change: Partial<OpeningBulk>) => withBulk(encodeOpening({ ...parts, ...change }));
const withChunk = (
  at: number,
  change: (chunk: OpeningBulk['chunks'][number]) => Partial<OpeningBulk['chunks'][number]>,
) =>
  withParts({ chunks: parts.chunks.map((chunk, i) => (i === at ? { ...chunk, ...change(chunk) } : chunk)) });

/** The fault of a commitment of the sample challenge, and of its opening where the commitment passes. */
function withCommitment(tamper: Parameters<typeof commit>[2], opened = data): string | null {
  const tampered = commit(challenge, data, tamper);
  return faultOf(tampered, open(tampered, opened));
}

test('the sample round passes', () => assert.equal(verdict(sample.round), null));

test('a commitment that is not of this round is refused before ν is released', () => {
  assert.equal(
    withCommitment((body) => ({ ...body, challengeId: bytes32(8) })),
    'wrong-round',
  );
  for (const count of [1, 6, 8, 65536]) {
    assert.equal(commitmentFault(core, challenge, { ...committed.commitment.value, count }), 'count');
  }
  assert.equal(
    withCommitment((body) => ({ ...body, link: flipped(body.link, 31) })),
    'link',
  );
  assert.equal(
    withCommitment((body) => ({ ...body, keyedRoot: flipped(body.keyedRoot, 0) })),
    'link',
  );
  assert.equal(
    withCommitment((body) => ({ ...body, commitmentRoot: flipped(body.commitmentRoot, 0) })),
    'link',
  );
});

test('the link of another round is refused, and so is a replayed commitment', () => {
  const later = play(data, shape.chunkSize, shape.openings, 2);
  assert.equal(
    withCommitment((body) => ({ ...body, link: later.committed.commitment.value.link })),
    'link',
  );
  assert.equal(commitmentFault(core, later.challenge, committed.commitment.value), 'wrong-round');
  const relabelled = { ...committed.commitment.value, challengeId: later.challenge.digest };
  assert.equal(commitmentFault(core, later.challenge, relabelled), 'link');
});

/** A commitment whose link fits its values: only the opening can show that these are wrong. */
const linked = (change: { keyedRoot?: Uint8Array; commitmentRoot?: Uint8Array }) =>
  withCommitment((body) => {
    const { keyedRoot, commitmentRoot } = { ...body, ...change };
    const seed = roundSeed(core, challenge.body);
    const link = nextLink(core, challenge.value.prevLink, seed, keyedRoot, commitmentRoot);
    return { ...body, keyedRoot, commitmentRoot, link };
  });

test('K_n of other data and R_n of other commitments fail, however well they are linked', () => {
  const seed = roundSeed(core, challenge.body);
  assert.equal(linked({ keyedRoot: core.keyed(seed, dataOf(data.length, 6)) }), 'keyed-path');
  // one byte of another chunk than those that are opened
  const hidden = [0, 1, 2, 3, 4, 5, 6].find((index) => !indices.includes(index))!;
  assert.equal(linked({ keyedRoot: core.keyed(seed, flipped(data, hidden * 1024)) }), 'keyed-path');
  assert.equal(linked({ commitmentRoot: bytes32(3) }), 'commitment-path');
  const { commitments } = committed.round.pass;
  const others = flipped(commitments, hidden * 32);
  assert.equal(linked({ commitmentRoot: core.treeRoot({ kind: 'commitment' }, others) }), 'commitment-path');
});

test('a bulk that is not the signed one is refused', () => {
  const { round } = sample;
  for (const tampered of [bulk.subarray(0, -1), concatBytes(bulk, new Uint8Array(1)), new Uint8Array()]) {
    assert.equal(verdict({ ...round, bulk: tampered }), 'bulk-digest');
  }
  assert.equal(verdict({ ...round, opening: { ...round.opening, bulkDigest: bytes32(2) } }), 'bulk-digest');
  assert.equal(verdict({ ...round, opening: { ...round.opening, bulkLength: 5 } }), 'bulk-digest');
  assert.equal(verdict({ ...round, opening: { ...round.opening, challengeId: bytes32(2) } }), 'wrong-round');
});

test('a signed bulk of any other length is refused', () => {
  for (const length of [0, 1, 31, 32, bulk.length - 32, bulk.length - 1]) {
    assert.equal(withBulk(bulk.subarray(0, length)), 'opening-length');
  }
  for (const more of [1, 31, 32, 96, 1024]) {
    assert.equal(withBulk(concatBytes(bulk, new Uint8Array(more))), 'opening-length');
  }
  // lengths moved between the parts: the total is right, the parts are not
  const { contentProof, keyedProof } = parts;
  const moved = {
    contentProof: contentProof.subarray(32),
    keyedProof: concatBytes(contentProof, keyedProof.subarray(0, 32)),
  };
  assert.notEqual(withParts(moved), null);
});

const order = 2n ** 252n + 27742317777372353535851937790883648493n;
const littleEndian = (value: bigint): Uint8Array =>
  Uint8Array.from({ length: 32 }, (_, i) => Number((value >> BigInt(8 * i)) & 0xffn));
const fromLittleEndian = (bytes: Uint8Array): bigint =>
  bytes.reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n);

test('a blinding of L or more is refused, even one that means the same scalar', () => {
  for (const value of [order, order + 1n, 2n ** 256n - 1n]) {
    assert.equal(
      withChunk(0, () => ({ blinding: littleEndian(value) })),
      'blinding-range',
    );
  }
  assert.equal(
    withChunk(2, ({ blinding }) => ({ blinding: littleEndian(fromLittleEndian(blinding) + order) })),
    'blinding-range',
  );
  assert.equal(
    withChunk(1, () => ({ blinding: littleEndian(order - 1n) })),
    'commitment-path',
  );
  assert.equal(
    withChunk(1, () => ({ blinding: new Uint8Array(32) })),
    'commitment-path',
  );
});

test('each wrong part of the bulk is named', () => {
  for (const at of indices.keys()) {
    assert.equal(
      withChunk(at, (chunk) => ({ data: flipped(chunk.data, 0) })),
      'content-path',
    );
    assert.equal(
      withChunk(at, (chunk) => ({ blinding: flipped(chunk.blinding, 0) })),
      'commitment-path',
    );
  }
  assert.equal(withParts({ contentProof: flipped(parts.contentProof, 0) }), 'content-path');
  assert.equal(withParts({ keyedProof: flipped(parts.keyedProof, 0) }), 'keyed-path');
  assert.equal(withParts({ commitmentProof: flipped(parts.commitmentProof, 0) }), 'commitment-path');
  const { contentProof, keyedProof, commitmentProof } = parts;
  assert.equal(withParts({ contentProof: keyedProof }), 'content-path');
  assert.equal(withParts({ keyedProof: contentProof }), 'keyed-path');
  assert.equal(withParts({ commitmentProof: contentProof }), 'commitment-path');
  assert.equal(withParts({ commitmentProof: keyedProof, keyedProof: commitmentProof }), 'keyed-path');
});

test('chunks of other indices than ν draws are refused', () => {
  const shifted = indices.map((index) => (index + 1) % 7).sort((a, b) => a - b);
  const { round } = committed;
  const other = encodeOpening({
    chunks: shifted.map((index, i) => ({
      index,
      data: data.subarray(index * 1024, index * 1024 + parts.chunks[i]!.data.length),
      blinding: core.blindings(round.keys.blinding, index, 1),
    })),
    contentProof: core.multiproof({ kind: 'content' }, outboardOf(data), shifted),
    keyedProof: core.multiproof({ kind: 'keyed', key: round.keys.seed }, round.pass.nodes, shifted),
    commitmentProof: core.multiproof({ kind: 'commitment' }, round.pass.commitments, shifted),
  });
  assert.match(withBulk(other)!, /^(content-path|opening-length)$/);
  const [first, second, ...rest] = parts.chunks;
  assert.match(String(withParts({ chunks: [second!, first!, ...rest] })), /content-path|opening-length/);
});

test('an inner node does not pass as a leaf', () => {
  // In the commitment tree: leaf 0 of R_n is the inner node over chunks 0 and 1, so that one leaf would vouch
  // for two chunks. All are opened, so chunk 0 is among them.
  const all = play(data, 1024, 7);
  const seed = roundSeed(core, all.challenge.body);
  const forged = commit(all.challenge, data, (body, pass) => {
    const inner = core.treeRoot({ kind: 'commitment' }, pass.commitments.subarray(0, 64));
    const leaves = concatBytes(inner, pass.commitments.subarray(32));
    const commitmentRoot = core.treeRoot({ kind: 'commitment' }, leaves);
    const { prevLink } = all.challenge.value;
    return { ...body, commitmentRoot, link: nextLink(core, prevLink, seed, body.keyedRoot, commitmentRoot) };
  });
  assert.equal(faultOf(forged, open(forged, data)), 'commitment-path');
  // In the content tree: 64 bytes that are two children, sent as data, do not have their parent as their node.
  const children = outboardOf(dataOf(2048, 9));
  assert.notDeepEqual(core.chunkNodes(null, children, 0, 1024), core.foldNodes(null, children, 2));
  assert.notDeepEqual(core.hash(children), core.hash(dataOf(2048, 9)));
  // And as an opened value an inner node leaves a proof of the wrong length, or leads to another root.
  const nodes = outboardOf(data);
  const inner = core.foldNodes(null, nodes.subarray(0, 64), 2);
  const proof = core.multiproof({ kind: 'content' }, nodes, [0]);
  assert.equal(core.multiproofRoot({ kind: 'content' }, 7, [0], inner, proof.subarray(32)), null);
  assert.notDeepEqual(core.multiproofRoot({ kind: 'content' }, 7, [0], inner, proof), core.hash(data));
});

test("another miner's replica or answer does not pass", () => {
  const theirs = dataOf(data.length, 77);
  const answer = commit(challenge, theirs);
  assert.equal(
    commitmentFault(core, challenge, answer.commitment.value),
    null,
    'a link alone proves no data',
  );
  assert.equal(faultOf(answer, open(answer, theirs)), 'content-path');
  // Charlie holds the same bytes and answers in Bob's stead: right values, wrong signer.
  const stolen = commit(challenge, data, undefined, sign, otherMiner);
  assert.throws(() => checkAnswer(partyOf(validator), miner.publicKey, stolen.commitment), FileTaoError);
  const toCharlie = sign(
    challengeKind,
    challengeOf({ ...shape, root: challenge.value.root, to: otherMiner }),
    validator,
  );
  assert.equal(commitmentFault(core, toCharlie, committed.commitment.value), 'wrong-round');
  assert.equal(commitmentFault(core, challenge, commit(toCharlie, data).commitment.value), 'wrong-round');
});

test('the miner opens for the promised ν of this round and this validator only', () => {
  const { round } = committed;
  const asked = requestOf(challenge);
  assert.deepEqual(requestedIndices(core, round, asked), [...indices]);
  const refusedWith = (code: string, change: object) =>
    assert.throws(
      () => requestedIndices(core, round, { ...asked, ...change }),
      (error) => error instanceof FileTaoError && error.code === code,
    );
  refusedWith('forbidden', { nu: bytes32(98) });
  refusedWith('forbidden', { nu: flipped(defaultNu, 31, 0x80) });
  refusedWith('unknown-round', { challengeId: bytes32(1) });
  refusedWith('unknown-round', { sender: otherMiner.publicKey });
});

test('an opening made for another ν does not pass', () => {
  for (let number = 1000; number < 1020; number++) {
    const nu = bytes32(number);
    const drawn = openedIndices(core, nu, committed.commitment.digest, 7, shape.openings);
    const fault = verdict({ ...sample.round, nu });
    if (String(drawn) === String(indices)) assert.equal(fault, null);
    else assert.match(String(fault), /^(content-path|opening-length|blinding-range)$/);
  }
});

test('every changed byte of commitment, opening head and bulk is rejected', () => {
  const rejects = (change: () => string | null | undefined): boolean => {
    try {
      return (change() ?? null) !== null;
    } catch (error) {
      return error instanceof FileTaoError;
    }
  };
  const openAs = (commitmentBytes: Uint8Array, headBytes: Uint8Array, bulkBytes: Uint8Array) => {
    const commitment = openSealed(commitmentKind, commitmentBytes, verifySr25519);
    checkAnswer(partyOf(validator), miner.publicKey, commitment);
    const opening = openSealed(openingKind, headBytes, verifySr25519);
    checkAnswer(partyOf(validator), miner.publicKey, opening);
    const fault = commitmentFault(core, challenge, commitment.value);
    return (
      fault ?? verdict({ challenge, commitment, nu: defaultNu, opening: opening.value, bulk: bulkBytes })
    );
  };
  const commitmentBytes = committed.commitment.bytes;
  const headBytes = sample.opening.opening.bytes;
  assert.equal(openAs(commitmentBytes, headBytes, bulk), null);
  for (let at = 0; at < commitmentBytes.length; at++) {
    assert.ok(
      rejects(() => openAs(flipped(commitmentBytes, at, 1 << (at % 8)), headBytes, bulk)),
      `commitment ${at}`,
    );
  }
  for (let at = 0; at < headBytes.length; at++) {
    assert.ok(
      rejects(() => openAs(commitmentBytes, flipped(headBytes, at, 1 << (at % 8)), bulk)),
      `head ${at}`,
    );
  }
  for (let at = 0; at < bulk.length; at++) {
    const tampered = flipped(bulk, at, 1 << (at % 8));
    // not covered by the signature, and rejected; rightly signed, and rejected all the same
    assert.equal(verdict({ ...sample.round, bulk: tampered }), 'bulk-digest', `bulk ${at}`);
    const resigned = { ...sample.round.opening, bulkDigest: core.hash(tampered) };
    const fault = verdict({ ...sample.round, bulk: tampered, opening: resigned });
    assert.match(
      String(fault),
      /^(content-path|keyed-path|commitment-path|blinding-range)$/,
      `signed bulk ${at}`,
    );
  }
});

test('a batch gives every round its own verdict', () => {
  const shapes = [
    [500, 1024, 1],
    [5000, 1024, 4],
    [70_000, 8192, 9],
    [3 * 1024, 2048, 1],
  ] as const;
  const rounds: AnsweredRound[] = [];
  const expected: (string | null)[] = [];
  for (const [i, [size, chunkSize, openings]] of shapes.entries()) {
    const bytes = dataOf(size, i);
    const { committed, opening, round } = play(bytes, chunkSize, openings, i + 1);
    const badBlinding = open(committed, bytes, defaultNu, (all, drawn) => {
      const first = Math.min(chunkSize, size - drawn[0]! * chunkSize);
      return flipped(all, first);
    });
    const badChunk = open(committed, bytes, defaultNu, (all) => flipped(all, 0));
    const cut = { ...round, bulk: opening.bulk.subarray(1) };
    rounds.push(round, answered(committed, badBlinding), round, answered(committed, badChunk), cut, round);
    expected.push(null, 'commitment-path', null, 'content-path', 'bulk-digest', null);
  }
  assert.deepEqual(openingFaults(core, rounds), expected);
  assert.deepEqual(openingFaults(core, [...rounds].reverse()), [...expected].reverse());
  assert.deepEqual(openingFaults(core, []), []);
  for (const [i, round] of rounds.entries()) assert.equal(verdict(round), expected[i], `alone: ${i}`);
});

test('a batch of more openings than the core commits to at once is judged too', () => {
  const bytes = dataOf(1024 * 1024, 3);
  const { committed, round } = play(bytes, 1024, 1024);
  const bad = answered(
    committed,
    open(committed, bytes, defaultNu, (all) => flipped(all, 1024)),
  );
  const rounds = Array.from({ length: 66 }, (_, i) => (i === 64 ? bad : round));
  const faults = openingFaults(core, rounds);
  assert.deepEqual(faults.map((fault, i) => (fault === null ? null : [fault, i])).filter(Boolean), [
    ['commitment-path', 64],
  ]);
});

test('a single chunk has no siblings: its digests are compared', () => {
  for (const size of [1, 63, 64, 65, 1023, 1024]) {
    const bytes = dataOf(size, size);
    const { committed, opening } = play(bytes, 1024, 1);
    assert.equal(opening.bulk.length, size + 32);
    assert.equal(faultOf(committed, opening), null);
    const { keyedRoot } = committed.commitment.value;
    assert.notDeepEqual(committed.round.pass.nodes, keyedRoot, 'm_0 is not K_n');
    assert.equal(
      faultOf(
        committed,
        open(committed, bytes, defaultNu, (all) => flipped(all, size - 1)),
      ),
      'content-path',
    );
    assert.equal(
      faultOf(
        committed,
        open(committed, bytes, defaultNu, (all) => flipped(all, size)),
      ),
      'commitment-path',
    );
    const seed = roundSeed(core, committed.challenge.body);
    const falseK = commit(committed.challenge, bytes, (body) => {
      const other = core.keyed(seed, flipped(bytes, 0));
      const link = nextLink(core, committed.challenge.value.prevLink, seed, other, body.commitmentRoot);
      return { ...body, keyedRoot: other, link };
    });
    assert.equal(faultOf(falseK, open(falseK, bytes)), 'keyed-path');
  }
  const { committed, opening } = play(dataOf(5000), 8192, 1);
  assert.equal(opening.bulk.length, 5032);
  assert.equal(faultOf(committed, opening), null);
});

test('the same challenge has the same commitment body; two challenges share no blinding', () => {
  const again = commit(challenge, data);
  assert.deepEqual(again.commitment.body, committed.commitment.body);
  // signed anew, the challenge is still the same challenge
  const resealed = openSealed(
    challengeKind,
    sealMessage(challengeKind, challenge.value, validator),
    verifySr25519,
  );
  assert.equal(equalBytes(resealed.signature, challenge.signature), false, 'signatures are randomised');
  assert.deepEqual(commit(resealed, data).commitment.body, committed.commitment.body);
  const seen = new Set<string>();
  for (let n = 1; n <= 50; n++) {
    const next = unsigned(challengeKind, challengeOf({ ...shape, root: challenge.value.root, n }));
    const { keys } = commit(next, data, undefined, unsigned).round;
    for (let j = 0; j < 7; j++) seen.add(toHex(core.blindings(keys.blinding, j, 1)));
  }
  assert.equal(seen.size, 50 * 7);
});

test('an outboard is believed only when it reaches the root', () => {
  const outboard = outboardOf(data);
  assert.equal(outboardReaches(core, outboard, core.hash(data)), true);
  assert.equal(outboardReaches(core, outboard.subarray(32), core.hash(data)), false);
  for (let at = 0; at < outboard.length; at += 7) {
    assert.equal(outboardReaches(core, flipped(outboard, at), core.hash(data)), false);
  }
});
