// Makes a release: `npm run release -- --dry-run` checks everything and changes nothing; without --dry-run it also runs the tests,
// tags the commit and publishes the very tarball that was checked. Steps, each of which ends the release when it fails:
//   1. nothing is uncommitted, and the version has no tag yet
//   2. the version of package.json is the one CHANGELOG.md begins with, with a date
//   3. the tests of .ci/run (named only in a dry run)
//   4. build and pack; the list of files is what it should be
//   5. the tarball, installed in an empty folder without install scripts, runs: `filetao --version` and a small demo
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { faultsOf, pack } from './packed-files.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const tests = ['npm test', 'npm run test:long', 'npm run test:chain'];

const known = ['--dry-run', '--help'];
const args = process.argv.slice(2);
const strange = args.filter((arg) => !known.includes(arg));
if (strange.length > 0 || args.includes('--help')) {
  console.error(
    `usage: npm run release -- [--dry-run]${strange.length > 0 ? `\nunknown: ${strange.join(' ')}` : ''}`,
  );
  process.exit(strange.length > 0 ? 2 : 0);
}
const isDry = args.includes('--dry-run');

class Refusal extends Error {}

const run = (command, parameters, options = {}) =>
  execFileSync(command, parameters, {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
    ...options,
  });
const done = (text) => console.log(`✓ ${text}`);

function checkTree(version) {
  const changed = run('git', ['status', '--porcelain']).trim();
  if (changed !== '')
    throw new Refusal(`there are uncommitted changes: commit or stash them first\n${changed}`);
  const tag = `v${version}`;
  if (run('git', ['tag', '--list', tag]).trim() !== '')
    throw new Refusal(`the tag ${tag} exists: raise the version in package.json and CHANGELOG.md`);
  done(`the tree is clean at ${run('git', ['rev-parse', '--short', 'HEAD']).trim()}, ${tag} is free`);
}

function checkChangelog(version) {
  const heading = /^## (\d+\.\d+\.\d+\S*)(?: \((\d{4}-\d{2}-\d{2})\))?$/mu.exec(
    readFileSync(join(root, 'CHANGELOG.md'), 'utf8'),
  );
  if (heading?.[1] !== version)
    throw new Refusal(
      `package.json says ${version}, CHANGELOG.md begins with ${heading?.[1] ?? 'no version'}`,
    );
  if (heading[2] === undefined && !isDry)
    throw new Refusal(`CHANGELOG.md: give ${version} its date, (YYYY-MM-DD)`);
  done(`CHANGELOG.md begins with ${version}${heading[2] === undefined ? ' (its date is missing yet)' : ''}`);
}

function runTests() {
  if (isDry) {
    console.log(`· a release runs: ${tests.join(', ')}`);
    return;
  }
  for (const test of tests) {
    execFileSync('sh', ['-c', test], { cwd: root, stdio: 'inherit' });
    done(test);
  }
}

async function packInto(folder) {
  run('npm', ['run', '--silent', 'build']);
  const packed = await pack(folder);
  const faults = faultsOf(packed);
  if (faults.length > 0) throw new Refusal(`the package is not what it should be:\n${faults.join('\n')}`);
  done(`${packed.filename}: ${packed.files.length} files, ${(packed.size / 1e6).toFixed(2)} MB`);
  return join(folder, packed.filename);
}

function tryTarball(tarball, folder, version) {
  writeFileSync(join(folder, 'package.json'), '{"private":true}');
  const env = { PATH: process.env.PATH, HOME: folder };
  for (const name of [
    'npm_config_registry',
    'npm_config_userconfig',
    'npm_config_cafile',
    'NODE_EXTRA_CA_CERTS',
  ])
    if (process.env[name]) env[name] = process.env[name];
  run('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', tarball], {
    cwd: folder,
    env: {
      ...env,
      npm_config_userconfig: env.npm_config_userconfig ?? join(process.env.HOME ?? folder, '.npmrc'),
    },
  });
  const filetao = (...parameters) =>
    run('npx', ['--no-install', 'filetao', ...parameters], { cwd: folder, env });
  const said = filetao('--version').trim();
  if (said !== version) throw new Refusal(`the installed package says version ${said}`);
  const demo = JSON.parse(filetao('demo', '--json', '--size', '1MiB', '--miners', '3', '--rounds', '1'));
  if (demo.ok !== true) throw new Refusal('the demo of the installed package did not hold');
  if (!existsSync(join(folder, 'node_modules/filetao/dist/src/index.d.ts')))
    throw new Refusal('there are no types');
  done('installed in an empty folder, it says its version and its demo holds');
}

const folder = mkdtempSync(join(tmpdir(), 'filetao-release-'));
try {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  checkTree(version);
  checkChangelog(version);
  runTests();
  const tarball = await packInto(folder);
  tryTarball(tarball, mkdtempSync(join(folder, 'installed-')), version);
  if (isDry) console.log(`a release would now tag v${version} and publish ${version}`);
  else {
    run('git', ['tag', '--annotate', `v${version}`, '--message', `FileTAO ${version}`]);
    execFileSync('npm', ['publish', tarball], { cwd: root, stdio: 'inherit' });
    done(`published ${version}; push the tag: git push origin v${version}`);
  }
} catch (error) {
  console.error(`✗ ${error instanceof Refusal ? error.message : error.stderr || error.message}`);
  process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
