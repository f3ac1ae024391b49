// The package as its users get it: packed, installed in an empty folder without install scripts (so without a compiler), run on
// this Node and on Node 24, imported by a TypeScript program, and by `npm run release -- --dry-run` on a clean clone.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { temporaryFolder } from '../adapters/temporary-folder.js';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
const npm = (cwd: string, ...args: string[]): string =>
  execFileSync('npm', args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });

const folder = mkdtempSync(join(tmpdir(), 'filetao-test-'));
after(() => rmSync(folder, { recursive: true, force: true }));
before(() => {
  const [packed] = JSON.parse(
    npm(root, 'pack', '--json', '--ignore-scripts', '--pack-destination', folder),
  ) as [{ filename: string }];
  writeFileSync(join(folder, 'package.json'), '{"private":true,"type":"module"}');
  npm(folder, 'install', '--ignore-scripts', '--no-audit', '--no-fund', join(folder, packed.filename));
});

/** Both bin names lead to the same file; Node 24 runs that file itself. */
function runsAll(node: string, home: string): void {
  const main = join(folder, 'node_modules/filetao/dist/src/cli/main.js');
  const env = { PATH: process.env.PATH ?? '', HOME: home };
  const run = (...args: string[]): string => {
    const ended = spawnSync(node, [main, ...args], { cwd: home, env, encoding: 'utf8' });
    assert.equal(ended.status, 0, ended.stderr);
    return ended.stdout;
  };
  assert.equal(run('--version').trim(), version);
  const demo = JSON.parse(run('demo', '--json', '--size', '1MiB', '--miners', '3', '--rounds', '1')) as {
    ok: boolean;
  };
  assert.equal(demo.ok, true);
}

test('npx filetao, on this Node', { timeout: 300_000 }, async (t) => {
  const home = await temporaryFolder(t);
  for (const name of ['filetao', 'ftcli'])
    assert.equal(npm(folder, 'exec', '--no', '--', name, '--version').trim(), version);
  runsAll(process.execPath, home);
});

test('on Node 24', { timeout: 600_000 }, async (t) => {
  const home = await temporaryFolder(t);
  const platform = `node-${process.platform}-${process.arch}`;
  const installed = spawnSync('npm', ['install', '--no-save', '--prefix', home, `${platform}@24`], {
    cwd: home,
  });
  const node = join(home, 'node_modules', platform, 'bin', 'node');
  if (installed.status !== 0 || !existsSync(node))
    return t.skip(`NOT TESTED: npm has no ${platform}@24 here`);
  assert.match(execFileSync(node, ['--version'], { encoding: 'utf8' }), /^v24\./);
  runsAll(node, home);
});

test('a TypeScript program finds the types, and source maps lead to the sources', async () => {
  const program = `import { FileTaoClient, type StoreResult, objectCid, FileTaoError } from 'filetao';
const client = new FileTaoClient({ url: 'http://127.0.0.1:1' } as ConstructorParameters<typeof FileTaoClient>[0]);
export const put = (data: Uint8Array): Promise<StoreResult> => client.put(data);
// @ts-expect-error a number is no CID
export const wrong = client.open(7);
export { FileTaoError, objectCid };
`;
  writeFileSync(join(folder, 'program.ts'), program);
  const flags = [
    '--noEmit',
    '--strict',
    '--target',
    'es2023',
    '--lib',
    'es2023,dom',
    '--types',
    'node',
    '--module',
    'nodenext',
  ];
  if (!existsSync(join(folder, 'node_modules/@types/node')))
    symlinkSync(join(root, 'node_modules/@types'), join(folder, 'node_modules/@types'));
  const checked = spawnSync(
    join(root, 'node_modules/.bin/tsc'),
    [...flags, '--skipLibCheck', 'false', 'program.ts'],
    {
      cwd: folder,
      encoding: 'utf8',
    },
  );
  assert.equal(checked.status, 0, checked.stdout);
  const map = JSON.parse(
    readFileSync(join(folder, 'node_modules/filetao/dist/src/client/client.js.map'), 'utf8'),
  ) as { sources: string[] };
  assert.deepEqual(map.sources, ['../../../src/client/client.ts']);
});

test('npm run release -- --dry-run, on a clean clone', { timeout: 900_000 }, async (t) => {
  const clone = join(await temporaryFolder(t), 'clone');
  execFileSync('git', ['clone', '--quiet', root, clone]);
  symlinkSync(join(root, 'node_modules'), join(clone, 'node_modules'));
  cpSync(join(root, 'dist'), join(clone, 'dist'), { recursive: true, preserveTimestamps: true });
  const release = (): { status: number | null; text: string } => {
    const { status, stdout, stderr } = spawnSync('npm', ['run', '--silent', 'release', '--', '--dry-run'], {
      cwd: clone,
      encoding: 'utf8',
    });
    return { status, text: stdout + stderr };
  };
  const good = release();
  assert.equal(good.status, 0, good.text);
  assert.match(good.text, new RegExp(`would now tag v${version.replaceAll('.', '\\.')}`));
  writeFileSync(join(clone, 'forgotten.txt'), 'x');
  const dirty = release();
  assert.equal(dirty.status, 1);
  assert.match(dirty.text, /uncommitted/);
  execFileSync('rm', [join(clone, 'forgotten.txt')]);
  execFileSync('git', ['tag', `v${version}`], { cwd: clone });
  assert.match(release().text, /the tag .* exists/);
});
