// `filetao doctor` as a program, on a machine with nothing set up and on one with a wallet and a chain.
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { chmodSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { openDevChain } from '../../../src/adapters/chain/dev/dev-chain.js';
import { systemClock } from '../../../src/adapters/system/clock.js';
import { checkNames, type Finding } from '../../../src/tools/doctor/finding.js';
import { temporaryFolder } from '../../adapters/temporary-folder.js';
import { type Finished, runCli } from '../run-cli.js';

function findingsOf({ stdout }: Finished): { ok: boolean; by: Record<string, Finding> } {
  const { ok, findings } = JSON.parse(stdout) as { ok: boolean; findings: Finding[] };
  assert.deepEqual(
    findings.map(({ check }) => check),
    [...checkNames],
  );
  for (const { level, remedy } of findings) assert.equal(remedy === undefined, level === 'ok');
  return { ok, by: Object.fromEntries(findings.map((finding) => [finding.check, finding])) };
}

test('on a machine with nothing set up it says what is missing, and makes nothing', async (t) => {
  const home = await temporaryFolder(t);
  const finished = await runCli(['doctor', '--json'], { home });
  const { ok, by } = findingsOf(finished);
  assert.deepEqual([finished.code, ok, finished.stderr], [0, true, '']);
  assert.equal(by.system!.values.node, process.version);
  assert.ok(['fma', 'simd'].includes(by.core!.values.build as string));
  assert.ok((by.speed!.values.commitsPerSecond as number) > 100);
  assert.ok((by.memory!.values.perWorker as number) > 2 ** 20);
  assert.ok((by.disk!.values.free as number) > 0);
  assert.match(by.wallet!.remedy!, /^filetao wallet create/u);
  assert.equal(by.chain!.values.exists, false);
  assert.equal(by.index!.values.backend, 'lmdb');
  assert.equal(by.clock!.values.server, null);
  const { cores, coresLeast, ramLeast, diskBetter } = by.compute!.values;
  assert.ok((cores as number) > 0);
  assert.deepEqual([coresLeast, ramLeast, diskBetter], [4, 64e9, 1e13], 'the figures asked of a miner');
  assert.deepEqual(readdirSync(home), []);
});

test('with a wallet and a chain, and a forced build', async (t) => {
  const home = await temporaryFolder(t);
  assert.equal((await runCli(['wallet', 'create', '--no-password'], { home })).code, 0);
  const chain = await openDevChain({ directory: join(home, '.filetao', 'dev-chain'), clock: systemClock });
  await chain.close();
  const data = join(home, 'data');
  mkdirSync(data, { mode: 0o700 });
  const args = ['doctor', '--database.directory', data];
  const { by } = findingsOf(await runCli([...args, '--json'], { home, env: { FILETAO_CORE: 'simd' } }));
  for (const check of ['disk', 'index', 'wallet', 'chain', 'clock'])
    assert.equal(by[check]!.level, 'ok', by[check]!.text);
  assert.deepEqual([by.core!.level, by.core!.values.build, by.core!.values.forced], ['note', 'simd', 'simd']);
  assert.deepEqual(readdirSync(data), []);
  const text = await runCli(args, { home });
  assert.equal(text.code, 0);
  for (const check of checkNames) assert.match(text.stdout, new RegExp(`^[✓·✗] ${check}\\b`, 'mu'));
  assert.ok(existsSync(data));
});

test('a problem is an exit code, and the other checks go on', async (t) => {
  const home = await temporaryFolder(t);
  const finished = await runCli(['doctor', '--json'], { home, env: { FILETAO_CORE: 'fast' } });
  const { ok, by } = findingsOf(finished);
  assert.deepEqual(
    [finished.code, ok, by.core!.level, by.core!.remedy],
    [1, false, 'problem', 'unset FILETAO_CORE'],
  );
  assert.ok((by.disk!.values.free as number) > 0);
});

test('what others may read, a port that is taken, a clock that is off, a Redis that is away', async (t) => {
  const home = await temporaryFolder(t);
  assert.equal((await runCli(['wallet', 'create', '--no-password'], { home })).code, 0);
  chmodSync(join(home, '.bittensor/wallets/default/hotkeys/default'), 0o644);
  const taken = createServer().listen(0, '127.0.0.1');
  const offMs = 45_000;
  // a time server (RFC 4330) that is ahead
  const time = createSocket('udp4').bind(0, '127.0.0.1');
  time.on('message', (question, { port, address }) => {
    const answer = Buffer.alloc(48);
    answer[0] = 0x24;
    answer[1] = 2;
    question.copy(answer, 24, 40, 48);
    for (const at of [32, 40])
      answer.writeUInt32BE(Math.round((Date.now() + offMs) / 1000) + 2_208_988_800, at);
    time.send(answer, port, address);
  });
  t.after(() => {
    taken.close();
    time.close();
  });
  await Promise.all([taken, time].map((one) => new Promise((resolve) => one.once('listening', resolve))));
  const port = String((taken.address() as { port: number }).port);
  const ntp = `127.0.0.1:${time.address().port}`;
  const redis = 'redis://:secret-word@127.0.0.1:1/0';
  const args = ['doctor', '--json', '--axon.port', port, '--ntp', ntp, '--database.url', redis];
  const finished = await runCli(args, { home });
  const { ok, by } = findingsOf(finished);
  assert.deepEqual([finished.code, ok], [1, false]);
  assert.match(by.wallet!.remedy!, /^chmod 600 .*hotkeys\/default$/u);
  assert.deepEqual([by.ports!.level, by.ports!.values.state], ['problem', 'taken']);
  const offset = by.clock!.values.offsetMs as number;
  assert.ok(Math.abs(offset - offMs) < 5000, String(offset));
  assert.equal(by.clock!.level, 'problem');
  assert.deepEqual([by.index!.level, by.index!.values.backend], ['problem', 'redis']);
  assert.doesNotMatch(finished.stdout, /secret-word/u);
});

test('a data folder that is a file, a key file that is damaged, and one that is only encrypted', async (t) => {
  const home = await temporaryFolder(t);
  assert.equal((await runCli(['wallet', 'create', '--no-password'], { home })).code, 0);
  const keyfile = join(home, '.bittensor/wallets/default/hotkeys/other');
  writeFileSync(join(home, 'data'), '');
  writeFileSync(keyfile, '{"accountId": "0x', { mode: 0o600 });
  const args = [
    'doctor',
    '--json',
    '--wallet.hotkey',
    'other',
    '--database.directory',
    join(home, 'data', 'miner'),
  ];
  const { by } = findingsOf(await runCli(args, { home }));
  assert.deepEqual(
    [by.disk!.level, by.disk!.text],
    ['problem', `${join(home, 'data')} is a file, where a folder is to be`],
  );
  assert.equal(by.wallet!.level, 'problem');
  assert.match(by.wallet!.text, /hotkeys\/other/u);
  assert.match(
    by.wallet!.remedy!,
    /filetao wallet regenerate hotkey --wallet.name default --wallet.hotkey other$/u,
  );
  writeFileSync(keyfile, '$NACL and what only a password opens');
  const encrypted = findingsOf(await runCli(args, { home })).by.wallet!;
  assert.deepEqual([encrypted.level, encrypted.values.address], ['ok', null]);
});

test('for the other roles, and options that are not theirs', async (t) => {
  const home = await temporaryFolder(t);
  const { by } = findingsOf(await runCli(['doctor', 'validator', '--json'], { home }));
  assert.deepEqual([by.compute!.values.role, by.compute!.values.coresLeast], ['validator', 8]);
  const env = { FILETAO_API_PORT: '0' };
  assert.equal(
    findingsOf(await runCli(['doctor', 'api', '--json'], { home, env })).by.ports!.values.state,
    'any',
  );
  const refused = await runCli(['doctor', 'api', '--axon.port', '1'], { home });
  assert.deepEqual([refused.code, refused.stdout], [2, '']);
  assert.match(refused.stderr, /axon\.port is no option/u);
});
