import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { useCostForTests } from '../../../src/adapters/wallets/argon2-key.js';
import { openKeyfile } from '../../../src/adapters/wallets/encrypted-keyfile.js';
import { type RegenerateOrder, regenerateKey } from '../../../src/adapters/wallets/regenerate.js';
import { developmentPhrase, keyPairFromPhrase } from '../../../src/adapters/wallets/sr25519.js';
import {
  createWallet,
  describeWallet,
  listWallets,
  openColdkey,
  openWallet,
} from '../../../src/adapters/wallets/wallet-files.js';
import { toExpandedSecret } from '../../../src/domain/identity/keys.js';
import { encodeSs58 } from '../../../src/domain/identity/ss58.js';
import { toHex } from '../../../src/domain/model/bytes.js';
import { isFileTaoError } from './is-error.js';

useCostForTests({ passes: 3, memory_bytes: 8192 });

let root = '';
before(async () => {
  root = await mkdtemp(join(tmpdir(), 'filetao-encrypted-'));
});
after(async () => {
  await rm(root, { recursive: true, force: true });
});

let folders = 0;
const newLocation = () => ({ path: join(root, `w${folders++}`), name: 'w', hotkey: 'h' });
const withPassword = (password: string) => ({ env: { FILETAO_WALLET_PASSWORD: password } });
const nobody = { env: {} };
const mode = async (path: string): Promise<number> => (await stat(path)).mode & 0o777;

const dev = keyPairFromPhrase(developmentPhrase);
const devAddress = '5DfhGyQdFobKM8NsWvEeAKk5EQQgYe9AydgJ7rMB6E1EqRzV';
const devSeed = 'fac7959dbfe72f052e5a0c3c8d6530f202b02fd8f9f5ca3580ec8deb7797479e';

/** What btwallet's reader asks of a file: an object of nothing but text, `HashMap<String, Option<String>>`. */
async function readAsBtwallet(file: string, password: string | null): Promise<Record<string, string>> {
  const data = await readFile(file);
  const text = password === null ? data : await openKeyfile(data, file, withPassword(password));
  const fields = JSON.parse(new TextDecoder().decode(text)) as Record<string, string>;
  for (const value of Object.values(fields)) assert.equal(typeof value, 'string');
  return fields;
}

test('a coldkey is made encrypted, in the shared format, and only it needs the password', async () => {
  const location = newLocation();
  const created = await createWallet(location, { unencrypted: false, unlock: withPassword('secret words') });
  assert.equal(created.coldkeyEncrypted, true);
  const folder = join(location.path, 'w');
  assert.equal((await readFile(join(folder, 'coldkey'))).subarray(0, 5).toString(), '$NACL');
  for (const name of ['coldkey', 'coldkeypub.txt', 'age-recipient.txt', 'hotkeys/h', 'hotkeys/hpub.txt']) {
    assert.equal(await mode(join(folder, name)), 0o600, name);
  }
  assert.deepEqual((await readdir(folder)).sort(), [
    'age-recipient.txt',
    'coldkey',
    'coldkeypub.txt',
    'hotkeys',
  ]);
  const fields = await readAsBtwallet(join(folder, 'coldkey'), 'secret words');
  assert.equal(fields.ss58Address, created.coldkeyAddress);
  assert.equal(encodeSs58(keyPairFromPhrase(fields.secretPhrase!).publicKey), created.coldkeyAddress);

  const wallet = await openWallet(location, nobody);
  assert.equal(await wallet.ageRecipient(), created.ageRecipient);
  assert.equal((await describeWallet(location.path, 'w')).coldkey?.ss58Address, created.coldkeyAddress);
  await assert.rejects(wallet.ageIdentity(), isFileTaoError('wallet-locked', 'FILETAO_WALLET_PASSWORD'));

  let asked = 0;
  const ask = async (file: string): Promise<string> => {
    assert.equal(file, join(folder, 'coldkey'));
    return asked++ === 0 ? 'wrong' : 'secret words';
  };
  const atTerminal = await openWallet(location, { env: {}, ask });
  await atTerminal.ageRecipient();
  assert.equal(asked, 0, 'nobody is asked before the coldkey is needed');
  await assert.rejects(atTerminal.ageIdentity(), isFileTaoError('wallet-locked', 'does not open'));
  const identity = await atTerminal.ageIdentity(); // a wrong password is not remembered
  assert.equal(await atTerminal.ageIdentity(), identity);
  assert.equal(asked, 2);
});

test('without a password nothing is made; a further hotkey needs none', async () => {
  const location = newLocation();
  await assert.rejects(
    createWallet(location, { unencrypted: false, unlock: nobody }),
    isFileTaoError('bad-input', '--no-password'),
  );
  const failing = { env: {}, askNew: () => Promise.reject(new Error('gone')) };
  await assert.rejects(createWallet(location, { unencrypted: false, unlock: failing }));
  await assert.rejects(stat(location.path));
  await createWallet(location, { unencrypted: false, unlock: withPassword('secret words') });
  const second = await createWallet({ ...location, hotkey: 'h2' }, { unencrypted: false, unlock: nobody });
  assert.equal(second.coldkeyEncrypted, false);
});

test('a creation cut short after an encrypted coldkey is completed with its password', async () => {
  const location = newLocation();
  const first = await createWallet(location, { unencrypted: false, unlock: withPassword('secret words') });
  const folder = join(location.path, 'w');
  for (const name of ['coldkeypub.txt', 'age-recipient.txt']) await rm(join(folder, name));
  const again = { ...location, hotkey: 'h2' };
  await assert.rejects(
    createWallet(again, { unencrypted: false, unlock: nobody }),
    isFileTaoError('wallet-locked', 'terminal'),
  );
  const completed = await createWallet(again, { unencrypted: false, unlock: withPassword('secret words') });
  assert.equal(completed.coldkeyAddress, first.coldkeyAddress);
  assert.equal(completed.ageRecipient, first.ageRecipient);
});

test('a wallet without its recipient file, as btcli makes it, asks once to encrypt and keeps the answer', async () => {
  const location = newLocation();
  const { ageRecipient } = await createWallet(location, {
    unencrypted: false,
    unlock: withPassword('secret words'),
  });
  await rm(join(location.path, 'w', 'age-recipient.txt'));
  await assert.rejects((await openWallet(location, nobody)).ageRecipient(), isFileTaoError('wallet-locked'));
  assert.equal(await (await openWallet(location, withPassword('secret words'))).ageRecipient(), ageRecipient);
  assert.equal(await (await openWallet(location, nobody)).ageRecipient(), ageRecipient);
});

test('an encrypted hotkey opens with its password', async () => {
  const location = newLocation();
  await createWallet(location, { unencrypted: false, unlock: withPassword('secret words') });
  const folder = join(location.path, 'w');
  await writeFile(join(folder, 'hotkeys/locked'), await readFile(join(folder, 'coldkey')));
  const locked = { ...location, hotkey: 'locked' };
  await assert.rejects(openWallet(locked, nobody), isFileTaoError('wallet-locked', 'hotkeys/locked'));
  const wallet = await openWallet(locked, withPassword('secret words'));
  assert.deepEqual(wallet.hotkey.publicKey, wallet.coldkeyPublic);
});

const order = (secret: string, changes: Partial<RegenerateOrder> = {}): RegenerateOrder => ({
  key: 'coldkey',
  secret: async () => secret,
  unencrypted: true,
  unlock: nobody,
  ...changes,
});

test('a coldkey made again from phrase, seed or private key is the same key', async () => {
  const privateKey = toHex(dev.secretKey);
  const expanded = toHex(toExpandedSecret(dev.secretKey)); // as polkadot-js exports it
  const known = { publicKey: devAddress };
  const fields = {
    accountId: `0x${toHex(dev.publicKey)}`,
    publicKey: `0x${toHex(dev.publicKey)}`,
    privateKey: `0x${privateKey}`,
    ss58Address: devAddress,
  };
  const withSeed = { ...fields, secretSeed: `0x${devSeed}` };
  const withPhrase = { ...withSeed, secretPhrase: developmentPhrase };
  const cases: readonly (readonly [RegenerateOrder, Record<string, string>])[] = [
    [order(developmentPhrase), withPhrase],
    [order(` ${developmentPhrase.toUpperCase().replaceAll(' ', '\n ')}\n`), withPhrase],
    [order(`0x${devSeed}`), withSeed],
    [order(devSeed.toUpperCase(), known), withSeed],
    [order(privateKey, known), fields],
    [order(`0x${expanded}`, { publicKey: toHex(dev.publicKey) }), fields],
  ];
  let recipient: string | undefined;
  for (const [i, [request, expected]] of cases.entries()) {
    const location = newLocation();
    const made = await regenerateKey(location, request);
    assert.equal(made.ss58Address, devAddress);
    assert.deepEqual(await readAsBtwallet(made.file, null), expected, `case ${i}`);
    assert.deepEqual((await openColdkey(location, nobody)).secretKey, dev.secretKey);
    assert.equal(await mode(made.file), 0o600);
    assert.equal(await mode(join(location.path, 'w')), 0o700);
    const kept = await readFile(join(location.path, 'w', 'age-recipient.txt'), 'utf8');
    assert.equal(kept, recipient ?? kept);
    recipient = kept;
    assert.deepEqual(await listWallets(location.path), ['w']);
  }

  const location = newLocation();
  const request = order(developmentPhrase, { unencrypted: false, unlock: withPassword('secret words') });
  const made = await regenerateKey(location, request);
  assert.equal(made.encrypted, true);
  assert.deepEqual(await readAsBtwallet(made.file, 'secret words'), withPhrase);
});

test('a machine that has only the public file gets the coldkey back, and no other', async () => {
  const location = newLocation();
  await createWallet(location, { unencrypted: true });
  const folder = join(location.path, 'w');
  const kept = await readAsBtwallet(join(folder, 'coldkey'), null);
  await rm(join(folder, 'coldkey'));
  const files = await readdir(folder, { recursive: true });
  await assert.rejects(
    regenerateKey(location, order(developmentPhrase)),
    isFileTaoError('wrong-wallet', devAddress, kept.ss58Address!, 'nothing was changed'),
  );
  await assert.rejects(
    regenerateKey(location, order(developmentPhrase, { publicKey: devAddress })),
    isFileTaoError('wrong-wallet', 'coldkeypub.txt'),
  );
  await rm(join(folder, 'coldkeypub.txt'));
  await assert.rejects(
    regenerateKey(location, order(developmentPhrase)),
    isFileTaoError('wrong-wallet', 'age-recipient.txt'),
  );
  assert.deepEqual(
    await readdir(folder, { recursive: true }),
    files.filter((name) => name !== 'coldkeypub.txt'),
  );
  // the private key alone needs no address where the public file is
  await writeFile(join(folder, 'coldkeypub.txt'), JSON.stringify({ ss58Address: kept.ss58Address }));
  await regenerateKey(location, order(kept.privateKey!));
  const { accountId, publicKey, privateKey, ss58Address } = kept;
  assert.deepEqual(await readAsBtwallet(join(folder, 'coldkey'), null), {
    accountId,
    publicKey,
    privateKey,
    ss58Address,
  });
});

test('a hotkey made again is unencrypted and joins the wallet', async () => {
  const location = newLocation();
  const made = await regenerateKey(location, order(devSeed, { key: 'hotkey', unencrypted: false }));
  assert.deepEqual([made.file, made.encrypted], [join(location.path, 'w/hotkeys/h'), false]);
  assert.deepEqual((await openWallet(location, nobody)).hotkey.publicKey, dev.publicKey);
  assert.equal(
    (await readAsBtwallet(join(location.path, 'w/hotkeys/hpub.txt'), null)).ss58Address,
    devAddress,
  );
});

test('bad secrets are explained, never quoted, and change nothing', async () => {
  const cases: readonly (readonly [RegenerateOrder, Parameters<typeof isFileTaoError>])[] = [
    [order(''), ['bad-input', 'neither']],
    [order('word'), ['bad-input', 'neither']],
    [order(devSeed.slice(2)), ['bad-input', 'neither']],
    [order(`${developmentPhrase} 12`), ['bad-input', 'neither']],
    [order(developmentPhrase.replace('walk', 'lonely')), ['wrong-wallet', 'BIP 39']],
    [order(toHex(dev.secretKey)), ['bad-input', '--public-key']],
    [order('ab'.repeat(64), { publicKey: devAddress }), ['wrong-wallet', 'does not belong']],
    [order(devSeed, { publicKey: 'ab'.repeat(32) }), ['wrong-wallet', devAddress]],
    [order(devSeed, { publicKey: '5Nonsense' }), ['bad-input']],
    [order(devSeed, { unencrypted: false }), ['bad-input', '--no-password']],
  ];
  for (const [request, expected] of cases) {
    const location = newLocation();
    const secret = await request.secret();
    await assert.rejects(regenerateKey(location, request), (error: Error) => {
      if (secret.length > 4) assert.ok(!error.message.includes(secret));
      return isFileTaoError(...expected)(error);
    });
    await assert.rejects(stat(location.path));
  }
});

test('nothing is made again over a key that is there, whatever it is', async () => {
  const location = newLocation();
  const folder = join(location.path, 'w');
  await mkdir(join(folder, 'hotkeys'), { recursive: true });
  for (const file of ['coldkey', 'hotkeys/h']) await writeFile(join(folder, file), '$ANSIBLE_VAULT;old');
  for (const key of ['coldkey', 'hotkey'] as const) {
    const secret = (): Promise<string> => assert.fail('asked');
    await assert.rejects(
      regenerateKey(location, order('', { key, secret })),
      isFileTaoError('exists', 'nothing was changed'),
    );
  }
  assert.equal(await readFile(join(folder, 'coldkey'), 'utf8'), '$ANSIBLE_VAULT;old');
});
