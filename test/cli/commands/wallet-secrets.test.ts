// Encrypted wallets on the command line, with cheap key derivation: passwords, regenerate, age-identity, and
// that no command but age-identity prints a secret.

import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Decrypter, Encrypter } from 'age-encryption';
import { useCostForTests } from '../../../src/adapters/wallets/argon2-key.js';
import { btPasswordVariable } from '../../../src/adapters/wallets/password.js';
import { openColdkey, readAgeIdentity } from '../../../src/adapters/wallets/wallet-files.js';
import { toHex } from '../../../src/domain/model/bytes.js';
import { type Finished, quickKeysScript, runCli } from '../run-cli.js';

useCostForTests({ passes: 3, memory_bytes: 8192 });

let root = '';
let homes = 0;
before(async () => {
  root = await mkdtemp(join(tmpdir(), 'filetao-secrets-cli-'));
});
after(async () => {
  await rm(root, { recursive: true, force: true });
});

const password = 'correct horse';
const withPassword = { FILETAO_WALLET_PASSWORD: password };
const phrase = 'bottom drive obey lake curtain smoke basket hold race lonely fit walk';
const address = '5DfhGyQdFobKM8NsWvEeAKk5EQQgYe9AydgJ7rMB6E1EqRzV';

async function newHome() {
  const home = join(root, `home${homes++}`);
  await mkdir(home);
  const all: Finished[] = [];
  const filetao = async (command: string, env: Record<string, string> = {}, input?: string) => {
    const finished = await runCli(command.split(' '), {
      home,
      script: quickKeysScript,
      env: { FILETAO_DEBUG: '1', ...env },
      ...(input === undefined ? {} : { input }),
    });
    all.push(finished);
    return finished;
  };
  return { home, folder: join(home, '.bittensor/wallets/default'), filetao, all };
}

test('the life of an encrypted wallet, and no command but age-identity prints a secret', async () => {
  const { home, folder, filetao, all } = await newHome();
  const created = await filetao('wallet create', withPassword);
  assert.equal(created.code, 0, created.stderr);
  assert.match(created.stdout, /encrypted with your password/);
  const location = { path: join(home, '.bittensor/wallets'), name: 'default' };
  const coldkey = await openColdkey(location, { env: withPassword });
  const identity = await readAgeIdentity(location, { env: withPassword });
  const hotkey = JSON.parse(await readFile(join(folder, 'hotkeys/default'), 'utf8'));

  // without a password: all that needs no coldkey
  for (const command of [
    'wallet show',
    'wallet show --json',
    'wallet list',
    'wallet create --wallet.hotkey second',
    'wallet create --wallet.name plain --no-password --json',
  ]) {
    assert.equal((await filetao(command)).code, 0, command);
  }
  const refused = await filetao('wallet age-identity --yes');
  assert.deepEqual([refused.code, refused.stdout], [1, '']);
  assert.match(refused.stderr, /^filetao: .*coldkey is encrypted with a password: give it in FILETAO_/);
  const wrong = await filetao('wallet age-identity --yes', { FILETAO_WALLET_PASSWORD: 'wrong guess' });
  assert.deepEqual([wrong.code, wrong.stdout], [1, '']);
  assert.match(wrong.stderr, /the password in FILETAO_WALLET_PASSWORD does not open .*: it is wrong/);
  const unasked = await filetao('wallet age-identity', withPassword);
  assert.deepEqual([unasked.code, unasked.stdout], [2, '']);
  assert.match(unasked.stderr, /prints a secret.*add --yes/);
  const nobody = await filetao('wallet age-identity --wallet.name nobody');
  assert.equal(nobody.code, 3);
  // the coldkey cannot be made again over itself, and then it can
  const seed = toHex(coldkey.secretKey);
  const taken = await filetao('wallet regenerate', withPassword, seed);
  assert.equal(taken.code, 7);
  await rm(join(folder, 'coldkey'));
  const lost = await filetao('wallet age-identity --yes', withPassword);
  assert.equal(lost.code, 3);
  const foreign = await filetao('wallet regenerate', withPassword, phrase);
  assert.equal(foreign.code, 1);
  const noPassword = await filetao('wallet regenerate', {}, seed);
  assert.equal(noPassword.code, 2);
  const again = await filetao('wallet regenerate --json', withPassword, seed);
  assert.equal(again.code, 0, again.stderr);
  assert.deepEqual(Object.keys(JSON.parse(again.stdout)), ['name', 'coldkey']);
  const damaged = await filetao(
    'wallet regenerate hotkey --wallet.hotkey x',
    {},
    hotkey.secretPhrase.slice(5),
  );
  assert.notEqual(damaged.code, 0);

  const printed = all.map(({ stdout, stderr }) => stdout + stderr).join('\n');
  const secrets = [
    password,
    'wrong guess',
    phrase,
    identity,
    toHex(coldkey.secretKey),
    toHex(coldkey.secretKey.subarray(0, 32)),
    hotkey.secretPhrase,
    hotkey.secretPhrase.slice(5),
    hotkey.secretSeed.slice(2),
    hotkey.privateKey.slice(2),
  ];
  for (const secret of secrets) {
    assert.ok(!printed.toLowerCase().includes(secret.toLowerCase()));
    assert.ok(!printed.includes(secret.split(' ').slice(0, 3).join(' ')));
  }
  // nor is one left anywhere on the disk, the unencrypted key files aside
  for (const name of await readdir(home, { recursive: true })) {
    if (/(^|\/)(plain|hotkeys)\//.test(name)) continue;
    const content = await readFile(join(home, name)).catch(() => Buffer.alloc(0));
    for (const secret of secrets) assert.ok(!content.includes(secret), name);
  }

  const shown = await filetao('wallet age-identity --yes', withPassword);
  assert.equal(shown.stdout, `${identity}\n`);
  assert.equal(shown.stderr, '');
  const encrypter = new Encrypter();
  encrypter.addRecipient((await readFile(join(folder, 'age-recipient.txt'), 'utf8')).trim());
  const decrypter = new Decrypter();
  decrypter.addIdentity(shown.stdout.trim());
  assert.equal(await decrypter.decrypt(await encrypter.encrypt('mine'), 'text'), 'mine');
});

test('regenerate reads what is piped in, and a BT_PW_ variable opens what it made', async () => {
  const { folder, filetao } = await newHome();
  const file = join(folder, 'coldkey');
  const variable = btPasswordVariable(file);
  const name = Buffer.from(variable);
  const value = Buffer.from(Buffer.from(password).map((byte, i) => byte ^ name[i % name.length]!));
  const env = { [variable]: value.toString('base64') };
  const made = await filetao('wallet regenerate', env, `${phrase}\n`);
  assert.equal(made.code, 0, made.stderr);
  assert.equal(made.stdout, `Made the coldkey ${address} again, encrypted with your password:\n  ${file}\n`);
  assert.equal((await readFile(file)).subarray(0, 5).toString(), '$NACL');
  for (const opened of [env, withPassword]) {
    assert.match((await filetao('wallet age-identity --yes', opened)).stdout, /^AGE-SECRET-KEY-1/);
  }
  const hotkey = await filetao('wallet regenerate hotkey --wallet.hotkey m1', {}, phrase);
  assert.equal(hotkey.code, 0, hotkey.stderr);
  assert.match((await filetao('wallet show')).stdout, new RegExp(`hotkey +m1 +${address}`));
});

test('bad input to regenerate and age-identity is one line', async () => {
  const { folder, filetao } = await newHome();
  const plain = { FILETAO_DEBUG: '' };
  const cases: readonly (readonly [string, string | undefined, number, RegExp])[] = [
    ['wallet regenerate', undefined, 2, /pipe the secret phrase, seed or private key to standard input/],
    ['wallet regenerate', ' \n', 2, /pipe the secret phrase/],
    ['wallet regenerate', 'x'.repeat(5000), 2, /longer than 4096 bytes/],
    ['wallet regenerate', 'nothing much', 1, /BIP 39/],
    ['wallet regenerate warmkey', phrase, 2, /Allowed choices are coldkey, hotkey/],
    ['wallet regenerate --public-key 5X', phrase, 2, /address/],
    ['wallet regenerate coldkey bottom drive', phrase, 2, /too many arguments/],
  ];
  for (const [command, input, code, line] of cases) {
    const finished = await filetao(command, plain, input);
    assert.equal(finished.code, code, `${command}: ${finished.stderr}`);
    assert.match(finished.stderr, /^filetao: [^\n]+\n$/, command);
    assert.match(finished.stderr, line, command);
  }
  await assert.rejects(readdir(folder));
  await mkdir(folder, { recursive: true });
  for (const [content, line] of [
    ['$NACLcut', /cut after 8 bytes/],
    ['$ANSIBLE_VAULT;1.1', /old Ansible Vault format.*wallet regenerate$/],
    ['gAAAAABl', /old Fernet format/],
    ['{}', /neither publicKey nor ss58Address/],
  ] as const) {
    await writeFile(join(folder, 'coldkey'), content);
    const finished = await filetao('wallet age-identity --yes', { ...plain, ...withPassword });
    assert.equal(finished.code, 1, content);
    assert.match(finished.stderr, /^filetao: [^\n]+\n$/);
    assert.match(finished.stderr.trimEnd(), line);
  }
});
