import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

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

test('starting the command line loads commander and no other package', () => {
  const packages = packagesReached(new URL('../../src/cli/main.js', import.meta.url));
  assert.deepEqual([...packages], ['commander']);
  const used = packagesReached(new URL('../../src/adapters/observe/metrics.js', import.meta.url));
  assert.ok(used.has('prom-client'), 'the reader of imports sees them');
});
