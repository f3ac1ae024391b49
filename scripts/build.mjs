// Builds dist/: both WebAssembly cores from assembly/, the TypeScript of src/, bench/ and test/, the style sheets and
// pictures of the pages beside their scripts, and the bundle of the API node's page. A part whose sources are not newer
// than its output is left alone, so `npm run demo` starts fast.
import { spawn } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const bin = (name) => join(root, 'node_modules', '.bin', name);

const newestIn = (paths) => {
  let newest = 0;
  for (const path of paths) {
    const full = join(root, path);
    if (!existsSync(full)) continue;
    const stat = statSync(full);
    if (stat.isDirectory()) {
      for (const name of readdirSync(full)) newest = Math.max(newest, newestIn([join(path, name)]));
    } else newest = Math.max(newest, stat.mtimeMs);
  }
  return newest;
};

const run = (command, args) =>
  new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] });
    child.on('error', reject);
    child.on('exit', (code) =>
      code === 0 ? resolve() : reject(new Error(`${command} ended with code ${code}`)),
    );
  });

const isFresh = (output, sources) =>
  existsSync(join(root, output)) &&
  statSync(join(root, output)).mtimeMs > newestIn([...sources, 'package-lock.json']);

const jobs = [];
for (const target of ['fma', 'simd']) {
  if (isFresh(`dist/assembly/core-${target}.wasm`, ['assembly', 'asconfig.json'])) continue;
  jobs.push(run(bin('asc'), ['--config', 'asconfig.json', '--target', target]));
}
const stamp = 'dist/.tsbuildinfo';
if (!isFresh(stamp, ['src', 'bench', 'test', 'tsconfig.json'])) {
  for (const stale of ['dist/src', 'dist/bench', 'dist/test', stamp])
    rmSync(join(root, stale), { recursive: true, force: true });
  jobs.push(run(bin('tsc'), ['-p', 'tsconfig.json', '--incremental', '--tsBuildInfoFile', stamp]));
}
const results = await Promise.allSettled(jobs);
const failed = results.filter((result) => result.status === 'rejected');
for (const { reason } of failed) console.error(reason.message);
// tsc writes its stamp also after errors: without it the next build would take the broken output for fresh.
if (failed.length > 0) rmSync(join(root, stamp), { force: true });
// After tsc, whose stale output is removed as a whole.
const assets = readdirSync(join(root, 'src', 'page'), { recursive: true, encoding: 'utf8' });
for (const asset of assets.filter((name) => /\.(css|svg)$/u.test(name))) {
  const built = join(root, 'dist', 'src', 'page', asset);
  mkdirSync(dirname(built), { recursive: true });
  copyFileSync(join(root, 'src', 'page', asset), built);
}
if (failed.length === 0 && !isFresh('dist/app/worker.js', ['src', 'assembly', 'scripts/bundle-app.mjs'])) {
  // Last, since the cores are part of it.
  await import('./bundle-app.mjs');
}
process.exitCode = failed.length > 0 ? 1 : 0;
