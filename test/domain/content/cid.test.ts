import assert from 'node:assert/strict';
import { test } from 'node:test';
import { base36 as base36Encoder } from 'multiformats/bases/base36';
import { base58btc } from 'multiformats/bases/base58';
import { CID } from 'multiformats/cid';
import { cidOfDigest, decodeCid, makeCid, objectCid } from '../../../src/domain/content/cid.js';
import { fromHex, toHex } from '../../../src/domain/model/bytes.js';
import { FileTaoError } from '../../../src/domain/model/errors.js';

// Made by the reference implementation (and, for one raw block, by `ipfs add --cid-version 1 --raw-leaves`).
const vectors: Readonly<Record<string, string>> = {
  abc: 'bafkreif2pall7dybz7vecqka3zo24irdwabwdi4wc55jznaq75q7eaavvu',
  'Hello World!': 'bafkreid7qoywk77r7rj3slobqfekdvs57qwuwh5d2z3sqsw52iabe3mqne',
  '': 'bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku',
  'some data': 'bafkreiata6mq425fzikf5m26temcvg7mizjrxrkn35swuybmpah2ajan5y',
};
const abcDigest = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad';
const refused = (error: unknown): boolean => error instanceof FileTaoError && error.code === 'bad-cid';

test('makes the CIDs of the reference vectors from text and from bytes', () => {
  for (const [text, cid] of Object.entries(vectors)) {
    assert.equal(makeCid(text), cid);
    assert.equal(makeCid(new TextEncoder().encode(text)), cid);
  }
  assert.equal(cidOfDigest(fromHex(abcDigest)), vectors.abc);
  assert.throws(() => cidOfDigest(new Uint8Array(31)), refused);
});

test('decodes v1 in base32, base58 and base36, and v0', () => {
  const decoded = decodeCid(vectors.abc!);
  assert.deepEqual(
    { ...decoded, digest: toHex(decoded.digest) },
    {
      version: 1,
      codec: 0x55,
      hashCode: 0x12,
      digest: abcDigest,
    },
  );
  const v0 = decodeCid('QmTTA2daxGqo5denp6SwLzzkLJm3fuisYEi9CoWsuHpzfb');
  assert.equal(v0.version, 0);
  assert.equal(v0.codec, 0x70);
  assert.equal(v0.digest.length, 32);
});

test('one object has one name; what is not an object here is refused', () => {
  const base36 = CID.parse(vectors.abc!).toString(base36Encoder);
  const base58 = CID.parse(vectors.abc!).toString(base58btc);
  for (const text of [` ${vectors.abc}\n`, vectors.abc!.toUpperCase(), base36, base58]) {
    assert.equal(objectCid(text), vectors.abc);
  }
  assert.throws(() => objectCid('QmTTA2daxGqo5denp6SwLzzkLJm3fuisYEi9CoWsuHpzfb'), refused);
});

test('malformed text is a bad-cid error of one short line', () => {
  const bad = [
    '',
    'b',
    'abc',
    '../../etc/passwd',
    `${vectors.abc}x`,
    vectors.abc!.slice(0, -1),
    'x'.repeat(5000),
    'Qm',
    'bafkrei0',
    '\0',
  ];
  for (const text of bad) {
    assert.throws(
      () => decodeCid(text),
      (error) =>
        refused(error) && !(error as Error).message.includes('\n') && (error as Error).message.length < 200,
      JSON.stringify(text),
    );
  }
});
