import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type Finished, runCli } from '../run-cli.js';

let root = '';
let homes = 0;
before(async () => {
  root = await mkdtemp(join(tmpdir(), 'filetao-wallet-cli-'));
});
after(async () => {
  await rm(root, { recursive: true, force: true });
});

async function newHome(): Promise<{
  home: string;
  filetao: (command: string, env?: Record<string, string>) => Promise<Finished>;
}> {
  const home = join(root, `home${homes++}`);
  await mkdir(home);
  return { home, filetao: (command, env = {}) => runCli(command.split(' ').filter(Boolean), { home, env }) };
}

const address = /5[1-9A-HJ-NP-Za-km-z]{47}/g;

test('create, show and list: addresses and places, never a secret', async () => {
  const { home, filetao } = await newHome();
  const created = await filetao('wallet create --no-password');
  assert.equal(created.code, 0, created.stderr);
  assert.equal(created.stderr, '');
  const folder = join(home, '.bittensor/wallets/default');
  const coldkey = JSON.parse(await readFile(join(folder, 'coldkey'), 'utf8'));
  const hotkey = JSON.parse(await readFile(join(folder, 'hotkeys/default'), 'utf8'));
  assert.deepEqual(created.stdout.match(address), [coldkey.ss58Address, hotkey.ss58Address]);
  assert.ok(created.stdout.includes(join(folder, 'coldkey')));

  const shown = await filetao('wallet show --json');
  assert.equal(
    shown.stdout,
    `{"name":"default","coldkey":{"ss58Address":"${coldkey.ss58Address}"},"hotkeys":[{"name":"default","ss58Address":"${hotkey.ss58Address}"}]}\n`,
  );
  const listed = await filetao('wallet list --json');
  assert.equal(listed.stdout, shown.stdout);
  const texts = await Promise.all([filetao('wallet show'), filetao('wallet list')]);
  for (const { stdout } of texts)
    assert.deepEqual(stdout.match(address), [coldkey.ss58Address, hotkey.ss58Address]);

  const printed = [created, shown, listed, ...texts].map(({ stdout, stderr }) => stdout + stderr).join('');
  for (const { secretPhrase, secretSeed, privateKey } of [coldkey, hotkey]) {
    const secrets = [secretPhrase, secretSeed.slice(2), privateKey.slice(2)];
    for (const secret of secrets) assert.ok(!printed.includes(secret));
    assert.ok(!printed.includes(secretPhrase.split(' ').slice(0, 3).join(' ')));
  }
});

test('dotted flags, environment and file choose the wallet, in this order', async () => {
  const { home, filetao } = await newHome();
  const created = await filetao(
    'wallet create --no-password --json --wallet.path w --wallet.name alice --wallet.hotkey m1',
  );
  const json = JSON.parse(created.stdout);
  assert.deepEqual(Object.keys(json), ['name', 'coldkey', 'hotkey']);
  assert.equal(json.coldkey.file, join(home, 'w/alice/coldkey'));
  assert.equal(json.hotkey.file, join(home, 'w/alice/hotkeys/m1'));
  assert.equal(json.coldkey.created, true);

  await mkdir(join(home, '.filetao'));
  await writeFile(
    join(home, '.filetao/config.json'),
    '{"wallet": {"path": "../w", "name": "nobody"}, "axon.port": 1}',
  );
  assert.match((await filetao('wallet show')).stderr, /no wallet "nobody" in .*\/w;/);
  const env = { FILETAO_WALLET_NAME: 'alice' };
  assert.equal((await filetao('wallet show', env)).code, 0);
  assert.match((await filetao('wallet show --wallet.name bob', env)).stderr, /no wallet "bob"/);
  await writeFile(join(home, 'other.json'), '{"wallet.path": "w", "wallet.name": "alice"}');
  assert.equal((await filetao('wallet show --config other.json')).code, 0);
  assert.equal((await filetao('wallet show', { FILETAO_CONFIG: 'other.json' })).code, 0);
});

test('a second hotkey needs no --no-password; the same one again changes nothing', async () => {
  const { home, filetao } = await newHome();
  await filetao('wallet create --no-password');
  const file = join(home, '.bittensor/wallets/default/hotkeys/default');
  const content = await readFile(file, 'utf8');
  const again = await filetao('wallet create --no-password');
  assert.equal(again.code, 7);
  assert.match(
    again.stderr,
    /^filetao: wallet "default" already has a hotkey "default" .*nothing was changed.*\n$/,
  );
  assert.equal(await readFile(file, 'utf8'), content);
  const second = await filetao('wallet create --wallet.hotkey m1');
  assert.equal(second.code, 0, second.stderr);
  assert.match(second.stdout, /^Added hotkey "m1" to wallet "default"/);
});

test('bad input is one line that says what to do, and a documented exit code', async () => {
  const { home, filetao } = await newHome();
  const cases: readonly (readonly [string, number, RegExp, Record<string, string>?])[] = [
    ['wallet create', 2, /run this at a terminal, give it in FILETAO_WALLET_PASSWORD, or .* --no-password$/],
    ['wallet show', 3, /there is no wallet "default" .*: filetao wallet create$/],
    ['wallet show --wallet.nmae x', 2, /unknown option '--wallet.nmae' \(Did you mean --wallet.name\?\)/],
    ['wallet show --wallet.name ../x', 2, /--wallet.name "..\/x" cannot be a wallet/],
    [
      'wallet show',
      2,
      /FILETAO_WALLET_NMAE; did you mean FILETAO_WALLET_NAME\?/,
      { FILETAO_WALLET_NMAE: 'x' },
    ],
    ['wallet show --config none.json', 3, /no configuration file none.json/],
    ['wallet show extra', 2, /too many arguments/],
    ['wallet show --wallet.name', 2, /argument missing/],
    ['walet', 2, /unknown command 'walet' \(Did you mean wallet\?\)/],
    ['wallet crate', 2, /unknown command 'crate' \(Did you mean create\?\)/],
    ['--nonsense', 2, /unknown option '--nonsense'/],
  ];
  const results = await Promise.all(cases.map(([command, , , env]) => filetao(command, env)));
  for (const [i, [command, code, line]] of cases.entries()) {
    const result = results[i]!;
    assert.equal(result.code, code, `${command}: ${result.stderr}`);
    assert.equal(result.stdout, '', command);
    assert.match(result.stderr, /^filetao: [^\n]+\n$/, command);
    assert.match(result.stderr.trimEnd(), line, command);
  }
  await assert.rejects(stat(join(home, '.bittensor')));
});

test('an encrypted coldkey is shown by its public file; one damaged wallet does not hide the others', async () => {
  const { home, filetao } = await newHome();
  await filetao('wallet create --no-password --wallet.name good');
  await filetao('wallet create --no-password --wallet.name locked');
  await filetao('wallet create --no-password --wallet.name broken');
  const wallets = join(home, '.bittensor/wallets');
  await writeFile(join(wallets, 'locked/coldkey'), '$NACLxxxx');
  await writeFile(join(wallets, 'broken/coldkeypub.txt'), '{');
  assert.equal((await filetao('wallet show --wallet.name locked')).stdout.match(address)?.length, 2);
  const listed = await filetao('wallet list --json');
  assert.deepEqual(
    listed.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).name),
    ['good', 'locked'],
  );
  assert.equal(listed.code, 4);
  assert.match(listed.stderr, /broken\/coldkeypub.txt is not a usable key file: it is not JSON\n$/);
});

test('help and version', async () => {
  const { filetao } = await newHome();
  const version = await filetao('--version');
  const manifest = JSON.parse(await readFile(new URL('../../../../package.json', import.meta.url), 'utf8'));
  assert.deepEqual([version.stdout, version.code], [`${manifest.version}\n`, 0]);
  for (const command of ['', '--help', 'help', 'wallet --help', 'wallet create --help']) {
    const { code, stdout, stderr } = await filetao(command);
    assert.deepEqual([code, stderr], [0, ''], command);
    assert.match(stdout, /^Usage: filetao/);
  }
  const help = (await filetao('wallet create --help')).stdout;
  for (const part of ['Wallet:', '--wallet.name <name>', '--config <file>', '--no-password'])
    assert.ok(help.includes(part));
  assert.ok(!help.includes('--logging'));
  const group = await filetao('wallet');
  assert.equal(group.code, 2);
  assert.match(group.stderr, /^Usage: filetao wallet/);
});

test('an empty folder of wallets is no error and says how to begin', async () => {
  const { filetao } = await newHome();
  const { code, stdout, stderr } = await filetao('wallet list');
  assert.deepEqual([code, stdout], [0, '']);
  assert.match(stderr, /no wallets in .*; create one with: filetao wallet create\n$/);
});
