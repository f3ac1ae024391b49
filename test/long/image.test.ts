// The Dockerfile's steps, run as a script where there is no engine: every stage in a folder of its own, COPY from what .dockerignore
// lets through or from another stage, RUN in its working folder. What comes out starts a whole network. Users, base images
// and mounts are the engine's part and not tested here.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { DockerfileParser } from 'dockerfile-ast';
import { temporaryFolder } from '../adapters/temporary-folder.js';

const root = fileURLToPath(new URL('../../../', import.meta.url));

interface Stage {
  readonly folder: string;
  work: string;
}

test('the steps of the Dockerfile build a program that runs', { timeout: 1_200_000 }, async (t) => {
  const all = await temporaryFolder(t);
  const stages = new Map<string, Stage>();
  let stage: Stage | null = null;
  let start: string[] = [];
  const runs: string[] = [];
  for (const one of DockerfileParser.parse(
    readFileSync(join(root, 'Dockerfile'), 'utf8'),
  ).getInstructions()) {
    const text = one.getArgumentsContent() ?? '';
    const inStage = (path: string): string =>
      join(stage!.folder, path.startsWith('/') ? path : join(stage!.work, path));
    switch (one.getKeyword()) {
      case 'FROM': {
        const name = / AS (\w+)$/.exec(text)?.[1] ?? 'last';
        stage = { folder: join(all, name), work: '/' };
        mkdirSync(stage.folder);
        stages.set(name, stage);
        break;
      }
      case 'WORKDIR':
        stage!.work = text;
        mkdirSync(inStage('.'), { recursive: true });
        break;
      case 'COPY': {
        const from = /--from=(\w+)/.exec(one.toString())?.[1];
        const words = text.split(/\s+/).filter((word) => !word.startsWith('--'));
        const target = words.pop()!;
        for (const word of words) {
          const source = join(from === undefined ? root : stages.get(from)!.folder, word);
          const into = target.endsWith('/') || (words.length > 1 && !statSync(source).isDirectory());
          cpSync(source, into ? join(inStage(target), basename(source)) : inStage(target), {
            recursive: true,
          });
        }
        break;
      }
      case 'RUN':
        runs.push(text);
        // making the user's folder is the engine's part: it needs root and that user
        if (text.startsWith('install -d -o node ')) break;
        execFileSync('sh', ['-ec', text], { cwd: inStage('.'), stdio: ['ignore', 'ignore', 'pipe'] });
        break;
      case 'ENTRYPOINT':
        start = JSON.parse(text) as string[];
        break;
    }
  }
  assert.deepEqual(runs.slice(0, 3), ['npm ci', 'npm run build', 'npm ci --omit=dev']);
  const image = stages.get('last')!.folder;
  for (const name of ['typescript', 'assemblyscript', '@biomejs/biome'])
    assert.ok(!existsSync(join(image, 'app/node_modules', name)), `${name} is not in the image`);
  const [, main] = start;
  const home = await temporaryFolder(t);
  const run = (...args: string[]) =>
    spawnSync(process.execPath, [join(image, main!), ...args], {
      cwd: home,
      env: { PATH: process.env.PATH ?? '', HOME: home, NODE_ENV: 'production' },
      encoding: 'utf8',
    });
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
  assert.equal(run('--version').stdout.trim(), version);
  const demo = run('demo', '--json', '--size', '1MiB', '--miners', '3', '--rounds', '1');
  assert.equal(demo.status, 0, demo.stderr);
  assert.equal((JSON.parse(demo.stdout) as { ok: boolean }).ok, true);
  const bytes = Number(execFileSync('du', ['-sb', join(image, 'app')], { encoding: 'utf8' }).split('\t')[0]);
  t.diagnostic(`what the image adds to its base: ${Math.round(bytes / 1e6)} MB`);
  assert.ok(bytes < 250e6);
});
