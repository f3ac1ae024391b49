// What `npm pack` would publish: scripts/packed-files.mjs says what belongs there. `npm run test:long` installs and runs it.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = new URL('../../', import.meta.url);

interface Packed {
  readonly files: readonly string[];
  readonly faults: readonly string[];
  readonly size: number;
}

test('the package holds the compiled program, both cores, types and source maps, and nothing else', () => {
  const script = fileURLToPath(new URL('scripts/packed-files.mjs', root));
  const { stdout } = spawnSync(process.execPath, [script], { encoding: 'utf8', maxBuffer: 1 << 24 });
  const { files, faults, size } = JSON.parse(stdout) as Packed;
  assert.deepEqual(faults, []);
  assert.ok(files.length > 300 && size > 300_000, 'something was packed');
});

test('the rule can fail', async () => {
  const { faultsOf } = (await import(new URL('scripts/packed-files.mjs', root).href)) as {
    faultsOf(pack: unknown): string[];
  };
  const paths = ['dist/src/index.js', 'dist/test/a.test.js', 'src/index.ts', '.env', 'dist/src/server.pem'];
  const faults = faultsOf({ files: paths.map((path) => ({ path })), size: 9e9, unpackedSize: 1 });
  for (const path of paths.slice(1)) assert.ok(faults.includes(`${path} does not belong there`), path);
  assert.ok(faults.some((fault) => fault.includes('core-simd.wasm is missing')));
  assert.ok(faults.some((fault) => fault.includes('bytes packed')));
});

test('what package.json points at is there', () => {
  const manifest = JSON.parse(readFileSync(new URL('package.json', root), 'utf8')) as {
    bin: Record<string, string>;
    main: string;
    types: string;
    exports: { '.': Record<string, string> };
  };
  const targets = [...Object.values(manifest.bin), manifest.main, manifest.types];
  for (const path of [...targets, ...Object.values(manifest.exports['.'])])
    assert.ok(existsSync(new URL(path, root)), path);
});
