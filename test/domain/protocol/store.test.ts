import assert from 'node:assert/strict';
import { test } from 'node:test';
import { minerSecret, storeBlinding } from '../../../src/domain/protocol/derivations.js';
import { receiptKind, storeKind } from '../../../src/domain/protocol/messages.js';
import { receiptBody, receiptFault, storeBody } from '../../../src/domain/protocol/store.js';
import { bytes32, core, dataOf, flipped, miner, otherMiner, partyOf, sign, validator } from './play.js';

const data = dataOf(3000);
const terms = {
  root: core.hash(data),
  size: data.length,
  seed: bytes32(1),
  expiry: 2_000_000_000,
  block: { number: 100, hash: bytes32(100) },
};
const storeOf = (change: Partial<typeof terms> = {}) =>
  sign(storeKind, storeBody(partyOf(validator), miner.publicKey, { ...terms, ...change }), validator);
const store = storeOf();
const keyedRoot = core.keyed(terms.seed, data);
const honest = (expiry = terms.expiry, of = store, key = keyedRoot) =>
  sign(receiptKind, receiptBody(core, partyOf(miner), minerSecret(miner), of, key, expiry), miner).value;

test('an honest receipt is accepted, also with a later expiry', () => {
  assert.equal(receiptFault(core, store, keyedRoot, honest()), null);
  assert.equal(receiptFault(core, store, keyedRoot, honest(terms.expiry + 1)), null);
});

test('each tampered field of a receipt is named', () => {
  const receipt = honest();
  const fault = (change: object) => receiptFault(core, store, keyedRoot, { ...receipt, ...change });
  assert.equal(fault({ storeDigest: bytes32(9) }), 'store-digest');
  assert.equal(fault({ root: flipped(receipt.root, 0) }), 'root');
  assert.equal(fault({ size: receipt.size + 1 }), 'root');
  assert.equal(fault({ expiry: terms.expiry - 1 }), 'expiry');
  assert.equal(fault({ keyedRoot: flipped(receipt.keyedRoot, 31) }), 'keyed-root');
  assert.equal(fault({ blinding: new Uint8Array(32).fill(255) }), 'blinding-range');
  assert.equal(fault({ blinding: bytes32(1).fill(0, 16) }), 'commitment');
  assert.equal(fault({ commitment: flipped(receipt.commitment, 0) }), 'commitment');
  assert.equal(fault({ link: flipped(receipt.link, 0) }), 'link');
});

test('a receipt for other bytes, another header or by another miner is refused', () => {
  const otherKeyed = core.keyed(terms.seed, flipped(data, 2999));
  assert.equal(receiptFault(core, store, keyedRoot, honest(terms.expiry, store, otherKeyed)), 'keyed-root');
  const later = storeOf({ seed: bytes32(2) });
  assert.equal(receiptFault(core, later, core.keyed(bytes32(2), data), honest()), 'store-digest');
  const charlie = receiptBody(
    core,
    partyOf(otherMiner),
    minerSecret(otherMiner),
    store,
    keyedRoot,
    terms.expiry,
  );
  assert.equal(receiptFault(core, store, keyedRoot, charlie), 'link');
});

test('the store blinding is the same for the same header and differs for any other', () => {
  const secret = minerSecret(miner);
  const of = (digest: Uint8Array) => storeBlinding(core, secret, digest);
  assert.deepEqual(of(store.digest), of(store.digest));
  assert.notDeepEqual(of(store.digest), of(storeOf({ expiry: terms.expiry + 1 }).digest));
  assert.notDeepEqual(of(store.digest), storeBlinding(core, minerSecret(otherMiner), store.digest));
  assert.equal(core.isCanonicalScalar(of(store.digest)), true);
});
