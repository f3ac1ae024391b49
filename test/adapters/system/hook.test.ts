// An operator's script: run as it is, never through a shell, and never for ever.
import assert from 'node:assert/strict';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Hook } from '../../../src/adapters/system/hook.js';
import { temporaryFolder } from '../temporary-folder.js';

async function hookOf(t: TestContext, body: string, timeoutMs = 60_000) {
  const folder = await temporaryFolder(t);
  const path = join(folder, 'script');
  writeFileSync(path, `#!/bin/sh\n${body}\n`);
  chmodSync(path, 0o755);
  const logged: { readonly fields: Readonly<Record<string, unknown>>; readonly good: boolean }[] = [];
  const hook = await Hook.open({
    path,
    timeoutMs,
    log: {
      info: (fields) => void logged.push({ fields, good: true }),
      error: (fields) => void logged.push({ fields, good: false }),
    },
  });
  return { hook, logged, folder, path };
}

test('arguments arrive as they are, one run after another, without secrets in the environment', async (t) => {
  process.env.FILETAO_WALLET_PASSWORD = 'hush';
  t.after(() => delete process.env.FILETAO_WALLET_PASSWORD);
  const { hook, logged, folder } = await hookOf(
    t,
    'echo "$1|$2|$FILETAO_WALLET_PASSWORD" >> "$(dirname "$0")/out"',
  );
  await Promise.all([hook.run(['a b; touch $(whoami)', '`id`']), hook.run(['second', ''])]);
  assert.equal(readFileSync(join(folder, 'out'), 'utf8'), 'a b; touch $(whoami)|`id`|\nsecond||\n');
  assert.deepEqual(
    logged.map(({ good }) => good),
    [true, true],
  );
});

test('one that fails or takes too long is logged and ended', async (t) => {
  const failing = await hookOf(t, 'echo why >&2; exit 3');
  await failing.hook.run([]);
  assert.deepEqual(
    [failing.logged[0]!.good, failing.logged[0]!.fields.code, failing.logged[0]!.fields.output],
    [false, 3, 'why'],
  );
  const slow = await hookOf(t, 'sleep 600', 200);
  await slow.hook.run([]);
  assert.deepEqual([slow.logged[0]!.good, slow.logged[0]!.fields.timeoutMs], [false, 200]);
});

test('what is no executable file is refused at start', async (t) => {
  const { path, folder } = await hookOf(t, '');
  chmodSync(path, 0o644);
  const log = { info() {}, error() {} };
  // Root may not run a file without any x bit either.
  await assert.rejects(Hook.open({ path, timeoutMs: 1, log }), { code: 'config' });
  await assert.rejects(Hook.open({ path: folder, timeoutMs: 1, log }), { code: 'config' });
});
