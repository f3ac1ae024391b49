// The rules of the house (docs: architecture), read from the code's own imports. A folder may import what stands
// before it in its list, never what stands after it.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { dirname, join, normalize } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

// compiled, this file stands in dist/test
const root = fileURLToPath(new URL('../..', import.meta.url));

/** From the ground up. Folders in one inner list are neighbours: they do not import each other. */
const order = {
  '': [
    ['domain'],
    ['adapters'],
    // nodes and the client speak over the wire only
    ['nodes', 'client'],
    // the client's half that needs no Node: a library for browsers
    ['browser'],
    // what runs in a browser; nodes serve its files and import none of them
    ['page'],
    ['tools'],
    ['cli'],
    // the package's public face
    ['index.ts'],
  ],
  domain: [
    ['model'],
    ['ports'],
    ['core'],
    ['identity'],
    ['content'],
    ['economy'],
    ['protocol'],
    ['audit'],
    // what people are shown
    ['view'],
  ],
  adapters: [
    ['system'],
    ['observe'],
    ['config'],
    ['cipher'],
    ['wallets'],
    ['chain'],
    ['index'],
    ['replicas'],
    ['proving'],
    ['rpc'],
  ],
  nodes: [
    ['byte-gate.ts'],
    [
      'running-node.ts',
      'chain-view.ts',
      'byte-gate.ts',
      'piece-buffers.ts',
      'announcing.ts',
      'joining.ts',
      'status.ts',
      'census.ts',
      'object-status.ts',
    ],
    ['piece-buffers.ts'],
    ['dashboard'],
    ['miner', 'validator'],
    ['api'],
    ['launch.ts'],
  ],
} as const satisfies Record<string, readonly (readonly string[])[]>;

const filesBelow = (folder: string): string[] =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .map((path) => join(folder, path))
    .filter((path) => /\.(ts|mjs)$/.test(path) && !path.endsWith('.d.ts'));

const textOf = (path: string): string => readFileSync(join(root, path), 'utf8');

/** The code alone: comments and the contents of strings could look like it. */
const withoutComments = (text: string): string =>
  text.replaceAll(/\/\*[\s\S]*?\*\//g, '').replaceAll(/^\s*\/\/.*$/gm, '');

interface Import {
  readonly from: string;
  /** What is written: a package, or a path below the root. */
  readonly to: string;
}

const importPattern = /(?:\bfrom\s*|\bimport\s*\(\s*|^\s*import\s+)['"]([^'"]+)['"]/gm;

const importsOf = (path: string): Import[] =>
  [...withoutComments(textOf(path)).matchAll(importPattern)].map(([, written]) => ({
    from: path,
    to: written!.startsWith('.')
      ? normalize(join(dirname(path), written!)).replace(/\.js$/, '.ts')
      : written!,
  }));

const sources = filesBelow('src');
const imports = sources.flatMap(importsOf);

/** `src/domain/model/bytes.ts` below `domain` is `model`. */
const childOf = (path: string, folder: string): string | null => {
  const prefix = folder === '' ? 'src/' : `src/${folder}/`;
  return path.startsWith(prefix) ? path.slice(prefix.length).split('/')[0]! : null;
};

/** Imports of `folder`'s children that go up, or sideways between neighbours. */
function wrongWay(folder: keyof typeof order, list: readonly Import[]): string[] {
  const levels: readonly (readonly string[])[] = order[folder];
  const levelOf = (child: string) => levels.findIndex((level) => level.includes(child));
  return list.flatMap(({ from, to }) => {
    const [child, target] = [childOf(from, folder), childOf(to, folder)];
    if (child === null || target === null || child === target) return [];
    const unknown = [child, target].filter((name) => levelOf(name) < 0);
    if (unknown.length > 0) return [`${unknown.join(' and ')} has no place below ${folder || 'src'}`];
    return levelOf(target) < levelOf(child) ? [] : [`${from} imports ${to}`];
  });
}

test('imports are read', () => {
  assert.ok(sources.length > 100 && imports.length > 500);
  assert.ok(imports.some(({ from, to }) => from === 'src/index.ts' || to === 'src/domain/model/bytes.ts'));
});

for (const folder of Object.keys(order) as (keyof typeof order)[]) {
  test(`below ${folder || 'src'}, imports point downward`, () => {
    assert.deepEqual([...new Set(wrongWay(folder, imports))], []);
    // every folder has its place, also one that imports nothing
    const children = new Set(sources.map((path) => childOf(path, folder)).filter((name) => name !== null));
    const places: readonly string[] = order[folder].flat();
    assert.deepEqual(
      [...children].filter((name) => !places.includes(name)),
      [],
    );
  });
}

test('the rule can fail', () => {
  const up = { from: 'src/domain/model/a.ts', to: 'src/domain/audit/b.ts' };
  const sideways = { from: 'src/nodes/miner/a.ts', to: 'src/nodes/validator/b.ts' };
  const unknown = { from: 'src/domain/model/a.ts', to: 'src/domain/odds/b.ts' };
  assert.equal(wrongWay('domain', [up, unknown]).length, 2);
  assert.equal(wrongWay('nodes', [sideways]).length, 1);
  assert.equal(wrongWay('', [{ from: 'src/domain/a.ts', to: 'src/adapters/b.ts' }]).length, 1);
});

test('relative imports name files that exist', () => {
  const known = new Set(sources);
  const missing = imports.filter(({ to }) => to.startsWith('src') && !known.has(to));
  assert.deepEqual(missing, []);
  const outside = imports.filter(({ to }) => to.startsWith('..') || /^(test|bench|scripts)\//.test(to));
  assert.deepEqual(outside, []);
});

test('there are no circles', () => {
  const targets = new Map(sources.map((path) => [path, [] as string[]]));
  for (const { from, to } of imports) if (targets.has(to)) targets.get(from)!.push(to);
  const done = new Set<string>();
  const visit = (path: string, trail: readonly string[]): void => {
    if (done.has(path)) return;
    const at = trail.indexOf(path);
    if (at >= 0) assert.fail(`a circle: ${[...trail.slice(at), path].join(' → ')}`);
    for (const next of targets.get(path)!) visit(next, [...trail, path]);
    done.add(path);
  };
  for (const path of sources) visit(path, []);
});

const domain = sources.filter((path) => path.startsWith('src/domain/'));

test('the domain has no effects: no clock, randomness, files, sockets or process', () => {
  const builtins = new Set(builtinModules);
  const effects = imports.filter(
    ({ from, to }) => from.startsWith('src/domain/') && (to.startsWith('node:') || builtins.has(to)),
  );
  assert.deepEqual(effects, []);
  const forbidden =
    /\b(Date\.now|new Date\(|Math\.random|performance\.|process\.|crypto\.|setTimeout|setInterval|setImmediate|queueMicrotask|fetch\(|console\.|Buffer\b|globalThis|require\()/;
  const found = domain.flatMap((path) => {
    const match = forbidden.exec(withoutComments(textOf(path)));
    return match === null ? [] : [`${path}: ${match[0]}`];
  });
  assert.deepEqual(found, []);
});

test('the browser half reaches nothing of Node, however far its imports go', () => {
  const targets = new Map<string, Import[]>();
  for (const one of imports) targets.set(one.from, [...(targets.get(one.from) ?? []), one]);
  const reached = new Set<string>();
  const visit = (path: string): void => {
    if (reached.has(path)) return;
    reached.add(path);
    for (const { to } of targets.get(path) ?? []) if (to.startsWith('src/')) visit(to);
  };
  for (const path of sources) if (/^src\/(browser|page)\//.test(path)) visit(path);
  assert.ok(reached.has('src/client/put.ts') && reached.has('src/domain/audit/replay.ts'));
  const builtins = new Set(builtinModules);
  const foreign = [...reached].flatMap((path) => {
    const node = (targets.get(path) ?? []).filter(({ to }) => to.startsWith('node:') || builtins.has(to));
    const match = /\b(process\.|Buffer\b|require\(|setImmediate|NodeJS\.)/.exec(
      withoutComments(textOf(path)),
    );
    return [
      ...node.map(({ to }) => `${path} imports ${to}`),
      ...(match === null ? [] : [`${path}: ${match[0]}`]),
    ];
  });
  assert.deepEqual(foreign, []);
});

test('names say what is in a file', () => {
  const empty = /(^|[/.-])(utils?|helpers?|common|misc|stuff|shared|tools?)(?=[/.-]|$)/i;
  const paths = [...sources, ...filesBelow('test'), ...filesBelow('scripts')];
  const found = paths.filter((path) => empty.test(path.replace(/^(src|test)\/tools\//, '')));
  assert.deepEqual(found, []);
  const strange = paths.filter((path) => !/^[a-z0-9_./-]+$/.test(path));
  assert.deepEqual(strange, []);
});

test('each source file opens with what it is about', () => {
  const bare = [...sources, ...filesBelow('scripts')].filter((path) => {
    const text = textOf(path).replace(/^#!.*\n/, '');
    return !/^(\/\/ \S.{10}|\/\*\*?\s)/.test(text);
  });
  assert.deepEqual(bare, []);
});

test('no test is left out without a reason, and none runs alone', () => {
  const marks = /\b(?:test|it|describe|suite|context|t)\.(only|skip|todo)\(|\b(only|skip|todo): true/;
  const found = filesBelow('test')
    .filter((path) => path !== 'test/architecture.test.ts')
    .flatMap((path) => {
      const match = marks.exec(withoutComments(textOf(path)));
      return match === null ? [] : [`${path}: ${match[0]}`];
    });
  // t.skip(why), context.skip(why) and { skip: 'why' } carry their reason
  const unexplained = found.filter((line) => !/\b(t|context)\.skip\($/.test(line));
  assert.deepEqual(unexplained, []);
});
