import assert from 'node:assert/strict';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Decrypter, Encrypter } from 'age-encryption';
import {
  developmentPhrase,
  keyPairFromPhrase,
  signerOf,
  verifySr25519,
} from '../../../src/adapters/wallets/sr25519.js';
import {
  createWallet,
  describeWallet,
  listWallets,
  openWallet,
} from '../../../src/adapters/wallets/wallet-files.js';
import { toHex, utf8 } from '../../../src/domain/model/bytes.js';
import { contexts } from '../../../src/domain/model/constants.js';
import { type ErrorCode, FileTaoError } from '../../../src/domain/model/errors.js';

let root = '';
before(async () => {
  root = await mkdtemp(join(tmpdir(), 'filetao-wallets-'));
});
after(async () => {
  await rm(root, { recursive: true, force: true });
});

let folders = 0;
const freshPath = (): string => join(root, `w${folders++}`);
const mode = async (path: string): Promise<number> => (await stat(path)).mode & 0o777;
const isError =
  (code: ErrorCode, ...parts: readonly string[]) =>
  (error: unknown): boolean => {
    assert.ok(error instanceof FileTaoError, String(error));
    assert.equal(error.code, code, error.message);
    for (const part of parts) assert.ok(error.message.includes(part), `"${error.message}" lacks "${part}"`);
    assert.ok(!error.message.includes('\n'));
    return true;
  };

/** A file as the Python tools write it, for the development phrase; fields can be left out or changed. */
function keyfileText(changes: Record<string, string | null | undefined> = {}): string {
  const { publicKey, secretKey } = keyPairFromPhrase(developmentPhrase);
  return JSON.stringify({
    accountId: `0x${toHex(publicKey)}`,
    publicKey: `0x${toHex(publicKey)}`,
    privateKey: `0x${toHex(secretKey)}`,
    secretPhrase: developmentPhrase,
    secretSeed: '0xfac7959dbfe72f052e5a0c3c8d6530f202b02fd8f9f5ca3580ec8deb7797479e',
    ss58Address: '5DfhGyQdFobKM8NsWvEeAKk5EQQgYe9AydgJ7rMB6E1EqRzV',
    ...changes,
  });
}

async function writeWallet(files: Record<string, string>): Promise<string> {
  const path = freshPath();
  await mkdir(join(path, 'w', 'hotkeys'), { recursive: true });
  for (const [name, text] of Object.entries(files)) await writeFile(join(path, 'w', name), text);
  return path;
}

test('a created wallet has the shared layout and fields, for the owner only', async () => {
  const path = freshPath();
  const created = await createWallet({ path, name: 'w', hotkey: 'h' }, { unencrypted: true });
  const folder = join(path, 'w');
  assert.deepEqual((await readdir(folder)).sort(), [
    'age-recipient.txt',
    'coldkey',
    'coldkeypub.txt',
    'hotkeys',
  ]);
  assert.deepEqual((await readdir(join(folder, 'hotkeys'))).sort(), ['h', 'hpub.txt']);
  for (const name of ['coldkey', 'coldkeypub.txt', 'age-recipient.txt', 'hotkeys/h', 'hotkeys/hpub.txt']) {
    assert.equal(await mode(join(folder, name)), 0o600, name);
  }
  for (const name of ['.', 'hotkeys']) assert.equal(await mode(join(folder, name)), 0o700, name);

  const coldkey = JSON.parse(await readFile(join(folder, 'coldkey'), 'utf8'));
  assert.deepEqual(Object.keys(coldkey), [
    'accountId',
    'publicKey',
    'privateKey',
    'secretPhrase',
    'secretSeed',
    'ss58Address',
  ]);
  assert.match(coldkey.privateKey, /^0x[0-9a-f]{128}$/);
  assert.match(coldkey.secretSeed, /^0x[0-9a-f]{64}$/);
  assert.equal(coldkey.ss58Address, created.coldkeyAddress);
  const { publicKey, secretKey } = keyPairFromPhrase(coldkey.secretPhrase);
  assert.equal(coldkey.publicKey, `0x${toHex(publicKey)}`);
  assert.equal(coldkey.accountId, coldkey.publicKey);
  assert.equal(coldkey.privateKey, `0x${toHex(secretKey)}`);
  const published = JSON.parse(await readFile(join(folder, 'coldkeypub.txt'), 'utf8'));
  assert.deepEqual(Object.keys(published), ['accountId', 'publicKey', 'ss58Address']);
  assert.equal(published.ss58Address, created.coldkeyAddress);
  assert.notEqual(created.hotkeyAddress, created.coldkeyAddress);
});

test('an opened wallet signs, and encrypts to itself without its coldkey', async () => {
  const path = freshPath();
  await createWallet({ path, name: 'w', hotkey: 'h' }, { unencrypted: true });
  const wallet = await openWallet({ path, name: 'w', hotkey: 'h' });
  const message = utf8('hello');
  assert.equal(verifySr25519(message, wallet.hotkey.sign(message), wallet.hotkey.publicKey), true);
  const identity = await wallet.ageIdentity();
  assert.match(identity, /^AGE-SECRET-KEY-1[0-9A-Z]{58}$/);

  await chmod(join(path, 'w', 'coldkey'), 0o600);
  await rm(join(path, 'w', 'coldkey'));
  const withoutColdkey = await openWallet({ path, name: 'w', hotkey: 'h' });
  assert.deepEqual(withoutColdkey.coldkeyPublic, wallet.coldkeyPublic);
  const encrypter = new Encrypter();
  encrypter.addRecipient(await withoutColdkey.ageRecipient());
  const decrypter = new Decrypter();
  decrypter.addIdentity(identity);
  assert.equal(await decrypter.decrypt(await encrypter.encrypt('secret'), 'text'), 'secret');
  await assert.rejects(
    withoutColdkey.ageIdentity(),
    isError('wallet-not-found', 'no coldkey on this machine'),
  );
});

test('phrase, seed and private key files are read in this order and give the same secrets', async () => {
  const expected = signerOf(keyPairFromPhrase(developmentPhrase));
  const files = {
    all: keyfileText(),
    seed: keyfileText({ secretPhrase: undefined }),
    key: keyfileText({ secretPhrase: null, secretSeed: null }),
    noPrefix: keyfileText({
      secretPhrase: '',
      secretSeed: 'fac7959dbfe72f052e5a0c3c8d6530f202b02fd8f9f5ca3580ec8deb7797479e',
    }),
    bareKey: keyfileText({
      secretPhrase: undefined,
      secretSeed: undefined,
      accountId: undefined,
      publicKey: undefined,
    }),
    // the order shows where a later secret is another key's
    phraseFirst: keyfileText({ secretSeed: `0x${'11'.repeat(32)}`, privateKey: `0x${'22'.repeat(64)}` }),
    seedSecond: keyfileText({ secretPhrase: undefined, privateKey: `0x${'22'.repeat(64)}` }),
  };
  for (const [name, text] of Object.entries(files)) {
    const path = await writeWallet({ coldkey: text, 'hotkeys/h': text });
    const wallet = await openWallet({ path, name: 'w', hotkey: 'h' });
    assert.deepEqual(wallet.hotkey.publicKey, expected.publicKey, name);
    for (const context of [contexts.replicaSecret, contexts.minerSecret]) {
      assert.deepEqual(wallet.hotkey.deriveSecret(context), expected.deriveSecret(context), name);
    }
    assert.equal(
      await wallet.ageIdentity(),
      'AGE-SECRET-KEY-1HKJVDXGYJL85NGKYYLWPUFTGQ5CTRQPUZJPGUADM2HMQF4R6V7JQTRSN22',
      name,
    );
    assert.equal(
      await wallet.ageRecipient(),
      'age19s8ew5ydjznlghrtzk8pvnkuy040fl26nt0flm2aeums8vppsgxqzxaud6',
      name,
    );
    assert.equal(
      await readFile(join(path, 'w', 'age-recipient.txt'), 'utf8'),
      `${await wallet.ageRecipient()}\n`,
    );
  }
});

test('a node opens a folder that holds nothing but its hotkey', async () => {
  const path = await writeWallet({ 'hotkeys/h': keyfileText() });
  const wallet = await openWallet({ path, name: 'w', hotkey: 'h' });
  assert.equal(wallet.coldkeyPublic, null);
  await assert.rejects(wallet.ageRecipient(), isError('wallet-not-found', 'no coldkey'));
});

test('an encrypted coldkey does not stop a node, and says what it is when needed', async () => {
  for (const [start, words] of [
    ['$NACL', 'password'],
    ['$ANSIBLE_VAULT;1.1;AES256\n', 'Ansible Vault'],
    ['gAAAAABl', 'Fernet'],
  ] as const) {
    const path = await writeWallet({ coldkey: `${start}${'x'.repeat(100)}`, 'hotkeys/h': keyfileText() });
    const wallet = await openWallet({ path, name: 'w', hotkey: 'h' });
    await assert.rejects(wallet.ageIdentity(), isError('wallet-locked', words, join(path, 'w', 'coldkey')));
    await writeFile(join(path, 'w', 'hotkeys', 'h2'), `${start}${'x'.repeat(100)}`);
    await assert.rejects(openWallet({ path, name: 'w', hotkey: 'h2' }), isError('wallet-locked', words));
    assert.deepEqual((await describeWallet(path, 'w')).hotkeys[1], { name: 'h2', ss58Address: null });
  }
});

test('corrupt and foreign key files are explained in one sentence', async () => {
  const cases: readonly (readonly [string, string])[] = [
    ['', 'not JSON'],
    ['{', 'not JSON'],
    ['[]', 'not a JSON object'],
    ['{}', 'neither publicKey nor ss58Address'],
    [keyfileText({ publicKey: '0x12' }), 'publicKey is not 32 bytes'],
    [keyfileText({ secretSeed: '0xzz' }), 'secretSeed'],
    [keyfileText({ ss58Address: '5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY' }), 'different keys'],
    [keyfileText({ secretPhrase: 'one two three' }), 'BIP 39'],
    [keyfileText({ secretPhrase: null, secretSeed: `0x${'11'.repeat(32)}` }), 'different keys'],
    [
      keyfileText({ secretPhrase: null, secretSeed: null, privateKey: `0x${'22'.repeat(64)}` }),
      'does not belong',
    ],
    [keyfileText({ secretPhrase: null, secretSeed: null, privateKey: null }), 'public key only'],
    [`0x${'12'.repeat(32)}`, 'public key only'],
    ['x'.repeat(100_000), '100000 bytes'],
  ];
  for (const [text, part] of cases) {
    const path = await writeWallet({ 'hotkeys/h': text });
    await assert.rejects(openWallet({ path, name: 'w', hotkey: 'h' }), isError('wrong-wallet', part));
  }
});

test("a coldkey, public file or recipient of another wallet is noticed before it's used", async () => {
  const path = await writeWallet({ 'hotkeys/h': keyfileText(), coldkey: keyfileText() });
  await createWallet({ path, name: 'other', hotkey: 'h' }, { unencrypted: true });
  const other = await openWallet({ path, name: 'other', hotkey: 'h' });
  await writeFile(join(path, 'w', 'age-recipient.txt'), await other.ageRecipient());
  const wallet = await openWallet({ path, name: 'w', hotkey: 'h' });
  await assert.rejects(wallet.ageIdentity(), isError('wrong-wallet', 'age-recipient.txt'));
  await writeFile(join(path, 'w', 'age-recipient.txt'), 'age1nonsense');
  await assert.rejects(wallet.ageRecipient(), isError('wrong-wallet', 'age recipient'));
  await rm(join(path, 'w', 'age-recipient.txt'));
  assert.match(await wallet.ageIdentity(), /^AGE-/); // a failure is not remembered

  await writeFile(join(path, 'w', 'coldkeypub.txt'), await readFile(join(path, 'other', 'coldkeypub.txt')));
  const mixed = await openWallet({ path, name: 'w', hotkey: 'h' });
  await assert.rejects(mixed.ageIdentity(), isError('wrong-wallet', 'different keys'));
});

test('a missing wallet or hotkey names the command that creates it', async () => {
  const path = join(freshPath(), "it's here");
  await assert.rejects(
    openWallet({ path, name: 'w', hotkey: 'h' }),
    isError(
      'wallet-not-found',
      'no wallet "w"',
      'filetao wallet create --wallet.path',
      `'\\''s here' --wallet.name w --wallet.hotkey h`,
    ),
  );
  await createWallet({ path, name: 'w', hotkey: 'h' }, { unencrypted: true });
  await assert.rejects(
    openWallet({ path, name: 'w', hotkey: 'x' }),
    isError('wallet-not-found', 'no hotkey "x"'),
  );
  await assert.rejects(describeWallet(path, 'nobody'), isError('wallet-not-found', 'no wallet "nobody"'));
});

test('nothing is overwritten; a second hotkey joins the coldkey', async () => {
  const path = freshPath();
  const first = await createWallet({ path, name: 'w', hotkey: 'h' }, { unencrypted: true });
  const files = ['coldkey', 'coldkeypub.txt', 'age-recipient.txt', 'hotkeys/h', 'hotkeys/hpub.txt'];
  const contents = await Promise.all(files.map((file) => readFile(join(path, 'w', file), 'utf8')));
  await assert.rejects(
    createWallet({ path, name: 'w', hotkey: 'h' }, { unencrypted: true }),
    isError('exists', 'nothing was changed'),
  );
  const second = await createWallet({ path, name: 'w', hotkey: 'h2' }, { unencrypted: true });
  assert.equal(second.coldkeyCreated, false);
  assert.equal(second.coldkeyAddress, first.coldkeyAddress);
  assert.deepEqual(await Promise.all(files.map((file) => readFile(join(path, 'w', file), 'utf8'))), contents);
  assert.deepEqual(await describeWallet(path, 'w'), {
    name: 'w',
    coldkey: { ss58Address: first.coldkeyAddress },
    hotkeys: [
      { name: 'h', ss58Address: first.hotkeyAddress },
      { name: 'h2', ss58Address: second.hotkeyAddress },
    ],
  });
});

test('racing creators of one hotkey: one wins, the others change nothing', async () => {
  const path = freshPath();
  const results = await Promise.allSettled(
    Array.from({ length: 8 }, () => createWallet({ path, name: 'w', hotkey: 'h' }, { unencrypted: true })),
  );
  const won = results.filter((result) => result.status === 'fulfilled');
  assert.equal(won.length, 1);
  for (const result of results)
    if (result.status === 'rejected') isError('exists', 'already has a hotkey')(result.reason);
  const wallet = await openWallet({ path, name: 'w', hotkey: 'h' });
  const { hotkeys } = await describeWallet(path, 'w');
  assert.equal(hotkeys.find(({ name }) => name === 'h')?.ss58Address, won[0]!.value.hotkeyAddress);
  assert.equal(
    `0x${toHex(wallet.hotkey.publicKey)}`,
    JSON.parse(await readFile(join(path, 'w/hotkeys/hpub.txt'), 'utf8')).publicKey,
  );
  assert.deepEqual(
    (await readdir(join(path, 'w'), { recursive: true })).filter((name) => name.includes('.new-')),
    [],
  );
});

test('a creation cut short after the coldkey is completed by the next one', async () => {
  const path = await writeWallet({ coldkey: keyfileText() });
  const created = await createWallet({ path, name: 'w', hotkey: 'h' }, { unencrypted: true });
  assert.equal(created.coldkeyAddress, '5DfhGyQdFobKM8NsWvEeAKk5EQQgYe9AydgJ7rMB6E1EqRzV');
  assert.equal(created.coldkeyCreated, false);
  assert.equal(created.ageRecipient, 'age19s8ew5ydjznlghrtzk8pvnkuy040fl26nt0flm2aeums8vppsgxqzxaud6');
});

test('a coldkey is unencrypted only when that is said; a further hotkey needs no saying', async () => {
  const path = freshPath();
  const location = { path, name: 'w', hotkey: 'h' };
  await assert.rejects(createWallet(location, { unencrypted: false }), isError('bad-input', '--no-password'));
  await assert.rejects(stat(path));
  await createWallet(location, { unencrypted: true });
  await createWallet({ ...location, hotkey: 'h2' }, { unencrypted: false });
});

test('names that leave the folder or pass for something else are refused', async () => {
  const path = freshPath();
  for (const name of ['', '.', '..', '../x', 'a/b', 'a\\b', '.hidden', 'a\nb', 'x'.repeat(101)]) {
    await assert.rejects(
      createWallet({ path, name, hotkey: 'h' }, { unencrypted: true }),
      isError('bad-input', 'wallet name'),
    );
    await assert.rejects(openWallet({ path, name: 'w', hotkey: name }), isError('bad-input', 'hotkey name'));
  }
  await assert.rejects(
    createWallet({ path, name: 'w', hotkey: 'apub.txt' }, { unencrypted: true }),
    isError('bad-input', 'pub.txt'),
  );
  await assert.rejects(stat(path));
});

test('lists wallets and passes over everything else', async () => {
  const path = freshPath();
  assert.deepEqual(await listWallets(path), []);
  await createWallet({ path, name: 'b', hotkey: 'h' }, { unencrypted: true });
  await createWallet({ path, name: 'a', hotkey: 'h' }, { unencrypted: true });
  await mkdir(join(path, 'not a wallet'));
  await writeFile(join(path, 'file'), '');
  assert.deepEqual(await listWallets(path), ['a', 'b']);
});

test('public files of the oldest tools, without JSON, are read', async () => {
  const { publicKey } = keyPairFromPhrase(developmentPhrase);
  const path = await writeWallet({ 'coldkeypub.txt': `0x${toHex(publicKey)}\n` });
  assert.deepEqual(await describeWallet(path, 'w'), {
    name: 'w',
    coldkey: { ss58Address: '5DfhGyQdFobKM8NsWvEeAKk5EQQgYe9AydgJ7rMB6E1EqRzV' },
    hotkeys: [],
  });
});
