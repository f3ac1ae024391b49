// `npm run bench` as a program: what its JSON holds, and what it says to a suite it does not have.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { ResultLine, RunResults } from '../../bench/frame/results.js';
import { chooseBuild } from '../../src/adapters/proving/load-core.js';
import { temporaryFolder } from '../adapters/temporary-folder.js';
import { runCli } from '../cli/run-cli.js';

const script = fileURLToPath(new URL('../../bench/main.js', import.meta.url));

test('a quick run leaves JSON, charts and a table', async (t) => {
  const home = await temporaryFolder(t);
  const [json, plots] = [join(home, 'bench.json'), join(home, 'plots')];
  const args = ['--quick', 'hash', 'commit', '--json', json, '--plot', plots];
  const { code, stdout, stderr } = await runCli(args, { home, script });
  assert.equal(code, 0, stderr);
  for (const line of stdout.split('\n').slice(1)) assert.ok(line.length <= 100, line);
  assert.match(stdout, /commit, batch 4096 .*70×|commit, batch 4096 .*90×|simd/u);
  const run = JSON.parse(readFileSync(json, 'utf8')) as RunResults;
  assert.equal(run.node, process.version);
  assert.equal(run.core, chooseBuild(''));
  assert.equal(run.quick, true);
  assert.ok(run.cpu.length > 0 && !Number.isNaN(Date.parse(run.date)));
  const keys = ['suite', 'case', 'impl', 'unit', 'median', 'min', 'max', 'passes'];
  for (const line of [...run.results, ...run.cpuTime]) {
    assert.deepEqual(Object.keys(line), keys);
    assert.ok(line.min > 0 && line.min <= line.median && line.median <= line.max, JSON.stringify(line));
    assert.ok(line.passes >= 5);
  }
  const implsOf = (suite: string, name: string): string[] =>
    run.results
      .filter((line: ResultLine) => line.suite === suite && line.case === name)
      .map(({ impl }) => impl);
  for (const name of ['64 KiB', '64 x 1 KiB']) {
    const impls = implsOf('hash', name);
    for (const impl of [
      'filetao',
      'filetao simd',
      'hash-wasm blake3',
      '@noble/hashes blake3',
      'node:crypto sha256',
    ])
      assert.ok(impls.includes(impl), `${impl} in ${impls.join(', ')}`);
  }
  for (const name of ['batch 4096', 'batch 64', 'one']) {
    const impls = implsOf('commit', name);
    for (const impl of [
      'filetao',
      'filetao simd',
      '@noble/curves ristretto255',
      'libsodium-wrappers-sumo ristretto255',
      'tiny-secp256k1 secp256k1',
    ])
      assert.ok(impls.includes(impl), `${impl} in ${impls.join(', ')}`);
  }
  assert.ok(run.results.every(({ unit }) => unit.endsWith('/s')));
  assert.deepEqual(readdirSync(plots).sort(), ['commit.svg', 'hash.svg']);
});

test('an unknown suite is a usage error that names the suites', async (t) => {
  const home = await temporaryFolder(t);
  for (const args of [['hsh'], ['--profile', 'hsh'], ['--wrong']]) {
    const { code, stdout, stderr } = await runCli(args, { home, script });
    assert.deepEqual([code, stdout], [2, '']);
    assert.match(stderr, /^bench: .+\n$/u);
  }
  assert.equal((await runCli(['--help'], { home, script })).code, 0);
});
