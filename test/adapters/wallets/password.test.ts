import assert from 'node:assert/strict';
import { test } from 'node:test';
import { btPasswordVariable, newPassword, passwordOf } from '../../../src/adapters/wallets/password.js';
import { isFileTaoError } from './is-error.js';

/** As btwallet's `save_password_to_env` makes it. */
function btValue(variable: string, password: string): string {
  const name = Buffer.from(variable);
  const bytes = Buffer.from(password);
  for (let i = 0; i < bytes.length; i++) bytes[i]! ^= name[i % name.length]!;
  return bytes.toString('base64');
}

test('the variable of a file is its path in capitals', () => {
  assert.equal(
    btPasswordVariable('/home/me/.bittensor/wallets/my-wallet/coldkey'),
    'BT_PW__HOME_ME__BITTENSOR_WALLETS_MY-WALLET_COLDKEY',
  );
});

test("btwallet's own test values are read: base64 of the password xor the variable's name", async () => {
  // tests/test_keyfile.py, test_get_coldkey_password_from_environment; made in a folder below /Users
  const file = '/Users/x/test_wallet/coldkey';
  for (const [value, password] of [
    ['c2ZsZGJpaG1q', '123456789'],
    ['ID0rJDIxLDoh', 'bittensor'],
    ['NjEsJD4xOA==', 'testing'],
  ] as const) {
    const read = await passwordOf(file, { env: { BT_PW__USERS_X_TEST_WALLET_COLDKEY: value } });
    assert.equal(read.text, password);
    assert.equal(read.origin, 'the password in BT_PW__USERS_X_TEST_WALLET_COLDKEY');
  }
  const long = 'pässwörd '.repeat(20);
  const variable = btPasswordVariable(file);
  assert.equal((await passwordOf(file, { env: { [variable]: btValue(variable, long) } })).text, long);
});

test('ours before theirs, both before asking; empty means not set', async () => {
  const file = '/w/coldkey';
  const env = {
    FILETAO_WALLET_PASSWORD: 'ours',
    BT_PW__W_COLDKEY: btValue('BT_PW__W_COLDKEY', 'theirs'),
  };
  const ask = async (asked: string): Promise<string> => `  asked for ${asked}\n`;
  assert.equal((await passwordOf(file, { env, ask })).text, 'ours');
  assert.equal(
    (await passwordOf(file, { env: { ...env, FILETAO_WALLET_PASSWORD: '' }, ask })).text,
    'theirs',
  );
  // another file's variable is not for this one
  assert.equal(
    (await passwordOf('/w/hotkeys/h', { env: { ...env, FILETAO_WALLET_PASSWORD: '' }, ask })).text,
    'asked for /w/hotkeys/h',
  );
  await assert.rejects(
    passwordOf(file, { env: { BT_PW__W_COLDKEY: '' } }),
    isFileTaoError('wallet-locked', '/w/coldkey', 'FILETAO_WALLET_PASSWORD', 'terminal'),
  );
});

test('a BT_PW_ variable that holds something else is explained, and not quoted', async () => {
  for (const value of ['not base64!', 'plain pässword', Buffer.from([0xff, 0xff]).toString('base64')]) {
    await assert.rejects(passwordOf('/w/coldkey', { env: { BT_PW__W_COLDKEY: value } }), (error: Error) => {
      assert.ok(!error.message.includes(value));
      return isFileTaoError('bad-input', 'BT_PW__W_COLDKEY')(error);
    });
  }
});

test('a new password is one that every tool can be given', async () => {
  const env = {};
  assert.equal(await newPassword('f', { env, askNew: async () => ' long enough ' }), 'long enough');
  for (const short of ['', '12345', '    12345     ']) {
    await assert.rejects(
      newPassword('f', { env, askNew: async () => short }),
      isFileTaoError('bad-input', 'at least 6'),
    );
  }
  assert.equal(await newPassword('f', { env: { FILETAO_WALLET_PASSWORD: 'from env' } }), 'from env');
  await assert.rejects(
    newPassword('f', { env: { FILETAO_WALLET_PASSWORD: ' blank' } }),
    isFileTaoError('bad-input', 'blank'),
  );
  await assert.rejects(newPassword('f', { env }), isFileTaoError('bad-input', '--no-password'));
});
