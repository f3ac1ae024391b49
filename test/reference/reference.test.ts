// The forgers can win: against the reference's scheme they pass every round, against this protocol none.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { p256 } from '@noble/curves/nist.js';
import { sha3_256 } from '@noble/hashes/sha3.js';
import { concatBytes, toHex, utf8 } from '../../src/domain/model/bytes.js';
import { runAttack } from '../../src/tools/attack/attack.js';
import { HashState, NoData, OwnGenerators } from './forgers.js';
import {
  type ChallengeMessage,
  commit,
  hashData,
  merkleTree,
  overwritten,
  ReferenceMiner,
  type StoreMessage,
  setUp,
  verifyChallenge,
  verifyStore,
} from './scheme.js';

const rounds = 20;

/** Reproducible bytes. */
const bytes = (name: string, length: number): Uint8Array =>
  createHash('shake256', { outputLength: length }).update(name).digest();
const scalar = (name: string): bigint => BigInt(`0x${toHex(bytes(name, 31))}`) + 1n;

const data = bytes('data', 5000);
const storeOf = (i: number): StoreMessage => ({
  ...setUp(scalar(`g${i}`), scalar(`h${i}`)),
  seed: toHex(bytes(`seed${i}`, 32)),
});
const challengeOf = (i: number): ChallengeMessage => ({
  ...storeOf(i),
  challengeIndex: i % 5,
  chunkSize: 1024,
});

test('the scheme is the reference’s: its vectors', () => {
  assert.equal(
    hashData('abc'),
    26503352344809812503781852260497330104742418796726218580378611674310760404274n,
  );
  const { BASE } = p256.Point;
  const c = commit(BASE, BASE.double(), hashData('abc'), 12345n).toAffine();
  assert.equal(c.x, 61145300802264924552260140954444804898776764506721518593955998594933954769732n);
  assert.equal(c.y, 68141986789820328685273187163806575204316082709738987040305683309070166454816n);
  const leaves = Array.from({ length: 8 }, (_, i) => sha3_256(Uint8Array.of(i)));
  const roots: Readonly<Record<number, string>> = {
    2: 'd9a58c55807dd1bd547132f162bb15314b2d185c828ae604c53e6eaf705a071c',
    3: '4d7ef0a0ed0a92ffdfd8893cb26641db12d30074281c939dd4e9bb9f92101478',
    5: 'c6e32540464058bf67756228c69a647c879a846a051866b45e557a5c859b9309',
    7: 'be60d9f8f5bc1a3c71a176682e00df9c66370c060fd4a3b62d98846a31c21487',
    8: 'd41f89f9bb5557f714a72bfc4642425b1aa5f8e03f2084088294891e734f1bbd',
  };
  for (const [n, root] of Object.entries(roots))
    assert.equal(merkleTree(leaves.slice(0, Number(n))).root, root);
  const proof = hashData(concatBytes(utf8('filetao test vector'), utf8('00'.repeat(32))));
  assert.equal(proof, 59899070019007501514524448975705990342753568806432776903570124569590236572441n);
  assert.equal(
    hashData(`${proof}${'11'.repeat(32)}`),
    106222766859954252140331057799850839232122277753864080351763524579425177374193n,
  );
});

test('its honest miner passes, and a clumsy cheat does not: the check checks something', () => {
  let drawn = 0;
  const miner = new ReferenceMiner(data, () => scalar(`r${drawn++}`));
  const store = storeOf(0);
  assert.equal(verifyStore(overwritten(store, miner.store(store)), data), true);
  for (let i = 1; i <= 5; i++) {
    const challenge = challengeOf(i);
    const reply = overwritten(challenge, miner.challenge(challenge));
    assert.equal(verifyChallenge(reply), true);
    assert.equal(verifyChallenge({ ...reply, dataChunk: utf8('other') }), false);
    assert.equal(verifyChallenge({ ...reply, merkleRoot: '00'.repeat(32) }), false);
    assert.equal(verifyChallenge({ ...reply, commitmentProof: '2' }), false);
  }
});

test(`a miner that holds no data passes ${rounds} of ${rounds} of its rounds`, () => {
  const forger = new NoData();
  let passed = 0;
  for (let i = 0; i < rounds; i++) {
    const challenge = challengeOf(i);
    if (verifyChallenge(overwritten(challenge, forger.challenge(challenge)))) passed++;
  }
  assert.equal(passed, rounds);
});

test('a seed appended to the data lets a miner keep a hash state instead: stores and chain values are right', () => {
  const forger = new HashState(data);
  for (let i = 0; i < rounds; i++) {
    const store = storeOf(i);
    assert.equal(verifyStore(overwritten(store, forger.store(store)), data), true);
    assert.equal(forger.proof(store.seed), hashData(concatBytes(data, utf8(store.seed))));
  }
});

test('g and h read back from the reply: one commitment, made before any data, opens to everything', () => {
  const forger = new OwnGenerators();
  for (let i = 0; i < rounds; i++) {
    const store = storeOf(i);
    const m = hashData(concatBytes(data, utf8(store.seed)));
    const opening = forger.open(m);
    const { commitment } = forger;
    const reply = { ...opening, commitment, commitmentHash: String(m) };
    assert.equal(verifyStore(overwritten(store, reply), data), true);
    // Held to the generators it was asked with, it fails.
    assert.equal(verifyStore({ ...overwritten(store, reply), g: store.g, h: store.h }, data), false);
  }
});

test('the same forgers against this protocol: none passes', async () => {
  const names = ['no-data', 'hash-states', 'prover-chosen-parameters', 'empty-path', 'replayed-commitment'];
  const { ok, strategies } = await runAttack({ names, rounds, seed: 'reference' });
  assert.equal(ok, true);
  assert.deepEqual(
    strategies.map(({ passed, rounds: played }) => `${passed} of ${played}`),
    names.map(() => `0 of ${rounds}`),
  );
});
