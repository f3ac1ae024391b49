// store put, retrieve get, retrieve list and cid as child processes against a node that follows the contract.
import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { createWallet } from '../../../src/adapters/wallets/wallet-files.js';
import { makeCid } from '../../../src/domain/content/cid.js';
import { noise, startNode, testFolder } from '../../client/fixtures.js';
import { type Finished, runCli } from '../run-cli.js';

const home = testFolder();
const node = await startNode();
const filetao = (...args: string[]): Promise<Finished> =>
  runCli(args, { home, env: { FILETAO_API_URL: node.url } });

/** One line on stderr, nothing on stdout, the documented exit code. */
const refused = (finished: Finished, code: number, says: RegExp): void => {
  assert.match(finished.stderr, says);
  assert.equal(finished.stderr.trimEnd().split('\n').length, 1, finished.stderr);
  assert.match(finished.stderr, /^filetao: /);
  assert.equal(finished.stdout, '');
  assert.equal(finished.code, code);
};

/** Two at a time: most of a command is Node's start. */
async function inPairs<Case>(cases: readonly Case[], run: (given: Case) => Promise<void>): Promise<void> {
  for (let i = 0; i < cases.length; i += 2) await Promise.all(cases.slice(i, i + 2).map(run));
}

before(async () => {
  for (const name of ['default', 'bob']) {
    const path = join(home, '.bittensor', 'wallets');
    await createWallet({ path, name, hotkey: 'default' }, { unencrypted: true });
  }
  // The notice of the terms has its own test.
  mkdirSync(join(home, '.filetao'));
  writeFileSync(join(home, '.filetao', 'terms-accepted.json'), '{}');
});

test('put prints the CID alone, get the path alone, and the file is the same', async () => {
  const data = noise(300_000);
  writeFileSync(join(home, 'a photo.jpg'), data);
  const put = await filetao('store', 'put', '--filepath', 'a photo.jpg');
  assert.equal(put.code, 0, put.stderr);
  assert.match(put.stdout, /^bafkrei[a-z2-7]{52}\n$/);
  assert.match(put.stderr, /^stored a photo.jpg: .* 5 pieces on 3 miners each, until \d{4}-\d\d-\d\d\n$/);
  const cid = put.stdout.trim();

  const get = await filetao('retrieve', 'get', '--data_hash', cid);
  assert.equal(get.code, 0, get.stderr);
  const path = join(home, '.filetao', 'storage', 'a photo.jpg');
  assert.equal(get.stdout, `${path}\n`);
  assert.match(get.stderr, /verified, put by 5\w{47}\n$/);
  assert.ok(readFileSync(path).equals(data));
  refused(await filetao('retrieve', 'get', '--cid', cid), 7, /exists: choose another name with -o/);

  const json = await filetao('retrieve', 'get', '--cid', cid, '-o', 'copy', '--json');
  assert.equal(json.stderr, '');
  assert.deepEqual(Object.keys(JSON.parse(json.stdout)), [
    'cid',
    'path',
    'size',
    'storedSize',
    'owner',
    'encrypted',
    'expiry',
    'bytesKept',
  ]);
  assert.ok(readFileSync(join(home, 'copy')).equals(data));

  const list = await filetao('retrieve', 'list');
  assert.match(list.stdout, /^Wallet Name +Filename +Size +Stored +Expires +Health +Data Hash\n/);
  assert.match(list.stdout, new RegExp(`default +a photo.jpg +300kB +\\S+ +\\S+ +healthy +${cid}\n`));
  const [row] = (await filetao('retrieve', 'list', '--json')).stdout.trim().split('\n');
  assert.equal(JSON.parse(row!).cid, cid);
  assert.match((await filetao('r', 'list', '--wallet.name', 'bob')).stderr, /nothing was stored/);
});

test('an empty file, --json, and the same put again', async () => {
  writeFileSync(join(home, 'empty'), '');
  const first = await filetao('store', 'put', '--filepath', 'empty', '--json');
  const { cid, size, bytesSent } = JSON.parse(first.stdout) as Record<string, unknown>;
  assert.equal(first.stderr, '');
  assert.equal(size, 0);
  assert.ok(Number(bytesSent) > 0);
  const second = JSON.parse((await filetao('s', 'put', '--filepath', 'empty', '--json')).stdout);
  assert.deepEqual([second.cid, second.bytesSent], [cid, 0]);
  const get = await filetao('retrieve', 'get', '--data_hash', String(cid), '-o', '-');
  assert.deepEqual([get.code, get.stdout, get.stderr], [0, '', '']);
});

test('bytes go to standard output', async () => {
  writeFileSync(join(home, 'text'), 'line\n'.repeat(50_000));
  const cid = (await filetao('store', 'put', '--filepath', 'text')).stdout.trim();
  const get = await filetao('retrieve', 'get', '--data_hash', cid, '-o', '-');
  assert.equal(get.stdout, 'line\n'.repeat(50_000));
});

test('cid prints the CID of the bytes alone', async () => {
  writeFileSync(join(home, 'abc'), 'abc');
  const { stdout } = await filetao('cid', 'abc');
  assert.equal(stdout, 'bafkreif2pall7dybz7vecqka3zo24irdwabwdi4wc55jznaq75q7eaavvu\n');
  refused(await filetao('cid', 'nothing'), 3, /there is no file nothing/);
  refused(await filetao('cid', '.'), 2, /is a directory/);
});

test('bad input to put', async () => {
  mkdirSync(join(home, 'folder'), { recursive: true });
  writeFileSync(join(home, 'locked'), 'x');
  chmodSync(join(home, 'locked'), 0);
  refused(await filetao('store', 'put', '--filepath', 'nothing'), 3, /there is no file nothing/);
  if (process.getuid?.() !== 0) {
    refused(await filetao('store', 'put', '--filepath', 'locked'), 1, /permissions/);
  }
  refused(await filetao('store', 'put'), 2, /--filepath/);
  refused(await filetao('store', 'put', '--filepath', 'x', '--api.url', 'nonsense'), 2, /is not a URL/);
  refused(await filetao('store', 'put', '--filepath', 'x', '--wallet.name', 'nobody'), 3, /nobody/);
  writeFileSync(join(home, 'x'), 'x');
  refused(
    await filetao('store', 'put', '--filepath', 'x', '--netuid', '5'),
    1,
    /subnet 21, not on dev, subnet 5/,
  );
});

test('bad input to get leaves nothing behind', async () => {
  writeFileSync(join(home, 'secret'), 'mine');
  const cid = (await filetao('store', 'put', '--filepath', 'secret')).stdout.trim();
  const before = readdirSync(home).sort();
  const cases: readonly [readonly string[], number, RegExp][] = [
    [['--data_hash', makeCid('unknown'), '-o', 'out'], 3, /no object/],
    [['--data_hash', '../x', '-o', 'out'], 2, /is not a CID/],
    [[], 2, /--data_hash CID/],
    [['--data_hash', cid, '-o', 'out', '--wallet.name', 'bob'], 1, /wallet 'bob' cannot decrypt/],
    [['--data_hash', cid, '-o', 'no/such/out'], 3, /no folder/],
  ];
  await inPairs(cases, async ([args, code, says]) =>
    refused(await filetao('retrieve', 'get', ...args), code, says),
  );
  node.faults.spoil = (_, piece) => piece.map((byte, i) => (i === piece.length - 1 ? byte ^ 1 : byte));
  refused(await filetao('retrieve', 'get', '--data_hash', cid, '-o', 'out'), 5, /is damaged: piece 0 of 1/);
  delete node.faults.spoil;
  assert.deepEqual(readdirSync(home).sort(), before);
  assert.ok(!existsSync(join(home, 'out')));
});

test('a node that is not there is named, within seconds', async () => {
  const started = Date.now();
  const args = ['store', 'put', '--filepath', 'abc', '--api.url', 'http://127.0.0.1:9'];
  refused(await filetao(...args), 6, /no API node at http:\/\/127.0.0.1:9 \(ECONNREFUSED\): start one with/);
  assert.ok(Date.now() - started < 30_000);
});

test('Ctrl-C ends a put with 130, kill -9 without a word; the next put goes on', async () => {
  for (const signal of ['SIGINT', 'SIGKILL'] as const) {
    writeFileSync(join(home, 'large'), noise(2_000_000));
    let child: ChildProcess | null = null;
    const before = node.puts;
    node.faults.beforePut = async (index) => {
      if (index === before + 8) child?.kill(signal);
      // Not confirmed later either, or the next put might send what is confirmed in that very moment.
      if (index >= before + 8) throw 'hang up';
    };
    const finished = await runCli(['store', 'put', '--filepath', 'large'], {
      home,
      env: { FILETAO_API_URL: node.url },
      onStart: (started) => {
        child = started;
      },
    });
    if (signal === 'SIGINT') refused(finished, 130, /the same command goes on/);
    else assert.equal(finished.signal, signal);
    delete node.faults.beforePut;
    const again = node.bytesReceivedAgain;
    const next = JSON.parse((await filetao('store', 'put', '--filepath', 'large', '--json')).stdout);
    assert.ok(next.bytesSkipped > 0);
    assert.equal(node.bytesReceivedAgain, again);
  }
});
