import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { blake3 } from '@noble/hashes/blake3.js';
import {
  authorise,
  checkContent,
  type RequestAddress,
  RequestVerifier,
  requestKind,
} from '../../../src/domain/identity/request.js';
import { sealMessage } from '../../../src/domain/identity/sealed.js';
import { toHex, utf8 } from '../../../src/domain/model/bytes.js';
import { requestLimits } from '../../../src/domain/model/constants.js';
import { type ErrorCode, FileTaoError } from '../../../src/domain/model/errors.js';
import { testSigner, verifyTestSignature } from '../../client/signer.js';

const random = { bytes: (length: number): Uint8Array => randomBytes(length) };
const user = testSigner();
const node = testSigner();
const address: RequestAddress = { genesis: randomBytes(32), netuid: 21, receiver: node.publicKey };
const now = 1_800_000_000_000;
const body = utf8('a body');
const put = { method: 'PUT', path: '/v1/things/1?copies=3', content: body } as const;
const header = (to: RequestAddress = address, at = now): string => authorise(put, to, user, random, at);
const verifier = (noncesMax?: number): RequestVerifier =>
  new RequestVerifier({
    ...address,
    verify: verifyTestSignature,
    ...(noncesMax === undefined ? {} : { noncesMax }),
  });
const refused = (code: ErrorCode, run: () => unknown, says = /./): void => {
  assert.throws(
    run,
    (error) => error instanceof FileTaoError && error.code === code && says.test(error.message),
  );
};

test('a signed request names its sender and its content', () => {
  const request = verifier().check(header(), put.method, put.path, now);
  assert.equal(request.sender, toHex(user.publicKey));
  checkContent(request, blake3(body));
  refused('unauthorised', () => checkContent(request, blake3(utf8('another'))));
  const named = authorise({ ...put, content: 'named' }, address, user, random, now);
  const open = verifier().check(named, put.method, put.path, now);
  assert.equal(open.contentDigest, null);
  refused('unauthorised', () => checkContent(open, blake3(body)));
});

test('another node, network, method, path or query is refused', () => {
  const check = (to: RequestAddress) => () => verifier().check(header(to), put.method, put.path, now);
  refused('unauthorised', check({ ...address, receiver: user.publicKey }));
  refused('wrong-network', check({ ...address, genesis: randomBytes(32) }));
  refused('wrong-network', check({ ...address, netuid: 22 }));
  refused('unauthorised', () => verifier().check(header(), 'POST', put.path, now));
  refused('unauthorised', () => verifier().check(header(), put.method, '/v1/things/1', now));
  refused('unauthorised', () => verifier().check(header(), put.method, `${put.path}0`, now));
});

test('the window is 60 seconds either way, and the refusal says which way', () => {
  const at = (time: number) => () => verifier().check(header(address, time), put.method, put.path, now);
  at(now - requestLimits.windowMs)();
  at(now + requestLimits.windowMs)();
  refused('unauthorised', at(now - requestLimits.windowMs - 1), /60 s behind/);
  refused('unauthorised', at(now + 3_600_000), /3600 s ahead/);
});

test('a nonce is accepted once as long as its request could be fresh', () => {
  const one = verifier();
  const early = header(address, now + requestLimits.windowMs);
  one.check(early, put.method, put.path, now);
  for (const later of [0, 1, requestLimits.windowMs, 2 * requestLimits.windowMs]) {
    refused('unauthorised', () => one.check(early, put.method, put.path, now + later));
  }
  // After that the window refuses it, and the memory may forget it.
  refused('unauthorised', () => one.check(early, put.method, put.path, now + 2 * requestLimits.windowMs + 1));
});

test('the memory of nonces is bounded and empties itself', () => {
  const one = verifier(3);
  for (let i = 0; i < 3; i++) one.check(header(), put.method, put.path, now);
  refused('busy', () => one.check(header(), put.method, put.path, now));
  const later = now + 2 * requestLimits.windowMs + 1;
  one.check(header(address, later), put.method, put.path, later);
  assert.equal(one.size, 1);
});

test('an unsigned or foreign signature is refused, and does not use up the nonce', () => {
  const one = verifier();
  const good = header();
  const sealed = Buffer.from(good.split(' ')[1]!, 'base64url');
  sealed[0]! ^= 1;
  refused('bad-signature', () =>
    one.check(`FileTAO ${sealed.toString('base64url')}`, put.method, put.path, now),
  );
  assert.equal(one.size, 0);
  one.check(good, put.method, put.path, now);
  const lent = sealMessage(
    requestKind,
    {
      version: 1,
      ...address,
      sender: user.publicKey,
      method: 'PUT',
      path: put.path,
      nonce: randomBytes(16),
      time: now,
      contentDigest: new Uint8Array(0),
    },
    node,
  );
  refused('bad-signature', () =>
    one.check(`FileTAO ${Buffer.from(lent).toString('base64url')}`, put.method, put.path, now),
  );
});

test('every malformed header is a typed refusal', () => {
  const good = header();
  const cases: readonly [string | undefined, ErrorCode][] = [
    [undefined, 'unauthorised'],
    ['', 'unauthorised'],
    ['Bearer x', 'unauthorised'],
    ['FileTAO', 'unauthorised'],
    [`${good} ${good}`, 'unauthorised'],
    ['FileTAO !', 'bad-message'],
    ['FileTAO AAAA', 'bad-message'],
    [`FileTAO ${'A'.repeat(10_000)}`, 'too-large'],
    [good.slice(0, -4), 'bad-message'],
  ];
  for (const [given, code] of cases) {
    refused(code, () => verifier().check(given, put.method, put.path, now));
  }
  for (let i = 0; i < 200; i++) {
    const noise = `FileTAO ${randomBytes(1 + (i % 300)).toString('base64url')}`;
    assert.throws(() => verifier().check(noise, put.method, put.path, now), FileTaoError);
  }
  const short = sealMessage(
    requestKind,
    {
      version: 1,
      ...address,
      sender: user.publicKey,
      method: 'PUT',
      path: put.path,
      nonce: randomBytes(16),
      time: now,
      contentDigest: new Uint8Array(5),
    },
    user,
  );
  refused('bad-message', () =>
    verifier().check(`FileTAO ${Buffer.from(short).toString('base64url')}`, put.method, put.path, now),
  );
});
