// The commands around put and get, as child processes: folders, status, list, renew, delete, ranges, interrupted gets,
// the notice of the terms, configuration, completion.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { createWallet } from '../../../src/adapters/wallets/wallet-files.js';
import { noise, startNode, testFolder } from '../../client/fixtures.js';
import { type Finished, runCli } from '../run-cli.js';

const home = testFolder();
const node = await startNode();
const filetao = (...args: string[]): Promise<Finished> =>
  runCli(args, { home, env: { FILETAO_API_URL: node.url } });

const json = (finished: Finished): Record<string, unknown>[] =>
  finished.stdout
    .trim()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>);

before(async () => {
  const path = join(home, '.bittensor', 'wallets');
  await createWallet({ path, name: 'default', hotkey: 'default' }, { unencrypted: true });
});

test('the terms are told once, and not to whoever accepts them', async () => {
  writeFileSync(join(home, 'x'), 'x');
  const told = join(home, '.filetao', 'terms-accepted.json');
  const accepted = await filetao('store', 'put', '--filepath', 'x', '--accept-terms', '--json');
  assert.equal(accepted.stderr, '');
  rmSync(told);
  const first = await filetao('store', 'put', '--filepath', 'x', '--json');
  assert.match(first.stderr, /^By storing with FileTAO you accept its terms of use: \S+TERMS.md .*\n$/);
  assert.ok(existsSync(/: (\S+TERMS.md)/.exec(first.stderr)![1]!), 'the file it names is there');
  assert.equal((await filetao('store', 'put', '--filepath', 'x', '--json')).stderr, '');
});

test('a folder and files: one line each, what is passed over is told, a failure is partial', async () => {
  mkdirSync(join(home, 'tree', 'sub'), { recursive: true });
  writeFileSync(join(home, 'tree', 'a'), 'a');
  writeFileSync(join(home, 'tree', 'sub', 'b'), noise(100_000));
  execFileSync('mkfifo', [join(home, 'tree', 'pipe')]);
  symlinkSync('a', join(home, 'tree', 'link'));
  const put = await filetao('store', 'put', '--filepath', 'tree', 'x', '--ttl', '2d');
  assert.equal(put.code, 0, put.stderr);
  assert.match(put.stdout, /^bafkrei[a-z2-7]{52} {2}tree\/a$/m);
  assert.match(put.stdout, /^bafkrei[a-z2-7]{52} {2}tree\/sub\/b$/m);
  assert.equal(put.stdout.trim().split('\n').length, 3);
  assert.match(put.stderr, /passed over tree\/link: a symbolic link\n/);
  assert.match(put.stderr, /passed over tree\/pipe: a named pipe\n/);
  assert.match(put.stderr, /stored 3 files, .* 2 passed over\n$/);
  const { cid } = json(await filetao('retrieve', 'list', '--json')).find(
    ({ name }) => name === 'tree/sub/b',
  )!;
  const get = await filetao('retrieve', 'get', '--cid', String(cid), '--storage_basepath', 'back');
  assert.equal(get.stdout, `${join(home, 'back', 'tree', 'sub', 'b')}\n`);
  assert.ok(
    readFileSync(join(home, 'back', 'tree', 'sub', 'b')).equals(readFileSync(join(home, 'tree', 'sub', 'b'))),
  );
  const named = await filetao('store', 'put', '--filepath', 'tree/pipe');
  assert.deepEqual([named.code, named.stdout], [2, '']);
  assert.match(named.stderr, /^filetao: tree\/pipe is a named pipe, not a regular file\n$/);
  assert.equal((await filetao('store', 'put', '--filepath', '-', 'x')).code, 2);
});

test('list, status, renew, delete', async () => {
  writeFileSync(join(home, 'doc'), noise(150_000));
  const cid = (await filetao('store', 'put', '--filepath', 'doc')).stdout.trim();
  node.health = 'degraded';
  const [list, status, renewed, asked] = await Promise.all([
    filetao('r', 'list'),
    filetao('status', cid),
    filetao('renew', cid, '--ttl', '100d', '--json'),
    filetao('delete', cid),
  ]);
  assert.match(list.stdout, new RegExp(`default +doc +150kB +\\S+ +\\S+ +degraded +${cid}`));
  assert.match(status.stdout, /^health +degraded: 3 of 3 pieces have all their replicas$/m);
  assert.match(status.stdout, /^confidence +99.000 %$/m);
  const days = (Number(json(renewed)[0]!.expiry) - Date.now() / 1000) / 86_400;
  assert.ok(days > 99 && days < 101, String(days));
  assert.deepEqual([asked.code, asked.stdout], [2, '']);
  assert.match(asked.stderr, /nobody is there to confirm: add --yes/);
  assert.deepEqual(json(await filetao('delete', cid, '--yes', '--json')), [{ cid, deleted: true }]);
  assert.equal((await filetao('status', cid)).code, 3);
  node.health = 'healthy';
});

test('standard input, without encryption, and a range', async () => {
  const { stdout, stderr } = await runCli(
    ['store', 'put', '--filepath', '-', '--no-encrypt', '--name', 'digits'],
    {
      home,
      env: { FILETAO_API_URL: node.url },
      input: '0123456789',
    },
  );
  const cid = stdout.trim();
  assert.match(stderr, /^warning: --no-encrypt: whoever learns the CID can read/);
  writeFileSync(join(home, 'digits.txt'), '0123456789');
  const [own, range, toFile, bad, all] = await Promise.all([
    filetao('cid', 'digits.txt'),
    filetao('retrieve', 'get', '--cid', cid, '--range', '3-5'),
    filetao('retrieve', 'get', '--cid', cid, '--range=-2', '-o', 'end', '--json'),
    filetao('retrieve', 'get', '--cid', cid, '--range', '5-3'),
    filetao('retrieve', 'get', '--cid', cid, '-o', '-'),
  ]);
  assert.equal(own.stdout.trim(), cid);
  assert.equal(range.stdout, '345');
  assert.equal(all.stdout, '0123456789');
  assert.equal(readFileSync(join(home, 'end'), 'utf8'), '89');
  assert.deepEqual([json(toFile)[0]!.start, json(toFile)[0]!.end], [8, 10]);
  assert.equal(bad.code, 2);
});

test('Ctrl-C and kill -9 in the middle of a get: the same command goes on', async () => {
  const data = noise(3_000_000);
  writeFileSync(join(home, 'large'), data);
  const cid = (await filetao('store', 'put', '--filepath', 'large')).stdout.trim();
  for (const signal of ['SIGINT', 'SIGKILL'] as const) {
    rmSync(join(home, 'large.copy'), { force: true });
    const state = join(home, 'large.copy.filetao-part.state');
    const piecesKept = (): number =>
      existsSync(state) ? (JSON.parse(readFileSync(state, 'utf8')) as { pieces: number }).pieces : 0;
    let served = 0;
    const stopAtTen = (kill: () => void): void => {
      node.faults.beforePiece = async () => {
        if (++served < 20) return;
        while (piecesKept() < 10) await new Promise((resolve) => setTimeout(resolve, 20));
        kill();
        await new Promise((resolve) => setTimeout(resolve, 500));
      };
    };
    const stopped = await runCli(['retrieve', 'get', '--cid', cid, '-o', 'large.copy'], {
      home,
      env: { FILETAO_API_URL: node.url },
      onStart: (child) => stopAtTen(() => child.kill(signal)),
    });
    if (signal === 'SIGINT') {
      assert.equal(stopped.code, 130);
      assert.match(stopped.stderr, /pieces are kept in .*large.copy.filetao-part: the same command goes on/);
    } else assert.equal(stopped.signal, signal);
    delete node.faults.beforePiece;
    const before = node.served.length;
    const again = await filetao('retrieve', 'get', '--cid', cid, '-o', 'large.copy', '--json');
    const kept = Number(json(again)[0]!.bytesKept);
    assert.ok(kept >= 10 * node.pieceSize, `${kept} bytes were kept`);
    const fetched = node.served.slice(before).reduce((sum, { length }) => sum + length, 0);
    assert.equal(fetched, Number(json(again)[0]!.storedSize) - kept);
    assert.ok(readFileSync(join(home, 'large.copy')).equals(data));
  }
});

test('config shows values and origins, and no secret', async () => {
  writeFileSync(join(home, 'conf.json'), '{"stake_limit": 7, "database": {"redis_password": "hush"}}');
  const [client, validator, wrong, unknown] = await Promise.all([
    filetao('config', '--config', 'conf.json', '--netuid', '33', '--changed', '--json'),
    filetao('config', 'validator', '--config', 'conf.json'),
    filetao('config', '--axon.port', '1'),
    runCli(['config'], { home, env: { FILETAO_STAKE_LIMT: '1' } }),
  ]);
  const rows = json(client).map(({ key, value, source }) => [key, value, source]);
  assert.deepEqual(rows, [
    ['netuid', '33', 'flag'],
    ['api.url', node.url, 'environment'],
    ['stake_limit', '7', 'file'],
  ]);
  assert.match(validator.stdout, /^database.redis_password +\*{8} +file conf.json$/m);
  assert.ok(!`${validator.stdout}${validator.stderr}`.includes('hush'));
  assert.match(wrong.stderr, /--axon.port is no option of client/);
  assert.match(unknown.stderr, /FILETAO_STAKE_LIMT; did you mean FILETAO_STAKE_LIMIT\?/);
  assert.deepEqual([wrong.code, unknown.code], [2, 2]);
});

test('completion in a real bash', async () => {
  const { stdout } = await filetao('completion', 'bash');
  writeFileSync(join(home, 'completion.bash'), stdout);
  writeFileSync(join(home, 'a file'), '');
  const complete = (line: string): string[] => {
    const words = line.split(' ');
    const script = `. ./completion.bash
      COMP_WORDS=(${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length - 1}
      _filetao; printf '%s\\n' "\${COMPREPLY[@]}"; complete -p filetao >/dev/null`;
    const output = execFileSync('bash', ['--norc', '-c', script], { cwd: home, encoding: 'utf8' });
    return output.trim().split('\n');
  };
  assert.deepEqual(complete('filetao st'), ['store', 'status']);
  assert.deepEqual(complete('filetao store '), ['put']);
  assert.deepEqual(complete('filetao s put --file'), ['--filepath']);
  assert.deepEqual(complete('filetao s put --filepath dig'), ['digits.txt']);
  assert.deepEqual(complete('filetao n '), ['miner', 'validator', 'api']);
  assert.deepEqual(complete('filetao retrieve get --cid '), ['']);
  assert.deepEqual(complete('filetao completion f'), ['fish']);
  assert.deepEqual(complete('filetao cid dig'), ['digits.txt']);
  assert.ok(complete('filetao run miner --axon.').includes('--axon.port'));
  for (const shell of ['zsh', 'fish']) assert.match((await filetao('completion', shell)).stdout, /filetao/);
});
