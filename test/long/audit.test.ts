// 100,000 entries stream through an audit with flat memory; how many a second, with real signatures.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { loadCore } from '../../src/adapters/proving/load-core.js';
import { signerFromUri } from '../../src/adapters/wallets/sr25519.js';
import { temporaryFolder } from '../adapters/temporary-folder.js';
import { fastKeys } from '../nodes/simulated/world.js';
import { writeRounds } from './audit-entries.js';

const run = promisify(execFile);
const child = fileURLToPath(new URL('./audit-child.js', import.meta.url));
const core = loadCore();

interface Audited {
  readonly ok: boolean;
  readonly entries: number;
  readonly replicas: number;
  readonly elapsedMs: number;
  readonly peakKib: number;
}

async function audit(path: string, signatures: 'fast' | 'sr25519'): Promise<Audited> {
  const { stdout } = await run(process.execPath, [child, path, signatures]);
  return JSON.parse(stdout) as Audited;
}

test('100,000 entries need no more memory than 10,000', async (context) => {
  const folder = await temporaryFolder(context);
  const { validator, miner } = fastKeys();
  const peaks: number[] = [];
  for (const rounds of [1000, 10_000]) {
    const path = join(folder, `${rounds}.transcript`);
    await writeRounds(path, { core, validator, miner, replicas: 10, rounds });
    const audited = await audit(path, 'fast');
    assert.deepEqual([audited.ok, audited.entries, audited.replicas], [true, 10 * rounds, 10]);
    peaks.push(audited.peakKib);
    context.diagnostic(
      `${audited.entries} entries: ${audited.elapsedMs} ms, peak ${Math.round(audited.peakKib / 1024)} MiB`,
    );
  }
  assert.ok(peaks[1]! < 1.25 * peaks[0]! + 16 * 1024, `peaks ${peaks.join(' and ')} KiB`);
});

test('entries a second with sr25519', async (context) => {
  const path = join(await temporaryFolder(context), 'real.transcript');
  const [validator, miner] = [signerFromUri('//LongValidator'), signerFromUri('//LongMiner')];
  await writeRounds(path, { core, validator, miner, replicas: 10, rounds: 100 });
  const { ok, entries, elapsedMs } = await audit(path, 'sr25519');
  assert.deepEqual([ok, entries], [true, 1000]);
  context.diagnostic(
    `${entries} entries in ${elapsedMs} ms: ${Math.round((1000 * entries) / elapsedMs)} a second`,
  );
});
