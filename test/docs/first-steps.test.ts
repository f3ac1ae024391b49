// Runs docs/first-steps.md as a newcomer would: each of its terminals is a bash of its own, and what the page says
// happens, happens. Only the two fixed default ports are moved, by environment, so that tests can run side by side.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { temporaryFolder } from '../adapters/temporary-folder.js';
import { openTerminal, terminalEnvironment } from './terminal.js';

const page = readFileSync(new URL('../../../docs/first-steps.md', import.meta.url), 'utf8');

/** The `sh` blocks under the heading of a terminal, in order. */
function blocksOf(terminal: number): string[] {
  const section = page.split(/^## /m).find((part) => part.startsWith(`Terminal ${terminal}:`));
  assert.ok(section, `the page has a terminal ${terminal}`);
  return [...section.matchAll(/^```sh\n(.*?)^```$/gms)].map((match) => match[1]!);
}

test('the commands of docs/first-steps.md do what the page says', { timeout: 240_000 }, async (t) => {
  const home = await temporaryFolder(t);
  const env = await terminalEnvironment(home);
  const [miners, nodes] = [1, 2].map((n) => openTerminal(t, blocksOf(n).join('\n'), home, env));
  await Promise.all([miners!.says('"ready":"miner"', 3), nodes!.says('"ready":', 2)]);

  const you = openTerminal(t, blocksOf(3).join('\n'), home, env);
  const ended = await you.ended;
  assert.equal(ended, 0, [you, nodes!, miners!].map((terminal) => terminal.output()).join('\n\n'));
  const said = you.output();
  assert.match(said, /^bafkrei[a-z2-7]{52}$/m, 'the CID');
  assert.match(said, /3 passed, 0 failed, 0 void/, nodes!.output());
  assert.match(`${said}${nodes!.output()}`, /caught, exit code 5|content-path/);
  assert.match(said, /the same, byte for byte/);
  assert.match(said, /numbers\.txt/);

  // Ctrl-C in the terminals of the nodes.
  for (const terminal of [miners!, nodes!]) {
    process.kill(-terminal.child.pid!, 'SIGINT');
    await terminal.ended;
    assert.doesNotMatch(terminal.output(), /\n\s+at /, 'no stack trace');
  }
});
