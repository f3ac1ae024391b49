// Which build is loaded: what the machine can run, unless FILETAO_CORE says otherwise.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { CoreUnavailableError, chooseBuild, loadCore } from '../../../src/adapters/proving/load-core.js';
import { hasFusedMultiplyAdd, hasRelaxedSimd, probeBuild } from '../../../src/domain/core/probe.js';

const loader = new URL('../../../src/adapters/proving/load-core.js', import.meta.url).href;

function inNewProcess(forced: string | undefined, flags: string[] = []): { out: string; error: string } {
  const script = `
    import { loadCore } from ${JSON.stringify(loader)};
    try {
      const core = loadCore();
      console.log(core.build, Buffer.from(core.hash(new Uint8Array(0))).toString('hex'));
    } catch (error) {
      console.log(error.code);
    }`;
  const child = spawnSync(process.execPath, [...flags, '--input-type=module', '-e', script], {
    env: { ...process.env, FILETAO_CORE: forced },
    encoding: 'utf8',
  });
  return { out: child.stdout.trim(), error: child.stderr };
}

const EMPTY = 'af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262';

test('the probe agrees with itself, and the chosen build loads in silence', () => {
  const build = chooseBuild('');
  assert.equal(probeBuild(), build);
  assert.equal(hasFusedMultiplyAdd(), build === 'fma');
  if (build === 'fma') assert.ok(hasRelaxedSimd());
  assert.deepEqual(inNewProcess(undefined), { out: `${build} ${EMPTY}`, error: '' });
  assert.deepEqual(inNewProcess(''), { out: `${build} ${EMPTY}`, error: '' });
});

test('FILETAO_CORE forces a build, or fails where it cannot run', () => {
  assert.deepEqual(inNewProcess('simd'), { out: `simd ${EMPTY}`, error: '' });
  if (chooseBuild('') === 'fma') assert.deepEqual(inNewProcess('fma'), { out: `fma ${EMPTY}`, error: '' });
  else assert.deepEqual(inNewProcess('fma'), { out: 'core-unavailable', error: '' });
  assert.equal(inNewProcess('avx').out, 'core-unavailable');
  assert.throws(() => chooseBuild('FMA'), CoreUnavailableError);
});

test('without fused multiply-add the plain build is chosen, and fma refused', () => {
  // On a processor without FMA3 relaxed multiply-add rounds twice; V8 can be told that this is one.
  const flags = ['--no-enable-fma3'];
  assert.equal(inNewProcess(undefined, flags).out, `simd ${EMPTY}`);
  assert.equal(inNewProcess('fma', flags).out, 'core-unavailable');
});

test('cores do not share memory', () => {
  const one = loadCore();
  const other = loadCore();
  const hasher = one.createHasher({ kind: 'hash' }).update(new Uint8Array(100_000));
  other.hash(new Uint8Array(100_000).fill(1));
  assert.deepEqual(hasher.digest(), other.hash(new Uint8Array(100_000)));
});
