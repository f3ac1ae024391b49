// What `npm pack` would put into the package, and whether that is what belongs there: the compiled program with its types,
// source maps and both proof cores; no sources, no tests, no bench, nothing that looks like a secret, and not too much of it.
// Run as a program it prints one line of JSON and ends with 1 when something is wrong.
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const root = fileURLToPath(new URL('..', import.meta.url));

/** The package has about 0.9 MB, 3.5 MB unpacked; twice that means that something else has got in. */
const sizeMax = 1_800_000;
const unpackedSizeMax = 8_000_000;

const needed = [
  'package.json',
  'README.md',
  'CHANGELOG.md',
  'LICENSE',
  'TERMS.md',
  'dist/src/index.js',
  'dist/src/index.d.ts',
  'dist/src/index.js.map',
  'dist/src/cli/main.js',
  'dist/src/adapters/proving/worker.js',
  'dist/src/page/tokens.css',
  'dist/assembly/core-fma.wasm',
  'dist/assembly/core-fma.wasm.map',
  'dist/assembly/core-simd.wasm',
  'dist/assembly/core-simd.wasm.map',
];

const allowed =
  /^(package\.json|README\.md|CHANGELOG\.md|LICENSE|TERMS\.md|dist\/src\/.+\.(js|d\.ts|js\.map)|dist\/src\/page\/.+\.(css|svg)|dist\/assembly\/core-(fma|simd)\.wasm(\.map)?)$/u;
const unwanted =
  /(^|\/)(test|tests|bench)\/|\.test\.|(^|\/)\.|\.(pem|key|env|npmrc)$|(id_rsa|coldkey|hotkey)$/u;

/** @param pack one entry of what `npm pack --json` prints */
export function faultsOf(pack) {
  const paths = pack.files.map(({ path }) => path);
  return [
    ...needed.filter((path) => !paths.includes(path)).map((path) => `${path} is missing`),
    ...paths.filter((path) => !allowed.test(path)).map((path) => `${path} does not belong there`),
    ...paths.filter((path) => allowed.test(path) && unwanted.test(path)).map((path) => `${path} looks wrong`),
    ...paths
      .filter((path) => /^dist\/src\/.*(?<!\.d)\.js$/u.test(path))
      .flatMap((path) => [`${path}.map`, path.replace(/\.js$/u, '.d.ts')])
      .filter((path) => !paths.includes(path))
      .map((path) => `${path} is missing`),
    ...(pack.size > sizeMax ? [`${pack.size} bytes packed, at most ${sizeMax}`] : []),
    ...(pack.unpackedSize > unpackedSizeMax
      ? [`${pack.unpackedSize} bytes, at most ${unpackedSizeMax}`]
      : []),
  ];
}

/** Packs what is built, without building: into a folder, or nowhere. */
export async function pack(folder) {
  const into = folder === undefined ? ['--dry-run'] : ['--pack-destination', folder];
  const { stdout } = await promisify(execFile)('npm', ['pack', '--json', '--ignore-scripts', ...into], {
    cwd: root,
    maxBuffer: 64 * 1024 * 1024,
  });
  return JSON.parse(stdout)[0];
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const packed = await pack();
  const faults = faultsOf(packed);
  console.log(JSON.stringify({ ...packed, files: packed.files.map(({ path }) => path), faults }));
  process.exitCode = faults.length === 0 ? 0 : 1;
}
