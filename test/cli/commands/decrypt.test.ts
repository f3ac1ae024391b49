import assert from 'node:assert/strict';
import { createCipheriv, randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { deriveKey, useCostForTests } from '../../../src/adapters/wallets/argon2-key.js';
import { sealSecretbox } from '../../../src/adapters/wallets/secretbox.js';
import { createWallet, openColdkey } from '../../../src/adapters/wallets/wallet-files.js';
import { toHex, utf8 } from '../../../src/domain/model/bytes.js';
import { type Finished, quickKeysScript, runCli } from '../run-cli.js';

useCostForTests({ passes: 3, memory_bytes: 8192 });

const withPassword = { FILETAO_WALLET_PASSWORD: 'correct horse' };
const plaintext = randomBytes(200_000);
let home = '';
let payload = '';

before(async () => {
  home = await mkdtemp(join(tmpdir(), 'filetao-decrypt-'));
  const path = join(home, '.bittensor/wallets');
  for (const name of ['default', 'other']) {
    await createWallet({ path, name, hotkey: 'h' }, { unencrypted: false, unlock: { env: withPassword } });
  }
  const coldkey = await openColdkey({ path, name: 'default' }, { env: withPassword });
  const key = randomBytes(32);
  const nonce = randomBytes(16);
  const cipher = createCipheriv('aes-256-gcm', key, nonce);
  await writeFile(join(home, 'object'), Buffer.concat([cipher.update(plaintext), cipher.final()]));
  const fields = { aes_key: toHex(key), nonce: toHex(nonce), tag: toHex(cipher.getAuthTag()) };
  const boxNonce = randomBytes(24);
  const sealed = sealSecretbox(
    await deriveKey(toHex(coldkey.secretKey)),
    boxNonce,
    utf8(JSON.stringify(fields)),
  );
  payload = JSON.stringify({ nonce: toHex(boxNonce), ciphertext: toHex(sealed) });
  await writeFile(join(home, 'payload.json'), `${payload}\n`);
});
after(async () => {
  await rm(home, { recursive: true, force: true });
});

const decrypt = (args: readonly string[], env: Record<string, string> = withPassword): Promise<Finished> =>
  runCli(['decrypt', ...args], { home, script: quickKeysScript, env });

test('an object of the reference opens, to a file and to standard output', async () => {
  const toFile = await decrypt(['object', '--payload', payload, '-o', 'out']);
  assert.deepEqual([toFile.code, toFile.stdout, toFile.stderr], [0, 'out\n', '']);
  assert.ok(plaintext.equals(await readFile(join(home, 'out'))));
  for (const args of [['-o', '-'], []]) {
    const piped = await decrypt(['object', '--payload', 'payload.json', ...args]);
    assert.equal(piped.code, 0, piped.stderr);
    assert.equal(piped.stdout, plaintext.toString('utf8'));
  }
});

test('bad input is one line and an exit code; nothing is written or overwritten', async () => {
  await writeFile(join(home, 'taken'), 'mine');
  await writeFile(join(home, 'damaged'), (await readFile(join(home, 'object'))).subarray(1));
  const files = (await readdir(home)).sort();
  const cases: readonly (readonly [string, number, RegExp, Record<string, string>?])[] = [
    ['object', 2, /required option '--payload <json>'/],
    ['none --payload payload.json -o x', 3, /there is no file none/],
    ['object --payload none.json -o x', 2, /neither JSON nor the name of a file/],
    ['object --payload {} -o x', 2, /its nonce is not 24 bytes/],
    ['object --payload object -o x', 2, /the payload is not one of the reference's/],
    ['object --payload payload.json -o taken', 7, /taken exists; nothing was written/],
    ['object --payload payload.json -o no/x', 3, /no such file/],
    ['damaged --payload payload.json -o x', 5, /damaged is not what was encrypted/],
    ['damaged --payload payload.json', 5, /damaged is not what was encrypted/],
    ['. --payload payload.json -o x', 2, /is a folder/],
    ['object --payload payload.json -o x --wallet.name other', 1, /made for another coldkey/],
    ['object --payload payload.json -o x --wallet.name nobody', 3, /no wallet "nobody"/],
    ['object --payload payload.json -o x', 1, /encrypted with a password/, {}],
    ['object --payload payload.json -o x', 1, /is wrong/, { FILETAO_WALLET_PASSWORD: 'wrong guess' }],
  ];
  for (const [command, code, line, env] of cases) {
    const finished = await decrypt(command.split(' '), env);
    assert.equal(finished.code, code, `${command}: ${finished.stderr}`);
    assert.equal(finished.stdout, '', command);
    assert.match(finished.stderr, /^filetao: [^\n]+\n$/, command);
    assert.match(finished.stderr, line, command);
  }
  assert.deepEqual((await readdir(home)).sort(), files);
  assert.equal(await readFile(join(home, 'taken'), 'utf8'), 'mine');
  assert.equal((await stat(join(home, 'out'))).mode & 0o777, 0o600);
});
