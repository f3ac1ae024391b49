import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as dagCbor from '@ipld/dag-cbor';
import fc from 'fast-check';
import { CID } from 'multiformats/cid';
import { manifestKind } from '../../../src/domain/content/manifest.js';
import {
  bytes,
  decodeCanonical,
  encodeCanonical,
  type Field,
  flag,
  list,
  oneOf,
  struct,
  text,
  uint,
} from '../../../src/domain/identity/codec.js';
import { concatBytes, fromHex, toHex, utf8 } from '../../../src/domain/model/bytes.js';
import { FileTaoError } from '../../../src/domain/model/errors.js';
import { challengeKind, refusalKind } from '../../../src/domain/protocol/messages.js';
import { propertyOptions } from '../../property-options.js';

const sample = struct({
  a: uint(0, 1000),
  b: bytes(2, 4),
  c: list(text(3), 2),
  d: struct({ e: flag, f: oneOf('x', 'yy') }),
});
const value = { a: 7, b: Uint8Array.of(1, 2), c: ['k', 'äöü'], d: { e: true, f: 'yy' } } as const;

const codeOf = (run: () => unknown): string => {
  try {
    run();
  } catch (error) {
    if (error instanceof FileTaoError) return error.code;
    throw error;
  }
  return 'accepted';
};
const decode = (field: Field<unknown>, hex: string, maxBytes = 1000) =>
  codeOf(() => decodeCanonical(field, fromHex(hex.replaceAll(' ', '')), 'test', maxBytes));

test('what is encoded decodes to the same', () => {
  const encoded = encodeCanonical(sample, value, 'test');
  assert.deepEqual(decodeCanonical(sample, encoded, 'test', encoded.length), value);
  assert.deepEqual(encodeCanonical(sample, decodeCanonical(sample, encoded, 'test', 1000), 'test'), encoded);
});

const pair = struct({ a: uint(), bb: uint() });
const one = struct({ a: uint() });

test('maps have one order, and each key once', () => {
  assert.equal(decode(pair, 'a2 61 61 01 62 6262 02'), 'accepted');
  assert.equal(decode(pair, 'a2 62 6262 02 61 61 01'), 'bad-message', 'longer keys come later');
  assert.equal(decode(pair, 'a3 61 61 01 61 61 01 62 6262 02'), 'bad-message', 'the same key twice');
  assert.equal(decode(one, 'a2 61 61 01 61 61 02'), 'bad-message', 'the same key with two values');
});

test('keys are exactly those of the schema', () => {
  assert.equal(decode(one, 'a1 61 61 01'), 'accepted');
  assert.equal(decode(one, 'a0'), 'bad-message', 'missing');
  assert.equal(decode(one, 'a1 61 62 01'), 'bad-message', 'another');
  assert.equal(decode(one, 'a2 61 61 01 61 62 01'), 'bad-message', 'one more');
  assert.equal(decode(one, 'a1 01 01'), 'bad-message', 'a number as key');
  assert.equal(decode(one, 'a1 41 61 01'), 'bad-message', 'bytes as key');
  for (const name of ['__proto__', 'constructor', 'toString', 'hasOwnProperty']) {
    const key = toHex(utf8(name));
    const head = (0x60 + name.length).toString(16);
    assert.equal(decode(one, `a1 ${head} ${key} 01`), 'bad-message', name);
    assert.equal(decode(one, `a2 61 61 01 ${head} ${key} a1 61 61 01`), 'bad-message', name);
    assert.equal(decode(struct({}), `a1 ${head} ${key} a1 61 61 01`), 'bad-message', name);
  }
  assert.equal(decode(one, `a1 69 ${toHex(utf8('__proto__'))} a1 61 61 01`), 'bad-message', 'inherited');
});

test('numbers have one form: the shortest, whole, not negative, below 2^53', () => {
  const accepted = ['00', '17', '18 18', '18 ff', '19 0100', '1a 00010000', '1b 001fffffffffffff'];
  for (const hex of accepted) assert.equal(decode(one, `a1 61 61 ${hex}`), 'accepted', hex);
  const refused = {
    'longer than needed': '18 17',
    'longer than needed, 2 bytes': '19 00ff',
    'longer than needed, 4 bytes': '1a 0000ffff',
    'longer than needed, 8 bytes': '1b 00000000ffffffff',
    '2^53': '1b 0020000000000000',
    '2^64 − 1': '1b ffffffffffffffff',
    'minus one': '20',
    'a half-precision one': 'f9 3c00',
    'a single-precision one': 'fa 3f800000',
    'a double-precision one': 'fb 3ff0000000000000',
    'one and a half': 'fb 3ff8000000000000',
    'minus zero': 'fb 8000000000000000',
    NaN: 'f9 7e00',
    infinity: 'f9 7c00',
    null: 'f6',
    undefined: 'f7',
    true: 'f5',
    'a simple value': 'f8 ff',
    'a big number': 'c2 41 01',
    'text that looks like a number': '61 31',
  };
  for (const [what, hex] of Object.entries(refused)) {
    assert.equal(decode(one, `a1 61 61 ${hex}`), 'bad-message', what);
  }
  for (const wrong of [
    -1,
    1.5,
    2 ** 53,
    Number.NaN,
    -0,
    Number.POSITIVE_INFINITY,
    1n,
    '1',
    null,
    undefined,
  ]) {
    assert.equal(
      codeOf(() => encodeCanonical(uint(), wrong as number, 'test')),
      'bad-message',
    );
  }
});

test('tags, CIDs and indefinite lengths are refused', () => {
  const anything: Field<unknown> = { check: (given) => given };
  const cid = CID.parse('bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy');
  const withCid = toHex(dagCbor.encode({ a: cid }));
  assert.equal(decode(one, withCid), 'bad-message');
  for (const field of [struct({}), bytes(0, 100), list(anything, 100), text(100)]) {
    assert.equal(decode(field, toHex(dagCbor.encode(cid))), 'bad-message');
  }
  assert.equal(decode(anything, 'c1 01'), 'bad-message', 'a tag');
  assert.equal(decode(bytes(0, 9), '5f 41 01 ff'), 'bad-message', 'bytes of indefinite length');
  assert.equal(decode(text(9), '7f 61 61 ff'), 'bad-message', 'text of indefinite length');
  assert.equal(decode(list(uint(), 9), '9f 01 ff'), 'bad-message', 'a list of indefinite length');
  assert.equal(decode(one, 'bf 61 61 01 ff'), 'bad-message', 'a map of indefinite length');
});

test('nothing may follow or be missing', () => {
  const encoded = toHex(encodeCanonical(sample, value, 'test'));
  assert.equal(decode(sample, encoded), 'accepted');
  assert.equal(decode(sample, `${encoded}00`), 'bad-message');
  assert.equal(decode(sample, encoded + encoded), 'bad-message');
  for (let length = 0; length < encoded.length; length += 2) {
    assert.equal(decode(sample, encoded.slice(0, length)), 'bad-message');
  }
});

test('text, bytes and lists keep their bounds, at each and one beyond', () => {
  const check = (field: Field<unknown>, given: unknown) => codeOf(() => field.check(given, 'x'));
  for (const [field, good, bad] of [
    [bytes(2, 4), [2, 4], [0, 1, 5]],
    [bytes(32), [32], [31, 33]],
  ] as const) {
    for (const length of good) assert.equal(check(field, new Uint8Array(length)), 'accepted');
    for (const length of bad) assert.equal(check(field, new Uint8Array(length)), 'bad-message');
  }
  assert.equal(check(bytes(0, 9), [1, 2]), 'bad-message');
  assert.equal(check(bytes(0, 9), 'text'), 'bad-message');
  assert.equal(check(text(3), 'abc'), 'accepted');
  assert.equal(check(text(3), 'abcd'), 'bad-message');
  assert.equal(check(text(3, /^a/), 'b'), 'bad-message');
  assert.equal(check(text(3), new Uint8Array(1)), 'bad-message');
  assert.equal(check(list(uint(), 2, 1), [1, 2]), 'accepted');
  assert.equal(check(list(uint(), 2, 1), []), 'bad-message');
  assert.equal(check(list(uint(), 2, 1), [1, 2, 3]), 'bad-message');
  assert.equal(check(list(uint(), 2), { length: 1, 0: 1 }), 'bad-message');
  assert.equal(check(uint(3, 5), 3), 'accepted');
  assert.equal(check(uint(3, 5), 5), 'accepted');
  assert.equal(check(uint(3, 5), 2), 'bad-message');
  assert.equal(check(uint(3, 5), 6), 'bad-message');
  assert.equal(check(oneOf('x', 'yy'), 'y'), 'bad-message');
  assert.equal(check(oneOf('x', 'yy'), ['x']), 'bad-message');
  assert.equal(check(flag, 1), 'bad-message');
  for (const wrong of [null, [], new Uint8Array(1), 'a', 1, undefined]) {
    assert.equal(check(struct({}), wrong), 'bad-message');
  }
});

test('text is valid UTF-8', () => {
  assert.equal(decode(text(9), '62 c3a4'), 'accepted');
  assert.equal(decode(text(9), '61 c3'), 'bad-message', 'cut short');
  assert.equal(decode(text(9), '62 c0af'), 'bad-message', 'overlong');
  assert.equal(decode(text(9), '63 eda080'), 'bad-message', 'a lone surrogate');
});

test('a message can hold what it may hold, and lone surrogates are not among it', () => {
  assert.equal(
    codeOf(() => encodeCanonical(text(9), '\ud800', 'test')),
    'bad-message',
  );
  assert.equal(
    codeOf(() => encodeCanonical(text(9), '😀', 'test')),
    'accepted',
  );
});

test('too many bytes are refused before they are looked at', () => {
  const field: Field<unknown> = { check: () => assert.fail('looked at') };
  const encoded = new Uint8Array(101).fill(0xff);
  assert.equal(
    codeOf(() => decodeCanonical(field, encoded, 'test', 100)),
    'too-large',
  );
  assert.equal(
    codeOf(() => decodeCanonical(field, encoded, 'test', 101)),
    'bad-message',
  );
});

test('deep nesting and false lengths end as an error, soon', () => {
  const deep = (byte: number, depth: number) => new Uint8Array(depth).fill(byte);
  const started = performance.now();
  for (const bomb of [
    deep(0x81, 60_000),
    deep(0x81, 4_000_000),
    concatBytes(deep(0x81, 5000), Uint8Array.of(0x80)),
    concatBytes(...Array.from({ length: 20_000 }, () => Uint8Array.of(0xa1, 0x61, 0x61))),
    deep(0xd8, 60_000),
    fromHex('9b001fffffffffffff'),
    fromHex('bb001fffffffffffff'),
    fromHex('5b001fffffffffffff'),
    fromHex('7b001fffffffffffff'),
    fromHex('9a7fffffff'),
    concatBytes(fromHex('9a00100000'), deep(0x01, 1000)),
  ]) {
    for (const field of [sample, manifestKind.body] as readonly Field<unknown>[]) {
      assert.equal(
        codeOf(() => decodeCanonical(field, bomb, 'test', 5_000_000)),
        'bad-message',
      );
    }
  }
  assert.ok(performance.now() - started < 60_000);
});

const bytes32 = fc.uint8Array({ minLength: 32, maxLength: 32 });
const header = {
  version: fc.constant(1),
  genesis: bytes32,
  netuid: fc.integer({ min: 0, max: 65535 }),
  sender: bytes32,
  receiver: bytes32,
};
const challenges = fc.record({
  ...header,
  root: bytes32,
  size: fc.integer({ min: 1, max: 2 ** 26 }),
  n: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
  prevLink: bytes32,
  blockNumber: fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }),
  blockHash: bytes32,
  nonce: bytes32,
  chunkSize: fc.integer({ min: 1024, max: 2 ** 20 }),
  openings: fc.integer({ min: 1, max: 1024 }),
  openingCommit: bytes32,
});
const refusals = fc.record({
  ...header,
  requestDigest: bytes32,
  code: fc.constantFrom('busy' as const, 'block' as const, 'unknown-replica' as const),
  detail: fc.string({ unit: 'grapheme', maxLength: 40 }),
  retryAfter: fc.integer({ min: 0, max: 60 }),
  blockNumber: fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }),
});

test('messages survive encoding and decoding', (t) => {
  fc.assert(
    fc.property(challenges, refusals, (challenge, refusal) => {
      const encoded = encodeCanonical(challengeKind.body, challenge, 'challenge');
      assert.deepEqual(
        { ...decodeCanonical(challengeKind.body, encoded, 'challenge', 65536) },
        { ...challenge },
      );
      const other = encodeCanonical(refusalKind.body, refusal, 'refusal');
      assert.deepEqual({ ...decodeCanonical(refusalKind.body, other, 'refusal', 65536) }, { ...refusal });
    }),
    propertyOptions(t, 100),
  );
});

/** Decodes; what is accepted must be its own re-encoding. */
function acceptsOnlyCanonical(field: Field<unknown>, encoded: Uint8Array): void {
  let decoded: unknown;
  try {
    decoded = decodeCanonical(field, encoded, 'test', 65536);
  } catch (error) {
    assert.ok(error instanceof FileTaoError, String(error));
    return;
  }
  assert.deepEqual(encodeCanonical(field, decoded, 'test'), encoded);
}

test('random bytes: only what re-encodes to itself is accepted, and nothing but a typed error is thrown', (t) => {
  const anything: Field<unknown> = { check: (given) => given };
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 24 }), (encoded) => {
      for (const field of [anything, sample, challengeKind.body]) acceptsOnlyCanonical(field, encoded);
    }),
    propertyOptions(t, 5000),
  );
});

test('mutated messages: only what re-encodes to itself is accepted', (t) => {
  const mutations = fc.array(
    fc.record({ at: fc.nat(), byte: fc.nat(255), how: fc.constantFrom('set', 'insert', 'remove', 'flip') }),
    { minLength: 1, maxLength: 3 },
  );
  fc.assert(
    fc.property(challenges, mutations, (challenge, changes) => {
      let encoded = encodeCanonical(challengeKind.body, challenge, 'challenge');
      for (const { at, byte, how } of changes) {
        const where = at % encoded.length;
        const [before, after] = [encoded.subarray(0, where), encoded.subarray(where)];
        if (how === 'insert') encoded = concatBytes(before, Uint8Array.of(byte), after);
        else if (how === 'remove') encoded = concatBytes(before, after.subarray(1));
        else {
          encoded = Uint8Array.from(encoded);
          encoded[where] = how === 'flip' ? encoded[where]! ^ (1 << (byte % 8)) : byte;
        }
      }
      acceptsOnlyCanonical(challengeKind.body, encoded);
    }),
    propertyOptions(t, 2000),
  );
});
