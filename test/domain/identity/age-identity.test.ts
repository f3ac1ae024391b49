import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  ageIdentityOf,
  ageRecipientOf,
  encodeAgeIdentity,
  isAgeRecipient,
} from '../../../src/domain/identity/age-identity.js';
import { fromHex } from '../../../src/domain/model/bytes.js';
import { contexts } from '../../../src/domain/model/constants.js';

test('spells a secret and its recipient as the age tools do', async () => {
  // The recipient is what Debian's age-keygen 1.1.1 prints for the identity (`age-keygen -y`).
  const identity = encodeAgeIdentity(fromHex('42'.repeat(32)));
  assert.equal(identity, 'AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX');
  assert.equal(
    await ageRecipientOf(identity),
    'age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj',
  );
});

test('asks the coldkey for exactly the context of the protocol', () => {
  const asked: string[] = [];
  const deriveSecret = (context: string): Uint8Array => {
    asked.push(context);
    return new Uint8Array(32).fill(9);
  };
  assert.equal(ageIdentityOf({ deriveSecret }), encodeAgeIdentity(new Uint8Array(32).fill(9)));
  assert.deepEqual(asked, [contexts.ageIdentity]);
  assert.equal(contexts.ageIdentity, 'filetao v1 age identity');
});

test('recognises recipients', async () => {
  const recipient = await ageRecipientOf(encodeAgeIdentity(new Uint8Array(32).fill(1)));
  assert.equal(isAgeRecipient(recipient), true);
  for (const text of [
    '',
    recipient.toUpperCase(),
    `${recipient}q`,
    recipient.slice(0, -1),
    'age1',
    'npub1xyz',
  ]) {
    assert.equal(isAgeRecipient(text), false, text);
  }
  assert.throws(() => encodeAgeIdentity(new Uint8Array(31)), RangeError);
});
