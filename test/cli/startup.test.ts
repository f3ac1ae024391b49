import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { buildProgram } from '../../src/cli/program.js';

/** Packages that the static imports of a compiled file reach. */
function packagesReached(
  url: URL,
  seen: Set<string> = new Set(),
  packages: Set<string> = new Set(),
): Set<string> {
  if (seen.has(url.href)) return packages;
  seen.add(url.href);
  const code = readFileSync(fileURLToPath(url), 'utf8');
  const statement = /^(?:import|export)\s(?:[\w$*{},\s]*\sfrom\s)?['"]([^'"]+)['"]/gmu;
  for (const [, specifier] of code.matchAll(statement)) {
    if (specifier!.startsWith('.')) packagesReached(new URL(specifier!, url), seen, packages);
    else if (!specifier!.startsWith('node:')) packages.add(specifier!);
  }
  return packages;
}

const cli = new URL('../../src/cli/', import.meta.url);

test('a command line loads commander and no other package', () => {
  const files = readdirSync(new URL('commands/', cli)).filter((name) => name.endsWith('.js'));
  assert.ok(files.length > 20);
  for (const file of ['main.js', ...files.map((name) => `commands/${name}`)]) {
    const packages = packagesReached(new URL(file, cli));
    assert.deepEqual(
      [...packages].filter((name) => name !== 'commander'),
      [],
      file,
    );
  }
  const used = packagesReached(new URL('../adapters/observe/metrics.js', cli));
  assert.ok(used.has('prom-client'), 'the reader of imports sees them');
});

test('of the commands, only the file of the one asked for is loaded', async () => {
  const whole = await buildProgram();
  assert.ok(whole.commands.length > 20);
  for (const command of whole.commands) {
    if (command.name() === 'completion') continue; // it needs them all
    for (const word of [command.name(), ...command.aliases()]) {
      const names = (await buildProgram(word)).commands.map((one) => one.name());
      assert.ok(names.includes(command.name()) && names.length < 5, `${word}: ${names}`);
    }
  }
  assert.equal((await buildProgram('rnu')).commands.length, whole.commands.length);
  assert.equal((await buildProgram('completion')).commands.length, whole.commands.length);
  const seen = new Set<string>();
  packagesReached(new URL('main.js', cli), seen);
  assert.ok(seen.has(new URL('program.js', cli).href));
  assert.deepEqual(
    [...seen].filter((url) => url.includes('/commands/')),
    [],
  );
});
