// `filetao doctor` as a program, on a machine with nothing set up and on one with a wallet and a chain.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { openDevChain } from '../../../src/adapters/chain/dev/dev-chain.js';
import { systemClock } from '../../../src/adapters/system/clock.js';
import type { Finding } from '../../../src/tools/maintenance/doctor.js';
import { temporaryFolder } from '../../adapters/temporary-folder.js';
import { type Finished, runCli } from '../run-cli.js';

const checks = ['system', 'core', 'speed', 'memory', 'disk', 'wallet', 'chain'];

function findingsOf({ stdout }: Finished): { ok: boolean; by: Record<string, Finding> } {
  const { ok, findings } = JSON.parse(stdout) as { ok: boolean; findings: Finding[] };
  assert.deepEqual(
    findings.map(({ check }) => check),
    checks,
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
  assert.deepEqual(readdirSync(home), []);
});

test('with a wallet and a chain, and a forced build', async (t) => {
  const home = await temporaryFolder(t);
  assert.equal((await runCli(['wallet', 'create', '--no-password'], { home })).code, 0);
  const chain = await openDevChain({ directory: join(home, '.filetao', 'dev-chain'), clock: systemClock });
  await chain.close();
  const data = join(home, 'data');
  mkdirSync(data);
  const args = ['doctor', '--database.directory', data];
  const { by } = findingsOf(await runCli([...args, '--json'], { home, env: { FILETAO_CORE: 'simd' } }));
  for (const check of ['disk', 'wallet', 'chain']) assert.equal(by[check]!.level, 'ok', by[check]!.text);
  assert.deepEqual([by.core!.level, by.core!.values.build, by.core!.values.forced], ['note', 'simd', 'simd']);
  assert.deepEqual(readdirSync(data), []);
  const text = await runCli(args, { home });
  assert.equal(text.code, 0);
  for (const check of checks) assert.match(text.stdout, new RegExp(`^[✓·✗] ${check}\\b`, 'mu'));
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
