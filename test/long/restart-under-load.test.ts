// A miner that is ended by SIGTERM and started again, over and over, while rounds are held on all its replicas without a pause:
// what is under way is finished, what comes meanwhile is told to ask again, and no round fails or is void. The miners undertake little,
// so that deadlines (26 s for a piece of 16 MiB) are longer than a start takes on a machine with much else to do.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { temporaryFolder } from '../adapters/temporary-folder.js';
import { mainScript, runCli } from '../cli/run-cli.js';
import { eventually } from '../nodes/network.js';
import { startNodeProcess } from '../nodes/processes.js';

const restarts = 6;

test('rounds under load while a miner is restarted: none fails', { timeout: 1_200_000 }, async (t) => {
  const home = await temporaryFolder(t);
  for (const name of ['default', 'validator', 'one', 'two'])
    assert.equal(
      (await runCli(['wallet', 'create', '--no-password', '--wallet.name', name], { home })).code,
      0,
    );
  const few = ['--proving.workers', '1'];
  const slow = ['--miner.rate', '1MiB'];
  const startMiner = (name: string, port: number) =>
    startNodeProcess(t, home, ['miner', '--wallet.name', name, '--axon.port', String(port), ...few, ...slow]);
  const copies = ['--neuron.replicas', '2', '--neuron.piece_size', '16MiB'];
  const [validator, api, one, two] = await Promise.all([
    startNodeProcess(t, home, [
      'validator',
      '--wallet.name',
      'validator',
      '--validator.port',
      '0',
      '--neuron.challenge_every',
      '0',
      ...few,
      ...copies,
    ]),
    startNodeProcess(t, home, ['api', '--wallet.name', 'validator', '--api.port', '0', ...few, ...copies]),
    startMiner('one', 0),
    startMiner('two', 0),
  ]);
  writeFileSync(join(home, 'file'), randomBytes(40 * 1024 * 1024));
  const env = { FILETAO_API_URL: `http://127.0.0.1:${api.address.port}` };
  const put = await runCli(['store', 'put', '--filepath', 'file'], { home, env });
  assert.equal(put.code, 0, put.stderr);

  const counts: Record<string, number> = { pass: 0, fail: 0, void: 0 };
  const bad: string[] = [];
  const challenge: ChildProcess = spawn(
    process.execPath,
    [
      mainScript,
      'challenge',
      '--wallet.name',
      'validator',
      '--validator.port',
      String(validator.address.port),
      '--rounds',
      '1000',
      '--json',
    ],
    { cwd: home, env: { PATH: process.env.PATH ?? '', HOME: home }, stdio: ['ignore', 'pipe', 'inherit'] },
  );
  t.after(() => challenge.kill('SIGKILL'));
  createInterface({ input: challenge.stdout! }).on('line', (line) => {
    const { outcome } = JSON.parse(line) as { outcome?: string };
    if (outcome === undefined) return;
    counts[outcome] = (counts[outcome] ?? 0) + 1;
    if (outcome !== 'pass') bad.push(line);
  });
  let running = one;
  for (let i = 0; i < restarts; i++) {
    const before = counts.pass!;
    await eventually(() => counts.pass! >= before + 8 || bad.length > 0);
    assert.equal(await running.end('SIGTERM'), 0, running.logged());
    assert.match(running.logged(), /"stopped"/);
    running = await startMiner('one', one.address.port);
  }
  const before = counts.pass!;
  await eventually(() => counts.pass! >= before + 8 || bad.length > 0);
  t.diagnostic(`${restarts} restarts: ${JSON.stringify(counts)}`);
  assert.deepEqual(bad, []);
  assert.ok(counts.pass! > 8 * restarts);
  assert.equal(two.child.exitCode, null);
});
