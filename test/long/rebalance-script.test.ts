// The operator's script (REBALANCE_SCRIPT_PATH) as a validator runs it: a real process, a miner that is killed, a program that is told
// of it. That it fails is logged and ends nothing; that it is missing is said at the start. (What it may do, and for how long:
// test/adapters/system/hook.test.ts.)
import assert from 'node:assert/strict';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { temporaryFolder } from '../adapters/temporary-folder.js';
import { runCli } from '../cli/run-cli.js';
import { eventually } from '../nodes/network.js';
import { startNodeProcess } from '../nodes/processes.js';

const limits = { timeout: 300_000 };
const quick = [
  ...['--neuron.monitor_every', '1', '--monitor.misses', '2', '--neuron.ping_timeout', '1s'],
  ...['--neuron.challenge_every', '0', '--proving.workers', '1'],
];

/** A validator with a script and two miners. */
async function scene(t: TestContext, script: string) {
  const home = await temporaryFolder(t);
  for (const name of ['validator', 'one', 'two'])
    assert.equal(
      (await runCli(['wallet', 'create', '--no-password', '--wallet.name', name], { home })).code,
      0,
    );
  const path = join(home, 'rebalance');
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
  const startMiner = (name: string) =>
    startNodeProcess(t, home, [
      ...['miner', '--wallet.name', name, '--axon.port', '0', '--proving.workers', '1'],
    ]);
  const [one, two] = await Promise.all([startMiner('one'), startMiner('two')]);
  const validator = await startNodeProcess(
    t,
    home,
    ['validator', '--wallet.name', 'validator', '--validator.port', '0', ...quick],
    { REBALANCE_SCRIPT_PATH: path, FILETAO_WALLET_PASSWORD: 'hush' },
  );
  return { home, one, two, validator };
}

test(
  'the script is told who is lost, once, with network and database, and nothing else',
  limits,
  async (t) => {
    const said = '$(dirname "$0")/said';
    const { home, one, two, validator } = await scene(
      t,
      `echo "$#|$1|$2|$3|$FILETAO_WALLET_PASSWORD" >> "${said}"; echo moved`,
    );
    const lines = (): string[] => readFileSync(join(home, 'said'), 'utf8').trim().split('\n');
    await one.end('SIGKILL');
    await eventually(() => validator.logged().includes('a script has run'));
    assert.deepEqual(lines(), [`3|${one.hotkey}|dev|0|`]);
    assert.match(validator.logged(), /"output":"moved"/u);
    // Whoever stays away is not told of again, and the next one is.
    await two.end('SIGKILL');
    await eventually(() => lines().length === 2);
    assert.equal(lines()[1], `3|${two.hotkey}|dev|0|`);
    assert.equal(await validator.end('SIGTERM'), 0);
  },
);

test(
  'a script that fails is logged, and a script that hangs does not outlive its validator',
  limits,
  async (t) => {
    const { home, one, two, validator } = await scene(
      t,
      `here="$(dirname "$0")"; if [ -e "$here/failed" ]; then echo $$ > "$here/pid"; exec sleep 600; fi
touch "$here/failed"; echo "no such disk" >&2; exit 3`,
    );
    await one.end('SIGKILL');
    await eventually(() => validator.logged().includes('a script failed'));
    assert.match(validator.logged(), /"code":3,"output":"no such disk"/u);
    await two.end('SIGKILL');
    const pid = Number(await eventually(() => readIfThere(join(home, 'pid'))));
    process.kill(pid, 0);
    assert.equal(await validator.end('SIGTERM'), 0);
    assert.throws(() => process.kill(pid, 0), { code: 'ESRCH' });
  },
);

function readIfThere(path: string): string | null {
  try {
    return readFileSync(path, 'utf8').trim() || null;
  } catch {
    return null;
  }
}

test(
  'a validator with a script that is not there does not start, and says so in a line',
  limits,
  async (t) => {
    const home = await temporaryFolder(t);
    assert.equal((await runCli(['wallet', 'create', '--no-password'], { home })).code, 0);
    const missing = join(home, 'missing');
    const refused = await runCli(['run', 'validator', '--validator.port', '0'], {
      home,
      env: { REBALANCE_SCRIPT_PATH: missing },
    });
    assert.equal(refused.code, 2);
    assert.match(refused.stderr, /there is no file .*missing: name an executable script\n$/u);
    assert.doesNotMatch(refused.stderr, /\n\s+at /u);
  },
);
