import assert from 'node:assert/strict';
import { test } from 'node:test';
import { temporaryFolder } from '../../adapters/temporary-folder.js';
import { runCli } from '../run-cli.js';

test('filetao attack: table, JSON, exit codes', async (context) => {
  const home = await temporaryFolder(context);
  const json = await runCli(['attack', 'no-data', 'honest', '--rounds', '3', '--json'], { home });
  assert.equal(json.code, 0, json.stderr);
  const lines = json.stdout.trim().split('\n');
  assert.equal(lines.length, 1);
  const { ok, strategies } = JSON.parse(lines[0]!);
  assert.equal(ok, true);
  assert.deepEqual(
    strategies.map(({ name, rounds, passed, expected, verdict }: Record<string, unknown>) => [
      name,
      rounds,
      passed,
      expected,
      verdict,
    ]),
    [
      ['no-data', 3, 0, 0, 'held'],
      ['honest', 3, 3, 1, 'held'],
    ],
  );
  assert.match(json.stderr, /No cheat paid/);

  const table = await runCli(['attack', 'no-data', '--rounds', '2'], { home });
  assert.equal(table.code, 0);
  assert.ok(table.stdout.split('\n').every((line) => line.length <= 80));
  assert.match(table.stdout, /no-data +2 +0 +never/);

  const unknown = await runCli(['attack', 'no-dta'], { home });
  assert.equal(unknown.code, 2);
  assert.match(unknown.stderr, /did you mean 'no-data'/);
  assert.equal((await runCli(['attack', '--rounds', '0'], { home })).code, 2);
});
