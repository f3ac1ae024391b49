// Bundles the page of an API node, src/page/app, into dist/app, with both WebAssembly cores beside it. The node serves
// that folder as it is. Prints what it weighs; a test holds the sum below its budget (test/page/app/bundle.test.ts).
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const source = join(root, 'src/page/app');
const target = join(root, 'dist/app');

rmSync(target, { recursive: true, force: true });
mkdirSync(target, { recursive: true });
await build({
  entryPoints: {
    page: join(source, 'page.ts'),
    worker: join(source, 'worker/worker.ts'),
    style: join(source, 'page.css'),
  },
  outdir: target,
  bundle: true,
  format: 'esm',
  // No polyfills: what only Node has does not resolve, and the build fails.
  platform: 'browser',
  target: 'es2022',
  minify: true,
  legalComments: 'eof',
  logLevel: 'warning',
});
copyFileSync(join(source, 'index.html'), join(target, 'index.html'));
copyFileSync(join(root, 'src/page/mark.svg'), join(target, 'mark.svg'));
for (const core of ['fma', 'simd'])
  copyFileSync(join(root, `dist/assembly/core-${core}.wasm`), join(target, `core-${core}.wasm`));

let raw = 0;
let compressed = 0;
for (const name of readdirSync(target)) {
  raw += statSync(join(target, name)).size;
  compressed += gzipSync(readFileSync(join(target, name)), { level: 9 }).length;
}
const kilobytes = (bytes) => (bytes / 1000).toFixed(1);
console.log(
  `dist/app: ${kilobytes(compressed)} KB compressed with both cores (${kilobytes(raw)} KB as it is)`,
);
