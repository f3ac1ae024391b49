// Bundles the browser half: src/browser/page into dist/browser, with both WebAssembly cores beside it. An API node serves
// that folder as it is. Prints what it weighs; a test holds the sum below its budget (test/browser/bundle.test.ts).
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const source = join(root, 'src/browser');
const target = join(root, 'dist/browser');

rmSync(target, { recursive: true, force: true });
mkdirSync(target, { recursive: true });
await build({
  entryPoints: { page: join(source, 'page/page.ts'), worker: join(source, 'worker/worker.ts') },
  outdir: target,
  bundle: true,
  format: 'esm',
  // No polyfills: what only Node has does not resolve, and the build fails.
  platform: 'browser',
  target: 'es2022',
  minify: true,
  sourcemap: true,
  legalComments: 'eof',
  logLevel: 'warning',
});
for (const name of readdirSync(join(source, 'page')))
  if (/\.(html|css|svg)$/.test(name)) copyFileSync(join(source, 'page', name), join(target, name));
for (const build of ['fma', 'simd'])
  copyFileSync(join(root, `dist/assembly/core-${build}.wasm`), join(target, `core-${build}.wasm`));

let raw = 0;
let compressed = 0;
for (const name of readdirSync(target)) {
  if (name.endsWith('.map')) continue;
  raw += statSync(join(target, name)).size;
  compressed += gzipSync(readFileSync(join(target, name)), { level: 9 }).length;
}
console.log(
  `browser bundle: ${(compressed / 1024).toFixed(1)} KB compressed (${(raw / 1024).toFixed(1)} KB), both cores in it`,
);
